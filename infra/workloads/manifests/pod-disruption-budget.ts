import type { ServiceSpec } from "../../../catalog/spec.ts";
import { type Labels, selectorLabels } from "../../labels.ts";
import { replicaBounds } from "../scale.ts";
import { type ObjectMeta, serviceMeta } from "./meta.ts";

export interface PodDisruptionBudgetManifest {
  readonly apiVersion: "policy/v1";
  readonly kind: "PodDisruptionBudget";
  readonly metadata: ObjectMeta & { readonly namespace: string };
  readonly spec: {
    readonly maxUnavailable: number;
    readonly unhealthyPodEvictionPolicy: "AlwaysAllow";
    readonly selector: { readonly matchLabels: Labels };
  };
}

/**
 * One pod at a time may be evicted, whatever the number of replicas, so a node can always be drained; pods that are not
 * ready serve nobody and never hold a drain up. None for a singleton: a budget could only block the drain or do nothing.
 * https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy
 */
export function podDisruptionBudget(service: ServiceSpec): PodDisruptionBudgetManifest | undefined {
  if (replicaBounds(service).max < 2) return undefined;
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: serviceMeta(service),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: selectorLabels(service) },
    },
  };
}
