import { describe, expect, it } from "vitest";
import { nameProblem, parseStackReference, qualifiedName, stackReference } from "./names.ts";

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
    expect(() => stackReference("weft", name)).toThrow(message);
  });
});

describe("stack references", () => {
  it("reads the three forms that the CLI takes", () => {
    const expected = { project: "weft", stack: "dev" };
    expect(parseStackReference("dev", "weft")).toEqual(expected);
    expect(parseStackReference("organization/dev", "weft")).toEqual(expected);
    expect(parseStackReference("organization/weft/dev", "other")).toEqual(expected);
    expect(qualifiedName(expected)).toBe("organization/weft/dev");
  });

  it("rejects another organisation and more parts, and says what to write", () => {
    expect(() => parseStackReference("acme/weft/dev", "weft")).toThrow('"organization/<project>/dev"');
    expect(() => parseStackReference("a/b/c/d", "weft")).toThrow("is not a stack of a file backend");
  });
});
