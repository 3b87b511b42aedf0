import { describe, expect, it } from "vitest";
import type { DiffResult } from "./provider.ts";
import { decideStep, type StepFacts } from "./steps.ts";

const NO_DIFF: DiffResult = {
  changes: "none",
  replaces: [],
  deleteBeforeReplace: false,
  stables: [],
  changed: [],
};
const FACTS: StepFacts = {
  diff: NO_DIFF,
  replaceOnChanges: [],
  deleteBeforeReplace: undefined,
  unfinished: false,
  pendingReplacement: false,
  providerReplaced: false,
};
const changed = (fields: Partial<DiffResult>): DiffResult => ({ ...NO_DIFF, changes: "some", ...fields });

describe("the step that a resource needs", () => {
  it.each<[string, Partial<StepFacts>, string]>([
    ["nothing changed", {}, "same"],
    ["something changed", { diff: changed({}) }, "update"],
    ["it was not ready", { unfinished: true }, "update"],
    ["something immutable changed", { diff: changed({ replaces: ["name"] }) }, "replace"],
    [
      "something immutable changed and two can't exist at once",
      { diff: changed({ replaces: ["name"], deleteBeforeReplace: true }) },
      "delete-replace",
    ],
    [
      "the program wants the new one first all the same",
      { diff: changed({ replaces: ["name"], deleteBeforeReplace: true }), deleteBeforeReplace: false },
      "replace",
    ],
    [
      "the program wants the old one gone first",
      { diff: changed({ replaces: ["name"] }), deleteBeforeReplace: true },
      "delete-replace",
    ],
    ["its provider manages another place now", { providerReplaced: true }, "replace"],
    ["it was deleted for its replacement", { pendingReplacement: true }, "replace"],
    [
      "the program wants a replacement on this change",
      { diff: changed({ changed: ["spec.image"] }), replaceOnChanges: ["spec"] },
      "replace",
    ],
    [
      "the program wants a replacement on another change",
      { diff: changed({ changed: ["spec.image"] }), replaceOnChanges: ["spec.name"] },
      "update",
    ],
  ])("when %s", (_, facts, step) => {
    expect(decideStep({ ...FACTS, ...facts })).toBe(step);
  });
});
