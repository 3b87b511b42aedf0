import type { ServiceSpec } from "../../../catalog/spec.ts";
import { type Labels, versionLabels } from "../../labels.ts";
import { isAutoscaled, isStateful, replicaBounds } from "../scale.ts";
import { type ObjectMeta, serviceMeta } from "./meta.ts";

/** Old versions that a person can go back to by hand; each is an empty ReplicaSet. */
export const REVISION_HISTORY_LIMIT = 5;

export interface WorkloadReference {
  readonly apiVersion: "apps/v1";
  readonly kind: "Deployment" | "StatefulSet";
  readonly name: string;
}

/** Which object runs the service's pods. */
export function workloadReference(service: ServiceSpec): WorkloadReference {
  return { apiVersion: "apps/v1", kind: isStateful(service) ? "StatefulSet" : "Deployment", name: service.name };
}

/**
 * Where the number of replicas is fixed, the catalog says it and takes the field back from whoever changed it, be it a
 * person with `kubectl scale` or an autoscaler that the service had before; without force, the API server answers the
 * next apply with a conflict.
 * https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
 */
const OWNS_REPLICAS: Labels = { "pulumi.com/patchForce": "true" };

export function workloadMeta(service: ServiceSpec): ObjectMeta & { namespace: string } {
  const { name, namespace, labels } = serviceMeta(service);
  return {
    name,
    namespace,
    labels: { ...labels, ...versionLabels(service.image) },
    ...(isAutoscaled(service) ? {} : { annotations: OWNS_REPLICAS }),
  };
}

/** Nothing where an autoscaler sets the number: two owners of one field would undo each other's work. */
export function replicas(service: ServiceSpec): { readonly replicas?: number } {
  return isAutoscaled(service) ? {} : { replicas: replicaBounds(service).min };
}
