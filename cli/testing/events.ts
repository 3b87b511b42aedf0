import type { EngineEvent, Operation, Outcome, Phase, ResourceRef } from "../../engine/index.ts";
import { makeUrn } from "../../engine/resource.ts";

/** Made-up events of a small platform: a cluster, a team, and services with three resources each. */

const STACK = "local";
const PROJECT = "weft";

export const stackUrn = makeUrn(STACK, PROJECT, undefined, "pulumi:pulumi:Stack", `${PROJECT}-${STACK}`);

export function ref(type: string, name: string, parent = stackUrn): ResourceRef {
  return { urn: makeUrn(STACK, PROJECT, parent, type, name), type, name, parent };
}

export const cluster = ref("weft:cluster:KwokCluster", "cluster");
export const kwok = ref("weft-native:cluster:Kwok", "cluster-kwok", cluster.urn);
export const team = ref("weft:workloads:Team", "shop");
export const namespace = ref("kubernetes:core/v1:Namespace", "shop-namespace", team.urn);

export function service(name: string) {
  const component = ref("weft:workloads:Service", name);
  const child = (type: string, role: string): ResourceRef => ref(type, `${name}-${role}`, component.urn);
  return {
    component,
    account: child("kubernetes:core/v1:ServiceAccount", "service-account"),
    deployment: child("kubernetes:apps/v1:Deployment", "deployment"),
    service: child("kubernetes:core/v1:Service", "service"),
  };
}

export const phase = (name: Phase): EngineEvent => ({ kind: "phase", phase: name });

export function begin(resource: ResourceRef, operation: Operation = "create", at: Phase = "apply"): EngineEvent {
  return { kind: "resource-begin", phase: at, resource, operation };
}

type Ended = Extract<EngineEvent, { kind: "resource-end" }>;

export function end(resource: ResourceRef, operation: Operation = "create", more: Partial<Ended> = {}): Ended {
  return { kind: "resource-end", phase: "apply", resource, operation, duration: 0, changes: {}, ...more };
}

export const status = (resource: ResourceRef, message: string): EngineEvent => ({
  kind: "resource-status",
  urn: resource.urn,
  message,
});

export function message(severity: "info" | "warning" | "error", text: string, urn?: string): EngineEvent {
  return { kind: "message", severity, text, ...(urn === undefined ? {} : { urn }) };
}

type Violation = Extract<EngineEvent, { kind: "policy-violation" }>;

export function violation(more: Partial<Violation> = {}): Violation {
  return {
    kind: "policy-violation",
    pack: "weft-policies",
    policy: "probes-readiness",
    level: "mandatory",
    resource: service("web").deployment,
    message: "container app has no readiness probe",
    fix: "Add a check that succeeds once the container can take requests.",
    undecided: false,
    ...more,
  };
}

export const loaded: EngineEvent = { kind: "policy-loaded", pack: "weft-policies", version: "0.1.0", policies: 13 };

/** What a plan that creates everything tells. */
export function planOf(services: readonly string[]): EngineEvent[] {
  const planned = (resource: ResourceRef): EngineEvent[] => [
    begin(resource, "create", "plan"),
    end(resource, "create", { phase: "plan" }),
  ];
  const named = (resource: ResourceRef): EngineEvent => end(resource, "create", { phase: "plan" });
  return [
    phase("plan"),
    named({ urn: stackUrn, type: "pulumi:pulumi:Stack", name: "weft-local", parent: undefined }),
    named(cluster),
    ...planned(kwok),
    named(team),
    ...planned(namespace),
    ...services.flatMap((name) => {
      const { component, account, deployment, service: endpoint } = service(name);
      return [named(component), ...[account, deployment, endpoint].flatMap(planned)];
    }),
  ];
}

/** A resource that is made, in the apply phase. */
export function made(resource: ResourceRef, duration = 0): EngineEvent[] {
  return [begin(resource), end(resource, "create", { duration })];
}

export function outcome(more: Partial<Outcome> = {}): Outcome {
  return {
    result: "succeeded",
    phase: "apply",
    changes: {},
    outputs: {},
    duration: { plan: 2100, apply: 39_000 },
    mandatoryViolations: 0,
    ...more,
  };
}
