import { describe, expect, it } from "vitest";
import { Source } from "./source.ts";

function at(text: string, from: number, to = from + 1) {
  return new Source({ file: "a.yaml", text }).position({ from, to });
}

describe("Source", () => {
  it("counts lines and columns from 1, with any line end", () => {
    expect(at("a\nbc\r\nd", 0)).toEqual({ line: 1, column: 1, width: 1, excerpt: { column: 1, text: "a" } });
    expect(at("a\nbc\r\nd", 3)).toEqual({ line: 2, column: 2, width: 1, excerpt: { column: 1, text: "bc" } });
    expect(at("a\nbc\r\nd", 6)).toEqual({ line: 3, column: 1, width: 1, excerpt: { column: 1, text: "d" } });
    expect(at("", 0)).toEqual({ line: 1, column: 1, width: 1, excerpt: { column: 1, text: "" } });
    expect(at("a\n", 2)).toMatchObject({ line: 2, column: 1, width: 1 });
  });

  it("ends a value that goes on at the end of the line", () => {
    expect(at("ab\ncd", 1, 5)).toMatchObject({ line: 1, column: 2, width: 1 });
  });

  it("shows a part of a long line, with the value in it", () => {
    const { column, width, excerpt } = at(`${"x".repeat(4999)}abc${"y".repeat(5000)}`, 4999, 5002);
    expect({ column, width }).toEqual({ column: 5000, width: 3 });
    expect(excerpt.text).toHaveLength(100);
    expect(excerpt.text.slice(column - excerpt.column).slice(0, width)).toBe("abc");
  });

  it("masks what is hidden, also where it is cut or runs over lines", () => {
    const source = new Source({ file: "a.yaml", text: `k: hunter\n  two\n${"x".repeat(200)}hunter` });
    source.hide({ from: 3, to: 15 });
    source.hide({ from: 216, to: 222 });
    const shown = (from: number) => source.position({ from, to: from + 1 }).excerpt.text;
    expect(shown(0)).toBe("k: ••••••");
    expect(shown(12)).toBe("•••••");
    expect(shown(218)).toBe(`${"x".repeat(18)}••••••`);
  });
});
