import { describe, expect, it } from "vitest";
import { changesOf, plain } from "./changes.ts";

const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "[secret]" };
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("what a step of the Pulumi CLI changes", () => {
  it("is every leaf that differs, with Pulumi's own paths", () => {
    const old = { inputs: { a: 1, list: [1, 2], labels: { "app.kubernetes.io/name": "x" }, gone: true } };
    const now = { inputs: { a: 2, list: [1, 3, 4], labels: { "app.kubernetes.io/name": "y" }, later: unknown } };
    expect(changesOf({ old, new: now })).toEqual({
      a: { kind: "update", before: 1, after: 2 },
      "list[1]": { kind: "update", before: 2, after: 3 },
      "list[2]": { kind: "add", after: 4 },
      'labels["app.kubernetes.io/name"]': { kind: "update", before: "x", after: "y" },
      gone: { kind: "delete", before: true },
      later: { kind: "add", after: "[unknown]" },
    });
  });

  it("is also what only the provider sees: a secret that changed reads the same before and after", () => {
    const step = { old: { inputs: { data: secret, a: { b: 1 } } }, new: { inputs: { data: secret, a: { b: 2 } } } };
    const detailedDiff = {
      "data.password": { diffKind: "update" },
      a: { diffKind: "update-replace" },
      x: { diffKind: "add" },
    };
    expect(changesOf({ ...step, detailedDiff })).toEqual({
      "a.b": { kind: "update", before: 1, after: 2 },
      "data.password": { kind: "update" },
      x: { kind: "add" },
    });
  });

  it("is nothing for what is created or deleted", () => {
    expect(changesOf({ old: null, new: { inputs: { a: 1 } } })).toEqual({});
    expect(changesOf({ old: { inputs: { a: 1 } }, new: null })).toEqual({});
  });

  it("shows words in place of Pulumi's marks, however deep", () => {
    expect(plain({ a: [secret, { b: unknown }] })).toEqual({ a: ["[secret]", { b: "[unknown]" }] });
  });
});
