import { describe, expect, it } from "vitest";
import { CAPABILITIES } from "./capabilities.ts";

describe.each(Object.entries(CAPABILITIES))("the capabilities of %s", (_target, capabilities) => {
  it("name each feature once, with a sentence", () => {
    const features = capabilities.map(({ feature }) => feature);
    expect(new Set(features).size).toBe(features.length);
    expect(capabilities.filter(({ note }) => !/^[A-Z].*\.$/.test(note))).toEqual([]);
  });
});

describe("the capabilities of kwok", () => {
  it("call nothing real that has no process behind it", () => {
    const real = CAPABILITIES.kwok.filter(({ state }) => state === "real").map(({ feature }) => feature);
    expect(real).toEqual([
      "control plane",
      "access and admission",
      "rollouts and disruption budgets",
      "autoscaling to the minimum and maximum",
    ]);
  });
});
