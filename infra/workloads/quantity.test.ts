import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addQuantities,
  canonicalQuantity,
  formatQuantity,
  maxQuantity,
  multiplyQuantity,
  parseQuantity,
  ZERO,
} from "./quantity.ts";

const text = (...written: string[]) => formatQuantity(addQuantities(...written.map(parseQuantity)));

describe("a quantity", () => {
  // What a real API server (1.36.3) gives back for each, as the amount of a ResourceQuota.
  it.each([
    ["0", "0"],
    ["0Gi", "0"],
    ["0.5", "500m"],
    [".5", "500m"],
    ["1000m", "1"],
    ["1500m", "1500m"],
    ["1000", "1k"],
    ["1024", "1024"],
    ["1024Mi", "1Gi"],
    ["1000Mi", "1000Mi"],
    ["1.5Gi", "1536Mi"],
    ["0.5Ki", "512"],
    ["0.0001Ki", "103m"],
    ["1.0001Ki", "1024103m"],
    ["1E", "1E"],
    ["1e3", "1e3"],
    ["1e2", "100"],
    ["12E2", "1200"],
    ["1500e3", "1500e3"],
    ["1n", "1m"],
    ["0.123456789Gi", "132560717807m"],
    ["7Ei", "7Ei"],
  ])("%s is written %s", (written, canonical) => {
    expect(canonicalQuantity(written)).toBe(canonical);
  });

  it("is added without losing anything", () => {
    expect(text("100m", "900m")).toBe("1");
    expect(text("0.1", "0.2")).toBe("300m");
    expect(text("500Mi", "524Mi")).toBe("1Gi");
    expect(text()).toBe("0");
  });

  it("stays binary when it is added to a decimal one, in either order", () => {
    expect(text("1Gi", "1024")).toBe("1048577Ki");
    expect(text("1024", "1Gi")).toBe("1048577Ki");
    expect(text("0", "1Gi")).toBe("1Gi");
  });

  it("is multiplied by a whole number", () => {
    expect(formatQuantity(multiplyQuantity(parseQuantity("100m"), 125))).toBe("12500m");
    expect(formatQuantity(multiplyQuantity(parseQuantity("500Mi"), 0))).toBe("0");
  });

  it("is compared by amount, whatever its suffix", () => {
    expect(maxQuantity(parseQuantity("1Gi"), parseQuantity("1G"))).toEqual(parseQuantity("1Gi"));
    expect(maxQuantity(parseQuantity("999m"), parseQuantity("1"))).toEqual(parseQuantity("1"));
  });

  it("keeps its amount when it is written and read again", () => {
    const written = fc
      .tuple(fc.bigInt(0n, 10n ** 12n), fc.constantFrom("n", "u", "m", "", "k", "M", "Ki", "Mi", "e2", "e-3"))
      .map(([number, suffix]) => `${number}${suffix}`);
    fc.assert(
      fc.property(written, (quantity) => {
        const parsed = parseQuantity(quantity);
        expect(parseQuantity(formatQuantity(parsed)).milli).toBe(parsed.milli);
        expect(canonicalQuantity(formatQuantity(parsed))).toBe(formatQuantity(parsed));
      }),
    );
  });

  it("is the same whatever the order of what is added", () => {
    const parts = fc.array(fc.constantFrom("100m", "3", "2Gi", "1500M", "7Ki", "0"), { maxLength: 8 });
    fc.assert(
      fc.property(parts, (written) => {
        expect(text(...written)).toBe(text(...[...written].reverse()));
      }),
    );
  });

  it("adds nothing to nothing", () => {
    expect(addQuantities()).toEqual(ZERO);
  });

  it.each([
    "",
    " 1",
    "1 Gi",
    "-1",
    "+1",
    "Gi",
    "12Gb",
    "1ki",
    "1K",
    "1e",
    "1e999999",
    "0x10",
    "1,5",
    "1".repeat(65),
  ])("rejects %j, naming it and what is allowed", (written) => {
    expect(() => parseQuantity(written)).toThrow(/is not a quantity.*Write a number.*Gi/);
    expect(() => parseQuantity(written)).toThrow(`"${written.slice(0, 64)}"`);
  });

  it("rejects more than Kubernetes can hold", () => {
    expect(() => parseQuantity("8Ei")).toThrow("larger than any quantity may be");
    expect(() => parseQuantity("1e99")).toThrow("larger than any quantity may be");
  });
});
