import { describe, expect, it } from "vitest";
import type { ScaleSpec } from "../../../catalog/spec.ts";
import { service } from "../fixtures.ts";
import { horizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";

const of = (scale: ScaleSpec) => horizontalPodAutoscaler(service("cart", { scale }));

describe("an autoscaler", () => {
  it("keeps the declared bounds and CPU target", () => {
    const spec = of({ kind: "auto", min: 2, max: 100, cpu: 70 })?.spec;
    expect(spec?.minReplicas).toBe(2);
    expect(spec?.maxReplicas).toBe(100);
    expect(spec?.metrics).toEqual([
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
    ]);
  });

  it("scales what runs the pods", () => {
    const scale = { kind: "auto", min: 1, max: 2, cpu: 70 } as const;
    expect(of(scale)?.spec.scaleTargetRef).toEqual({ apiVersion: "apps/v1", kind: "Deployment", name: "cart" });
    const volumes = [{ name: "data", path: "/data", size: "1Gi", storageClass: undefined }];
    expect(horizontalPodAutoscaler(service("cart", { scale, volumes }))?.spec.scaleTargetRef.kind).toBe("StatefulSet");
  });

  it("scales down late and slowly: after five quiet minutes, at most a tenth a minute", () => {
    expect(of({ kind: "auto", min: 2, max: 100, cpu: 70 })?.spec.behavior.scaleDown).toEqual({
      stabilizationWindowSeconds: 300,
      selectPolicy: "Max",
      policies: [{ type: "Percent", value: 10, periodSeconds: 60 }],
    });
  });

  it("scales up at once, but at most doubles, or adds four pods, in 15 seconds", () => {
    const rules = of({ kind: "auto", min: 2, max: 100, cpu: 70 })?.spec.behavior.scaleUp;
    expect(rules?.stabilizationWindowSeconds).toBe(0);
    expect(rules?.policies).toEqual([
      { type: "Percent", value: 100, periodSeconds: 15 },
      { type: "Pods", value: 4, periodSeconds: 15 },
    ]);
  });

  it.each([1, 2, 50])("is not made for a fixed %i", (replicas) => {
    expect(of({ kind: "fixed", replicas })).toBeUndefined();
  });

  it("is not made where its bounds are equal", () => {
    expect(of({ kind: "auto", min: 5, max: 5, cpu: 70 })).toBeUndefined();
  });
});
