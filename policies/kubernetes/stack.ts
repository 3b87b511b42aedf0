import type { PolicyResource, ReportViolation, StackValidation } from "@pulumi/policy";
import { type Certainty, every, is, same } from "./certainty.ts";
import { Field } from "./field.ts";
import { collectFindings, type Findings } from "./findings.ts";
import { kindOf, labelOf, type Pod, podsIn } from "./pods.ts";

/**
 * Set to "true" on a workload whose loss users notice at once. infra/workloads sets it from a service's `critical`; a
 * workload of any other origin may carry it too.
 */
export const CRITICAL_LABEL = "weft.dev/critical";

/** Kinds that keep a service running. A job is no service, and a PodTemplate runs nothing. */
const SERVICES: ReadonlySet<string> = new Set([
  "Pod",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "ReplicationController",
]);

/** A Kubernetes object in the stack, and where it lives. */
export interface Placed {
  readonly object: Field;
  readonly label: string;
  readonly urn: string;
  readonly group: string;
  readonly namespace: Field;
  /** URN of the provider: the cluster. */
  readonly provider: string | undefined;
}

export interface Workload extends Placed {
  readonly pod: Pod;
}

/** A rule about critical workloads: `judge` is called for each, with everything in the stack beside it. */
export function judgeCritical(
  judge: (workload: Workload, resources: readonly PolicyResource[], findings: Findings) => void,
): StackValidation {
  return (args, report: ReportViolation) => {
    const services = args.resources.flatMap(workloadsOf);
    const candidates = services.filter((workload) => isCritical(workload) !== false);
    if (candidates.length === 0) return args.notApplicable("no workload is marked critical");
    collectFindings(report, (findings) => {
      for (const workload of candidates) {
        if (isCritical(workload) === undefined) findings.undecided(`${workload.label}: is it critical`);
        else judge(workload, args.resources, findings);
      }
    });
  };
}

function workloadsOf(resource: PolicyResource): Workload[] {
  const pods = podsIn(resource) ?? [];
  return pods
    .filter((pod) => SERVICES.has(pod.kind) && !pod.partial)
    .map((pod) => ({ ...place(resource, pod.object, pod.label), pod }));
}

function isCritical({ object, pod }: Workload): Certainty {
  if (notThereYet(object)) return undefined;
  const labels = [object, pod.template].map((holder) => is(holder.at(["metadata", "labels", CRITICAL_LABEL]), "true"));
  return labels.includes(true) || (labels.includes(undefined) ? undefined : false);
}

/**
 * Every object has metadata once it exists. Before that, as long as its cluster is not there, the engine shows a stack
 * rule an empty object.
 */
function notThereYet(object: Field): boolean {
  return object.unknown || object.get("metadata").absent;
}

/** The objects of one kind, in whatever version. Lists and patches of it are left out: nobody keeps a budget in one. */
export function objectsOf(resources: readonly PolicyResource[], group: string, kind: string): Placed[] {
  return resources.flatMap((resource) => {
    const token = kindOf(resource.type);
    if (token?.group !== group || token.kind !== kind || token.form !== "object") return [];
    const object = Field.of(resource.props);
    return [place(resource, object, labelOf(kind, object, resource.name))];
  });
}

function place(resource: PolicyResource, object: Field, label: string): Placed {
  const own = object.at(["metadata", "namespace"]);
  const inherited = Field.of(resource.provider?.props).get("namespace");
  return {
    object,
    label,
    urn: resource.urn,
    group: kindOf(resource.type)?.group ?? "",
    namespace: !own.absent ? own : !inherited.absent ? inherited : Field.of("default"),
    provider: resource.provider?.urn,
  };
}

/** Whether `other` is in the namespace of `workload`, and `links` hold as well. */
export function beside(workload: Placed, other: Placed, links: () => Certainty): Certainty {
  // Engines leave the provider out now and then; what is not said tells nothing apart.
  if (workload.provider && other.provider && workload.provider !== other.provider) return false;
  if (notThereYet(other.object)) return undefined;
  return every([same(workload.namespace, other.namespace), links()]);
}
