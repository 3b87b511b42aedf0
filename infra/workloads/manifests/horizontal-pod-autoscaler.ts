import type { ServiceSpec } from "../../../catalog/spec.ts";
import { isAutoscaled } from "../scale.ts";
import { type ObjectMeta, serviceMeta } from "./meta.ts";
import { type WorkloadReference, workloadReference } from "./workload.ts";

export interface HorizontalPodAutoscalerManifest {
  readonly apiVersion: "autoscaling/v2";
  readonly kind: "HorizontalPodAutoscaler";
  readonly metadata: ObjectMeta & { readonly namespace: string };
  readonly spec: {
    readonly scaleTargetRef: WorkloadReference;
    readonly minReplicas: number;
    readonly maxReplicas: number;
    readonly metrics: {
      readonly type: "Resource";
      readonly resource: {
        readonly name: "cpu";
        readonly target: { readonly type: "Utilization"; readonly averageUtilization: number };
      };
    }[];
    readonly behavior: { readonly scaleUp: ScalingRules; readonly scaleDown: ScalingRules };
  };
}

interface ScalingRules {
  readonly stabilizationWindowSeconds: number;
  readonly selectPolicy: "Max";
  readonly policies: { readonly type: "Percent" | "Pods"; readonly value: number; readonly periodSeconds: number }[];
}

/** Kubernetes' defaults, written out because a cluster may have others: at once, at most doubling every 15 s. */
const SCALE_UP: ScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Percent", value: 100, periodSeconds: 15 },
    { type: "Pods", value: 4, periodSeconds: 15 },
  ],
};

/**
 * The highest need of the last five minutes counts, and at most a tenth goes each minute (never less than one pod): a
 * pod too many is cheap, a pod too few is an outage. The window is Kubernetes' default, the rate that of
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#example-limit-scale-down-rate
 */
const SCALE_DOWN: ScalingRules = {
  stabilizationWindowSeconds: 300,
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 10, periodSeconds: 60 }],
};

/** None for a service with a fixed number of replicas. */
export function horizontalPodAutoscaler(service: ServiceSpec): HorizontalPodAutoscalerManifest | undefined {
  const { scale } = service;
  if (scale.kind === "fixed" || !isAutoscaled(service)) return undefined;
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: serviceMeta(service),
    spec: {
      scaleTargetRef: workloadReference(service),
      minReplicas: scale.min,
      maxReplicas: scale.max,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: scale.cpu } },
        },
      ],
      behavior: { scaleUp: SCALE_UP, scaleDown: SCALE_DOWN },
    },
  };
}
