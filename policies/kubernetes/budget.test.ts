import { describe, expect, it } from "vitest";
import { budgetFault, NOTHING_GOES } from "./budget.ts";
import { Field } from "./field.ts";

const fault = (key: "maxUnavailable" | "minAvailable", value: unknown, pods?: number) =>
  budgetFault(key, Field.of(value), pods);
const NOTHING_HELD = "lets all its pods go at once";

// The numbers are those that a control plane shows in a budget's status.
describe("the amount of a budget", () => {
  it.each([
    ["maxUnavailable", 1, undefined],
    ["maxUnavailable", "50%", undefined],
    ["maxUnavailable", "1%", 2],
    ["minAvailable", 1, 2],
    ["minAvailable", "50%", 2],
    ["minAvailable", "99%", undefined],
    ["minAvailable", 5, 6],
  ] as const)("may be %s: %j, of %j pods", (key, value, pods) => {
    expect(fault(key, value, pods)).toBeUndefined();
  });

  it.each([
    ["maxUnavailable", "100%", undefined],
    ["maxUnavailable", "150%", undefined],
    ["maxUnavailable", 2, 2],
    ["maxUnavailable", "90%", 2],
    ["minAvailable", 0, undefined],
    ["minAvailable", "0%", undefined],
  ] as const)("holds nothing back as %s: %j, of %j pods", (key, value, pods) => {
    expect(fault(key, value, pods)).toBe(NOTHING_HELD);
  });

  it.each([
    ["maxUnavailable", 0, undefined],
    ["maxUnavailable", "0%", undefined],
    ["minAvailable", "100%", undefined],
    ["minAvailable", 2, 2],
    ["minAvailable", "60%", 2],
  ] as const)("lets nothing go as %s: %j, of %j pods", (key, value, pods) => {
    expect(fault(key, value, pods)).toBe(NOTHING_GOES);
  });

  it("is not compared with a single pod, which no budget can both hold and let go", () => {
    expect(fault("maxUnavailable", 1, 1)).toBeUndefined();
    expect(fault("minAvailable", 1, 1)).toBeUndefined();
  });

  it.each(["1", "x%", "1.5%", "", true, null, {}])("is none as %j", (value) => {
    expect(fault("maxUnavailable", value)).toMatch(/neither a number of pods nor a percentage/);
  });
});
