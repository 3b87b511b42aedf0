import { describe, expect, it } from "vitest";
import type { ScaleSpec } from "../../../catalog/spec.ts";
import { service } from "../fixtures.ts";
import { podDisruptionBudget } from "./pod-disruption-budget.ts";

const of = (scale: ScaleSpec) => podDisruptionBudget(service("cart", { scale }));

describe("a disruption budget", () => {
  it.each<[string, ScaleSpec]>([
    ["a fixed number of two", { kind: "fixed", replicas: 2 }],
    ["at most two", { kind: "auto", min: 1, max: 2, cpu: 70 }],
    ["the default scale", { kind: "auto", min: 2, max: 100, cpu: 70 }],
  ])("lets one pod at a time be evicted, at %s", (_, scale) => {
    expect(of(scale)?.spec.maxUnavailable).toBe(1);
  });

  it("never holds up a drain for pods that are not ready", () => {
    expect(of({ kind: "fixed", replicas: 2 })?.spec.unhealthyPodEvictionPolicy).toBe("AlwaysAllow");
  });

  it("covers the pods of its service", () => {
    expect(of({ kind: "fixed", replicas: 2 })?.spec.selector.matchLabels).toEqual({
      "app.kubernetes.io/name": "cart",
      "weft.dev/team": "shop",
    });
  });

  it.each<[string, ScaleSpec]>([
    ["a singleton", { kind: "fixed", replicas: 1 }],
    ["an autoscaler that can't go beyond one", { kind: "auto", min: 1, max: 1, cpu: 70 }],
  ])("is not made for %s", (_, scale) => {
    expect(of(scale)).toBeUndefined();
  });
});
