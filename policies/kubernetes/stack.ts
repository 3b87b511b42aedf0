import type { PolicyResource, ReportViolation, StackValidation } from "@pulumi/policy";
import { type Certainty, every, is, same, some } from "./certainty.ts";
import { Field } from "./field.ts";
import { collectFindings, type Findings } from "./findings.ts";
import { type KindToken, kindOf, labelOf, type Pod, podsIn } from "./pods.ts";

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
  /** Without "Patch" and "List". */
  readonly kind: string;
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
    const all = args.resources.flatMap(workloadsOf);
    const patches = all.filter(({ pod }) => pod.partial);
    const candidates = all
      .filter(({ pod }) => !pod.partial)
      .map((workload) => ({ workload, critical: isCritical(workload, patches) }))
      .filter(({ critical }) => critical !== false);
    if (candidates.length === 0) return args.notApplicable("no workload is marked critical");
    collectFindings(report, (findings) => {
      for (const { workload, critical } of candidates) {
        // The number of its pods is the cluster's, and draining a node leaves them where they are.
        if (workload.kind === "DaemonSet") continue;
        if (critical === undefined) findings.undecided(`${workload.label}: is it critical`);
        else judge(workload, args.resources, findings);
      }
    });
  };
}

function workloadsOf(resource: PolicyResource): Workload[] {
  const token = kindOf(resource.type);
  if (token === undefined || !SERVICES.has(token.kind)) return [];
  return (podsIn(resource) ?? []).map((pod) => ({ ...place(resource, token, pod.object), label: pod.label, pod }));
}

/** By its own labels, those of its pods, or those that a patch adds to either. */
function isCritical(workload: Workload, patches: readonly Workload[]): Certainty {
  return some([isMarked(workload), ...patches.map((patch) => every([isPatchOf(patch, workload), isMarked(patch)]))]);
}

function isMarked({ object, pod }: Workload): Certainty {
  if (notThereYet(object)) return undefined;
  return some([object, pod.template].map((holder) => is(holder.at(["metadata", "labels", CRITICAL_LABEL]), "true")));
}

/**
 * Every object has metadata once it exists. Before that, as long as its cluster is not there, the engine shows a stack
 * rule an empty object.
 */
function notThereYet(object: Field): boolean {
  return object.unknown || object.get("metadata").absent;
}

/** The objects of one kind, in whatever version, or the patches of such objects. Nobody keeps a budget in a list. */
export function objectsOf(
  resources: readonly PolicyResource[],
  group: string,
  kind: string,
  form: "object" | "patch" = "object",
): Placed[] {
  return resources.flatMap((resource) => {
    const token = kindOf(resource.type);
    if (token?.group !== group || token.kind !== kind || token.form !== form) return [];
    return [place(resource, token, Field.of(resource.props))];
  });
}

function place(resource: PolicyResource, token: KindToken, object: Field): Placed {
  const own = object.at(["metadata", "namespace"]);
  const inherited = Field.of(resource.provider?.props).get("namespace");
  return {
    object,
    label: labelOf(token.kindInType, object, resource.name),
    urn: resource.urn,
    group: token.group,
    kind: token.kind,
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

function isPatchOf(patch: Placed, target: Placed): Certainty {
  if (patch.group !== target.group || patch.kind !== target.kind) return false;
  const name = ["metadata", "name"];
  return beside(target, patch, () => same(target.object.at(name), patch.object.at(name)));
}

/** A field as an object states it, or as a patch does that is applied on top of it. */
export interface Statement {
  readonly by: Placed;
  readonly field: Field;
  /** False for the object itself. */
  readonly isPatch: boolean;
  /** False when it is not known yet whether the patch is one of this object. */
  readonly applies: boolean;
}

/** The object's own statement, absent or not, and those of its patches in the stack. Each must hold: any may be last. */
export function statementsOf(
  target: Placed,
  resources: readonly PolicyResource[],
  path: readonly string[],
): Statement[] {
  const own = { by: target, field: target.object.at(path), isPatch: false, applies: true };
  const patches = objectsOf(resources, target.group, target.kind, "patch").flatMap((patch): Statement[] => {
    const field = patch.object.at(path);
    const certainty = isPatchOf(patch, target);
    if (certainty === false || (field.absent && !notThereYet(patch.object))) return [];
    return [{ by: patch, field, isPatch: true, applies: certainty === true }];
  });
  return [own, ...patches];
}

/** "spec.replicas is 1", or "DeploymentPatch shop/orders sets spec.replicas to 1". */
export function saying({ by, field, isPatch }: Statement, shown: string): string {
  return isPatch ? `${by.label} sets ${field.path} to ${shown}` : `${field.path} is ${shown}`;
}

/** Reports what is wrong with a statement about `target`, if it is one and known; of a patch, at the patch. */
export function reportStatement(
  { by, field, isPatch, applies }: Statement,
  target: Placed,
  findings: Findings,
  message: string,
  urn: string,
): void {
  if (!applies) findings.undecided(`${by.label}: does it patch ${target.label}`);
  else if (!findings.leftOpen(by.label, field)) findings.violation(message, isPatch ? by.urn : urn);
}

/** The beginning of an object that stands beside a workload, for a fix. */
export function partnerOf({ object, namespace }: Workload, apiVersion: string, kind: string): string[] {
  return [
    `  apiVersion: ${apiVersion}`,
    `  kind: ${kind}`,
    "  metadata:",
    `    name: ${object.at(["metadata", "name"]).text ?? "<name>"}`,
    `    namespace: ${namespace.text ?? "<namespace>"}`,
    "  spec:",
  ];
}
