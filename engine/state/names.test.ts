import { describe, expect, it } from "vitest";
import { nameProblem, qualifiedName } from "./names.ts";

describe("stack and project names", () => {
  it("allows what Pulumi allows", () => {
    for (const name of ["local", "a", "eu-west_1.b", "0", "x".repeat(100)])
      expect(nameProblem("stack", name)).toBeUndefined();
  });

  it.each([
    ["", "a stack name must not be empty"],
    ["x".repeat(101), "has 101 characters; at most 100"],
    ["pro d", 'contains " "'],
    ["größe", 'contains "ö"'],
    ["a/b", 'contains "/"'],
    ["..", "is a folder"],
  ])("rejects %j", (name, message) => {
    expect(nameProblem("stack", name)).toContain(message);
  });
});

describe("a stack reference", () => {
  it("is written as checkpoints and lock paths have it", () => {
    expect(qualifiedName({ project: "weft", stack: "dev" })).toBe("organization/weft/dev");
  });
});
