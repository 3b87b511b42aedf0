import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProjectError, parseYaml, plainScalar } from "./yaml-file.ts";

const read = (text: string) => parseYaml(text, "f.yaml").value;

describe("unquoted scalars", () => {
  // The other half of the proof is the recorded stack file in stack-config.test.ts, which the official CLI has read.
  it.each([
    ["", null],
    ["~", null],
    ["Null", null],
    ["True", true],
    ["yes", "yes"],
    ["0x10", 16],
    ["0123", 83],
    ["0o17", 15],
    ["0b11", 3],
    ["08", 8],
    ["1_000", 1000],
    ["-5", -5],
    ["1.", 1],
    [".5", 0.5],
    ["1e3", 1000],
    ["12345678901234567890", 12345678901234567890n],
    ["-9223372036854775809", -(2 ** 63)],
    [".inf", Number.POSITIVE_INFINITY],
    ["-.Inf", Number.NEGATIVE_INFINITY],
    ["1.2.3", "1.2.3"],
    ["-", "-"],
    ["...x", "...x"],
    ["0x", "0x"],
    ["12ab", "12ab"],
  ])("%s is read as Pulumi reads it", (text, value) => {
    expect(plainScalar(text)).toEqual(value);
  });

  it("are text in quotes, whatever they look like", () => {
    expect(read(`a: "1"\nb: 'true'\nc: |\n  null\nd: !!str 7\n`)).toEqual({
      a: "1",
      b: "true",
      c: "null\n",
      d: "7",
    });
  });

  it("never make the parser fail", () => {
    fc.assert(fc.property(fc.string(), (text) => void plainScalar(text)));
  });
});

describe("YAML files", () => {
  it("are read with their lists, maps, comments and aliases", () => {
    expect(read("a: &x {k: [1, {z: ~}]} # why\nb: *x\n")).toEqual({
      a: { k: [1, { z: null }] },
      b: { k: [1, { z: null }] },
    });
    expect(read('{"a": [1, 2.5, null, "x"]}')).toEqual({ a: [1, 2.5, null, "x"] });
    expect(read("\ufeffa: 1\n")).toEqual({ a: 1 });
    expect(read("# nothing\n")).toBeNull();
  });

  it("know where a value came from, or what would hold it", () => {
    const file = parseYaml("a:\n  b:\n    - x\n    - y\n", "f.yaml");
    expect(file.problem(["a", "b", 1], "m")).toBe("f.yaml:4:7: m");
    expect(file.problem(["a", "c"], "m")).toBe("f.yaml:2:3: m");
    expect(file.problem(["z"], "m")).toBe("f.yaml:1:1: m");
  });

  it.each([
    ["a: 1\n\tb: 2\n", /^f\.yaml:2:\d+: .*[Tt]ab/],
    ["a: 1\na: 2\n", /^f\.yaml:2:1: .*unique/],
    ["a: [1\n", /^f\.yaml:\d+:\d+: /],
    ["a: 1\n---\nb: 2\n", /multiple documents/],
    ["1: a\n", /^f\.yaml:1:1: a key must be text/],
    ["a: {<<: {b: 1}}\n", /^f\.yaml:1:5: merge keys are not supported/],
    ["a: !!binary aGk=\n", /the tag tag:yaml.org,2002:binary is not supported/],
    ["a: 2026-01-02\n", /^f\.yaml:1:4: 2026-01-02 is read as a time.*put it in quotes/],
    ["a: *x\n", /^f\.yaml:1:4: the alias \*x has no anchor/],
  ])("rejects %j", (text, message) => {
    expect(() => read(text)).toThrow(ProjectError);
    expect(() => read(text)).toThrow(message);
  });

  it("rejects an alias within itself", () => {
    expect(() => read("a: &x [*x]\n")).toThrow("more than 100 aliases");
  });

  it("rejects aliases that multiply", () => {
    const bomb = ["a0: &a0 [x]", ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)].join(
      "\n",
    );
    expect(() => read(bomb)).toThrow("more than 100 aliases");
  });

  it("report all problems at once", () => {
    expect(() => read("1: a\nb: !!x y\n")).toThrow(/a key must be text.*\n.*the tag/);
  });
});
