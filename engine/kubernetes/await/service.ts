import { at, type JsonMap, mapAt, mapsAt, textAt } from "../json.ts";
import { READY, readyWith, type Status, waiting } from "./status.ts";

/** What a Service leads to, as far as is known. */
export interface Endpoints {
  /** The Service's EndpointSlices. */
  readonly slices: readonly JsonMap[];
  /** Milliseconds since a slice last changed. */
  readonly quiet: number;
  /** A workload that wants pods which the selector matches, if there is one. */
  readonly workload: string | undefined;
}

/** Milliseconds to wait for pods that nothing is known to make; the official provider waits as long. */
export const SETTLE_TIME = 10_000;

/**
 * Ready when traffic has somewhere to go: a load balancer has its address, and one endpoint is ready. A selector that
 * matches nothing may be meant so (the pods come from elsewhere, or later), so it is waited for only as long as a workload
 * wants such pods, or things have not settled.
 */
export function serviceStatus(service: JsonMap, endpoints: Endpoints): Status {
  const type = textAt(service, "spec", "type") ?? "ClusterIP";
  if (type === "ExternalName") return READY;
  if (type === "LoadBalancer" && mapsAt(service, "status", "loadBalancer", "ingress").length === 0) {
    return waiting("waiting for an address of the load balancer");
  }
  const selects = Object.keys(mapAt(service, "spec", "selector")).length > 0;
  if (!selects || textAt(service, "spec", "clusterIP") === "None") return READY;
  const present = presentEndpoints(endpoints.slices);
  // A missing condition means ready.
  const ready = present.filter((endpoint) => at(endpoint, "conditions", "ready") !== false);
  if (ready.length > 0) return READY;
  if (present.length > 0) return waiting(`0 of ${present.length} endpoints ready`);
  if (endpoints.slices.length === 0) return waiting("waiting for its endpoints");
  if (endpoints.workload !== undefined) return waiting(`waiting for the pods of ${endpoints.workload}`);
  return endpoints.quiet >= SETTLE_TIME
    ? readyWith("its selector matches no pod so far")
    : waiting("no pod matches its selector so far");
}

/** Endpoints that are not on their way out. */
export function presentEndpoints(slices: readonly JsonMap[]): readonly JsonMap[] {
  const all = slices.flatMap((slice) => mapsAt(slice, "endpoints"));
  return all.filter((endpoint) => at(endpoint, "conditions", "terminating") !== true);
}

/** The first workload whose pods the Service's selector matches, and that wants any. */
export function selectedWorkload(service: JsonMap, workloads: readonly JsonMap[]): string | undefined {
  const selector = Object.entries(mapAt(service, "spec", "selector"));
  const found = workloads.find((workload) => {
    const labels = mapAt(workload, "spec", "template", "metadata", "labels");
    const wanted = at(workload, "spec", "replicas") ?? at(workload, "status", "desiredNumberScheduled") ?? 1;
    return wanted !== 0 && selector.every(([key, value]) => labels[key] === value);
  });
  return found === undefined ? undefined : `${textAt(found, "kind")} ${textAt(found, "metadata", "name")}`;
}
