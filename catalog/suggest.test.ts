import { describe, expect, it } from "vitest";
import { alternatives, nearMiss } from "./suggest.ts";

describe("nearMiss", () => {
  const names = ["environment", "payments", "ports", "scratch"];

  it.each([
    ["enviroment", "environment"],
    ["Ports", "ports"],
    ["paymentss", "payments"],
    ["prots", "ports"],
    ["env", "environment"],
  ])("takes %s for %s", (text, meant) => {
    expect(nearMiss(text, names)).toBe(meant);
  });

  it.each(["", "x", "shipping", "ports", "p".repeat(10_000)])("has nothing to say about %s", (text) => {
    expect(nearMiss(text, names)).toBeUndefined();
  });

  it("has nothing to say when nothing is known", () => {
    expect(nearMiss("orders", [])).toBeUndefined();
  });
});

describe("alternatives", () => {
  it("joins names as a sentence does", () => {
    expect(alternatives([])).toBe("");
    expect(alternatives(["a"])).toBe("a");
    expect(alternatives(["a", "b", "c"])).toBe("a, b or c");
  });
});
