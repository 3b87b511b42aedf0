import { describe, expect, it } from "vitest";
import { parseDocument } from "./document.ts";
import { renderProblems } from "./problem.ts";

function read(text: string) {
  const { document, problems } = parseDocument({ file: "a.yaml", text });
  return { value: document?.value, faults: problems.map((problem) => renderProblems([problem])) };
}

describe("parseDocument", () => {
  it("reads YAML 1.2: on, no and << are text", () => {
    expect(read("on: off\nb: no\n<<: yes\nc: 12:30\n").value).toEqual({ on: "off", b: "no", "<<": "yes", c: "12:30" });
  });

  it("expands aliases", () => {
    expect(read("a: &x [1, {b: 2}]\nc: *x\n")).toEqual({ value: { a: [1, { b: 2 }], c: [1, { b: 2 }] }, faults: [] });
  });

  it("lets an alias mean the last anchor before it, also when an earlier one is expanded in between", () => {
    const text = "a: &outer [&x 1]\nb: &x 2\nc: *outer\nd: *x\n";
    expect(read(text).value).toEqual({ a: [1], b: 2, c: [1], d: 2 });
  });

  it("takes Windows line ends and a file without a last one", () => {
    expect(read("a: 1\r\nb: x").value).toEqual({ a: 1, b: "x" });
  });

  it("reads __proto__ and constructor as data", () => {
    const { value, faults } = read("constructor: 1\ntoString: 2\n__proto__: {polluted: true}\n");
    expect(value).toEqual({ constructor: 1, toString: 2 });
    expect(faults).toEqual([expect.stringMatching(/^a.yaml:3:1\n.*No field and no variable can be named __proto__/s)]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("gives every value its line and column, and a missing one those of its parent", () => {
    const text = "name: x\nhealth:\n  http: {path: /ok}\n";
    const { document } = parseDocument({ file: "a.yaml", text });
    expect(document?.position(["health", "http", "path"], "value")).toMatchObject({ line: 3, column: 16, width: 3 });
    expect(document?.position(["health", "http", "port"], "value")).toMatchObject({ line: 3, column: 3, width: 4 });
    expect(document?.position(["team"], "value")).toMatchObject({ line: 1, column: 1 });
    expect(document?.written(["health", "http", "path"])).toBe("/ok");
  });

  it.each([
    ["an empty file", "", /a.yaml:1:1\n.*The file is empty/s],
    ["only comments", "# name: x\n\n", /The file is empty/],
    ["only a document mark", "---\n", /The file is empty/],
    ["tabs for indentation", "name: x\nhealth:\n\thttp:\n", /a.yaml:3:1\n.*⇥http.*indented with a tab.*two spaces/s],
    ["a tab inside brackets", "a: {\n\tb: 1}\n", /indented with a tab/],
    ["two documents", "a: 1\n---\nb: 2\n", /a.yaml:2:1\n.*second YAML document/s],
    ["a directive", "%YAML 1.1\n---\na: on\n", /a.yaml:1:1\n.*directives/s],
    ["a duplicate key", "a: 1\nb: 2\na: 3\n", /a.yaml:3:1 {2}a\n.*second time.*see a.yaml:1:1/s],
    ["a duplicate key, once quoted", '{a: 1, "a": 2}', /second time/],
    ["a number as a key", "8080: x\n", /a.yaml:1:1\n.*The key is not text.*"8080"/s],
    ["a list as a key", "? [a]\n: 1\n", /The key is not text/],
    ["an unclosed quote", "a: 'x\n", /not YAML.*close the quote/s],
    ["a colon in plain text", "a: b: c\n", /a.yaml:1:4\n.*quotes/s],
    ["a tag", "a: !secret x\n", /a.yaml:1:4\n.*tags are not used/s],
    ["a language type", "a: !!js/function 'x'\n", /tags are not used/],
    ["an unknown alias", "a: *b\n", /a.yaml:1:4 {2}a\n.*No anchor/s],
    ["an alias of its own parent", "a: &a [*a]\n", /names its own parent/],
    ["an octal number", "a: 010\n", /a.yaml:1:4 {2}a\n.*read as 10,.*"010"/s],
    ["a hexadecimal number", "a: 0x1F\n", /read as 31,/],
    ["an exponent", "a: 1e3\n", /read as 1000,/],
    ["a number that would lose a digit", "a: 1.10\n", /read as 1\.1,.*"1\.10"/s],
    ["a number too long to be exact", "a: 12345678901234567890\n", /is not what is written/],
    ["a capital truth value", "a: True\n", /read as true,/],
    ["a NUL character", 'a: "x\\0y"\n', /NUL character/],
    ["deep brackets", "[".repeat(60_000), /nested more than 32 deep/],
    [
      "deep indents",
      Array.from({ length: 300 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join(""),
      /more than 32 deep/,
    ],
    ["too many values", `[${"1,".repeat(20_000)}]`, /more than 10000 values/],
    ["too many aliases", `[&a 1${",*a".repeat(200)}]`, /more than 100 aliases/],
  ])("rejects %s", (_, text, message) => {
    expect(read(text).faults).toEqual([expect.stringMatching(message)]);
  });

  it("rejects aliases that multiply, without expanding them", () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`,
    );
    const { value, faults } = read(`l0: &l0 [${"x,".repeat(9)}]\n${levels.join("\n")}\n`);
    expect(value).toBeUndefined();
    expect(faults).toEqual([expect.stringMatching(/more than (100 aliases|10000 values)/)]);
  });

  it("reports syntax errors line by line, and a bounded number of them", () => {
    const { faults } = read("a: 'x\n".repeat(5000));
    expect(faults.length).toBe(10);
  });
});
