import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuantity, sameQuantity } from "./quantity.ts";

describe("quantities", () => {
  it.each([
    ["1000m", "1"],
    ["0.5", "500m"],
    [2, "2"],
    ["1Gi", "1024Mi"],
    ["1k", "1000"],
    ["1e3", "1000"],
    ["1E", "1000P"],
    ["12e-1", "1200m"],
    ["1.5Gi", "1536Mi"],
    [".5", "500m"],
    ["5.", "5"],
    ["-1", "-1000m"],
    ["0", "0Mi"],
    ["1n", "0.000000001"],
    // Finer than a billionth rounds up.
    ["0.1n", "1n"],
  ])("takes %s and %s for the same", (a, b) => {
    expect(sameQuantity(a, b)).toBe(true);
  });

  it.each([
    ["1G", "1Gi"],
    ["1m", "1M"],
    ["1", "1000"],
    ["100m", 100],
  ])("tells %s from %s", (a, b) => {
    expect(sameQuantity(a, b)).toBe(false);
  });

  it.each([
    "",
    "m",
    "1 Gi",
    "1gi",
    "one",
    "1e1e1",
    "0x1",
    "1K",
    "1e999",
    "9".repeat(40),
  ])("rejects %j as no quantity", (text) => {
    expect(parseQuantity(text)).toBeUndefined();
    expect(sameQuantity(text, text)).toBe(false);
  });

  it("scales by suffix without losing precision", () => {
    fc.assert(
      fc.property(fc.nat(10 ** 9), (n) => {
        expect(sameQuantity(`${n}Ki`, String(n * 1024))).toBe(true);
        expect(sameQuantity(`${n}m`, String(n / 1000))).toBe(true);
      }),
    );
  });
});
