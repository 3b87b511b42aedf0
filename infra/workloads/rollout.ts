import type { ServiceSpec } from "../../catalog/spec.ts";
import { isStateful, replicaBounds } from "./scale.ts";

/**
 * How a new version replaces the old one, and how long that may take.
 *
 * Deployments surge: a quarter more pods are started first, and an old pod goes only when a new one is ready, so ready
 * pods never fall below the desired number. That holds for a singleton too, since a surge is rounded up and an
 * unavailability of zero stays zero: for the length of one rollout there are two of it, so a process that must never
 * run twice needs a lock of its own.
 *
 * A StatefulSet can't surge: its pods have names and disks. It replaces one pod at a time, so ready pods never fall
 * below the desired number less one, and a single stateful pod is away while it restarts.
 */
export const ROLLING_UPDATE = { maxUnavailable: 0, maxSurge: "25%" } as const;

/**
 * Seconds between a pod's removal from its Services' endpoints and SIGTERM. Proxies and load balancers learn of the
 * removal a little later than the kubelet does; until then they send requests that a stopped process would refuse.
 * https://docs.aws.amazon.com/eks/latest/best-practices/load-balancing.html
 */
export const PRE_STOP_SECONDS = 10;

/** Seconds a pod may take to get a node and its image, before it can start: a new cloud node takes minutes. */
const PLACEMENT_SECONDS = 300;

/** Kubernetes' default deadline, and that of the official provider's waits. */
const LEAST_SECONDS = 600;

/** Seconds a pod has from the start of its termination to SIGKILL, the pre-stop pause included. */
export function gracePeriodSeconds(service: ServiceSpec): number {
  return preStopSeconds(service) + Math.max(1, service.terminationSeconds);
}

/** Zero for a service that nothing sends requests to. */
export function preStopSeconds(service: ServiceSpec): number {
  return service.ports.length > 0 ? PRE_STOP_SECONDS : 0;
}

/** Seconds without a newly ready pod after which a rollout counts as failed. */
export function progressDeadlineSeconds(service: ServiceSpec): number {
  return Math.max(LEAST_SECONDS, PLACEMENT_SECONDS + service.health.startupSeconds);
}

/**
 * Seconds after which a rollout that still moves has taken too long: placement, and then one start and one stop after
 * another, as often as the strategy makes them follow each other.
 */
export function rolloutSeconds(service: ServiceSpec): number {
  const { max } = replicaBounds(service);
  const batch = isStateful(service) ? 1 : Math.ceil(max / 4);
  const batches = Math.ceil(max / Math.max(1, batch));
  const each = service.health.startupSeconds + gracePeriodSeconds(service);
  return Math.max(LEAST_SECONDS, PLACEMENT_SECONDS + batches * each);
}

/**
 * The most pods that a quota may see at once. Kubernetes charges a terminating pod until its grace period is over, while
 * a Deployment starts the next one at once; so late in a rollout every new pod runs beside every old one. A StatefulSet
 * waits until the old pod is gone.
 */
export function peakPods(service: ServiceSpec): number {
  const { max } = replicaBounds(service);
  return isStateful(service) ? max : 2 * max;
}
