import { describe, expect, it } from "vitest";
import type { Problem } from "./problem.ts";
import { CatalogError, preview, renderProblems, visible } from "./problem.ts";

const problem: Problem = {
  file: "orders.yaml",
  position: { line: 12, column: 13, width: 1, excerpt: { column: 1, text: "    memory: 0" } },
  path: "resources.limits.memory",
  message: "Nothing fits in zero bytes.",
  value: "0",
  allowed: "bytes with a unit",
  suggestion: "1Gi",
  fix: "write a limit",
  related: [{ file: "web.yaml", line: 3, column: 5, note: "the other one" }],
};

describe("renderProblems", () => {
  it("shows the place, the line with a caret, the sentence and the details", () => {
    expect(renderProblems([problem])).toBe(
      [
        "orders.yaml:12:13  resources.limits.memory",
        "  12 |     memory: 0",
        "     |             ^",
        "  Nothing fits in zero bytes.",
        "    found: 0",
        "    allowed: bytes with a unit",
        "    did you mean: 1Gi?",
        "    fix: write a limit",
        "    see web.yaml:3:5: the other one",
      ].join("\n"),
    );
  });

  it("keeps the caret under the value when the excerpt starts inside the line", () => {
    const position = { line: 1, column: 5000, width: 3, excerpt: { column: 4990, text: "xxxxxxxxxxabcyyy" } };
    const [, shown = "", caret = ""] = renderProblems([{ ...problem, position }]).split("\n");
    expect(shown.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1)).toBe("abc");
  });

  it("says only what there is to say", () => {
    const bare = { ...problem, position: undefined, path: "", related: [] };
    const none = { value: undefined, allowed: undefined, suggestion: undefined, fix: undefined };
    expect(renderProblems([{ ...bare, ...none }])).toBe("orders.yaml\n  Nothing fits in zero bytes.");
  });
});

describe("CatalogError", () => {
  it("counts and renders every problem, and is data for machines", () => {
    const error = new CatalogError("./catalog", [problem, problem]);
    expect(error.message).toMatch(/^2 problems in the service catalog \.\/catalog:\n\norders\.yaml:12:13/);
    expect(JSON.parse(JSON.stringify(error))).toEqual({ error: "CatalogError", problems: [problem, problem] });
    expect(new CatalogError(".", [problem]).message).toMatch(/^1 problem in/);
  });
});

describe("visible", () => {
  it("lets nothing move the cursor, recolour the terminal or reorder the line, and keeps every column", () => {
    const text = "a\tb\u001b[31mc\u202ed\u{e0001}e\u0000\r\n";
    const shown = visible(text);
    expect(shown).toBe("a⇥b·[31mc·d··e···");
    expect(shown.length).toBe(text.length);
  });
});

describe("preview", () => {
  it("cuts a long value and says how long it is", () => {
    expect(preview("ü".repeat(300))).toBe(`${"ü".repeat(60)}… (300 characters)`);
    expect(preview("short")).toBe("short");
  });
});
