import type { ServiceSpec } from "../../catalog/spec.ts";

/** The least and the most replicas a service may have; equal when their number is fixed. */
export function replicaBounds(service: ServiceSpec): { readonly min: number; readonly max: number } {
  const { scale } = service;
  return scale.kind === "fixed" ? { min: scale.replicas, max: scale.replicas } : { min: scale.min, max: scale.max };
}

/**
 * True when an autoscaler sets the number of replicas. One that could never change it (min = max) would only stand in
 * the way, so such a service has a fixed number.
 */
export function isAutoscaled(service: ServiceSpec): boolean {
  const { min, max } = replicaBounds(service);
  return service.scale.kind === "auto" && min < max;
}

/** A service with disks of its own becomes a StatefulSet. */
export function isStateful(service: ServiceSpec): boolean {
  return service.volumes.length > 0;
}
