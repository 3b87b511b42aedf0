import type { ServiceSpec } from "../../../catalog/spec.ts";
import { type ObjectMeta, serviceMeta } from "./meta.ts";

export interface ServiceAccountManifest {
  readonly apiVersion: "v1";
  readonly kind: "ServiceAccount";
  readonly metadata: ObjectMeta & { readonly namespace: string };
  readonly automountServiceAccountToken: boolean;
}

/** An identity of the service's own, for meshes and cloud roles. No token is mounted: no service calls the API server. */
export function serviceAccount(service: ServiceSpec): ServiceAccountManifest {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: serviceMeta(service),
    automountServiceAccountToken: false,
  };
}
