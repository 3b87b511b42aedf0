import { describe, expect, it } from "vitest";
import {
  bytes,
  count,
  cut,
  cutMiddle,
  duration,
  firstLine,
  oneLine,
  pad,
  safe,
  shellWord,
  widthOf,
  wrap,
} from "./text.ts";

describe("text on a terminal", () => {
  it("takes two columns for wide characters, none for colours and marks", () => {
    expect(widthOf("abc")).toBe(3);
    expect(widthOf("\u001b[31mabc\u001b[39m")).toBe(3);
    expect(widthOf("日本")).toBe(4);
    expect(widthOf("e\u0301")).toBe(1);
  });

  it("is cut out of its middle where its ends tell more", () => {
    expect(cutMiddle("registry.example.com/shop/web:1.2.3", 35)).toBe("registry.example.com/shop/web:1.2.3");
    expect(cutMiddle("registry.example.com/shop/web:1.2.3", 20)).toBe("registry.e…web:1.2.3");
    for (const columns of [1, 2, 3, 7])
      expect(widthOf(cutMiddle("日本日本日本", columns))).toBeLessThanOrEqual(columns);
  });

  it("is cut to its columns, and says so", () => {
    expect(cut("deployment", 10)).toBe("deployment");
    expect(cut("deployment", 7)).toBe("deploy…");
    expect(widthOf(cut("日本日本日本", 6))).toBeLessThanOrEqual(6);
    expect(cut("abc", 0)).toBe("");
  });

  it("is padded by columns, not by characters", () => {
    expect(pad("日本", 6)).toBe("日本  ");
    expect(pad("abcdef", 3)).toBe("abcdef");
  });

  it("is wrapped between words, and a word too long is left whole", () => {
    expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrap("extraordinarily so", 5)).toEqual(["extraordinarily", "so"]);
  });
});

it("a word for a shell is quoted where the shell would make something else of it", () => {
  expect(shellWord("/home/me/.weft/local.kubeconfig")).toBe("/home/me/.weft/local.kubeconfig");
  expect(shellWord("a b")).toBe("'a b'");
  expect(shellWord("$HOME/it's")).toBe("'$HOME/it'\\''s'");
  expect(shellWord("")).toBe("''");
});

describe("text that others wrote", () => {
  it("moves no cursor, colours nothing and reorders nothing", () => {
    expect(safe("\u001b[2J\u001b[31mred\u001b[0m\rover\u202etxt\u0007")).toBe("red·over·txt·");
    expect(safe("a\tb\nc")).toBe("a  b\nc");
  });

  it("fits in one line", () => {
    expect(oneLine("  a\n   b\r\nc ")).toBe("a b c");
    expect(firstLine("\ncause\ndetail")).toBe("cause");
  });
});

describe("amounts", () => {
  it("are told as exactly as anyone wants to know", () => {
    expect([0, 449, 9_940, 9_960, 59_400, 59_600, 125_000].map(duration)).toEqual([
      "0.0 s",
      "0.4 s",
      "9.9 s",
      "10 s",
      "59 s",
      "1 min 0 s",
      "2 min 5 s",
    ]);
    expect([512, 1536, 20 * 2 ** 20, 3 * 2 ** 40].map(bytes)).toEqual(["512 B", "1.5 KiB", "20 MiB", "3.0 TiB"]);
    expect([count(1, "policy", "policies"), count(2, "policy", "policies"), count(0, "team")]).toEqual([
      "1 policy",
      "2 policies",
      "0 teams",
    ]);
  });
});
