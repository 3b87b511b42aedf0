import { describe, expect, it } from "vitest";
import { parseBytes, parseCpu } from "./quantity.ts";

describe("parseCpu", () => {
  it.each([
    ["1m", 1],
    ["100m", 100],
    ["1", 1000],
    ["0.5", 500],
    ["2.125", 2125],
    ["96", 96_000],
  ])("reads %s as %d thousandths of a core", (text, amount) => {
    expect(parseCpu(text)).toEqual({ valid: true, amount });
  });

  it.each([
    ["0", /zero/, undefined],
    ["0m", /zero/, undefined],
    ["0.000", /zero/, undefined],
    ["-1", /negative/, undefined],
    ["-500m", /negative/, undefined],
    ["500", /500 whole cores/, "500m"],
    ["100000m", /100 whole cores/, undefined],
    ["1e3", /not an amount/, undefined],
    ["0.0001", /not an amount/, undefined],
    ["0.5m", /not an amount/, undefined],
    ["500M", /not an amount/, "500m"],
    ["2 cores", /not an amount/, "2"],
    ["2vcpu", /not an amount/, "2"],
    ["", /not an amount/, undefined],
    [" 1", /not an amount/, undefined],
    ["half", /not an amount/, undefined],
    ["9".repeat(300), /not an amount/, undefined],
  ])("rejects %s", (text, reason, suggestion) => {
    expect(parseCpu(text)).toEqual({ valid: false, reason: expect.stringMatching(reason), suggestion });
  });
});

describe("parseBytes", () => {
  it.each([
    ["4Mi", 4 * 2 ** 20],
    ["500Mi", 500 * 2 ** 20],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["5.000001M", 5_000_001],
    ["0.067G", 67_000_000],
    ["500M", 500e6],
    ["10Gi", 10 * 2 ** 30],
    ["1Ti", 2 ** 40],
    ["1073741824", 2 ** 30],
  ])("reads %s as %d bytes", (text, amount) => {
    expect(parseBytes(text, "4Mi")).toEqual({ valid: true, amount });
  });

  it.each([
    ["0", /zero/, undefined],
    ["0Mi", /zero/, undefined],
    ["-1Gi", /negative/, undefined],
    ["512", /number of bytes/, "512Mi"],
    ["3Mi", /under 4Mi/, undefined],
    ["1k", /under 4Mi/, undefined],
    ["2Pi", /over 1Pi/, undefined],
    ["0.1Gi", /no whole number of bytes/, "102Mi"],
    ["1.1Gi", /no whole number of bytes/, "1126Mi"],
    ["5000000.5", /no whole number of bytes/, "5Mi"],
    ["500m", /not an amount/, "500Mi"],
    ["500MB", /not an amount/, "500Mi"],
    ["500mi", /not an amount/, "500Mi"],
    ["2g", /not an amount/, "2Gi"],
    ["1e9", /not an amount/, undefined],
    ["500 Mi", /not an amount/, "500Mi"],
    ["Mi", /not an amount/, undefined],
  ])("rejects %s", (text, reason, suggestion) => {
    expect(parseBytes(text, "4Mi")).toEqual({ valid: false, reason: expect.stringMatching(reason), suggestion });
  });
});
