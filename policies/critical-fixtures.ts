import { DEPLOYMENT, deployment, type Json, type JsonObject, PASS, podSpec, type StackResource } from "./fixtures.ts";

// For tests of the rules about critical workloads: one such workload, and what stands beside it.

export const CRITICAL = { "weft.dev/critical": "true" };
export const URN = "urn:pulumi:local::weft::test::orders-deployment";

/** The Deployment shop/orders, marked critical. */
export function workload(spec: JsonObject = {}, metadata: JsonObject = {}, type = DEPLOYMENT): StackResource {
  const { metadata: own, ...rest } = deployment(podSpec(), spec);
  return {
    type,
    name: "orders-deployment",
    props: { ...rest, metadata: { ...(own as JsonObject), labels: CRITICAL, ...metadata } },
  };
}

export function hpa(
  spec: JsonObject = {},
  changes: Partial<StackResource> = {},
  metadata: JsonObject = {},
): StackResource {
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "orders" };
  return {
    type: "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    name: "orders-hpa",
    props: {
      metadata: { name: "orders", namespace: "shop", ...metadata },
      spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 100, ...spec },
    },
    ...changes,
  };
}

export function pdb(
  selector: Json = { matchLabels: { app: "orders" } },
  changes: Partial<StackResource> = {},
  metadata: JsonObject = {},
  amounts: JsonObject = { maxUnavailable: 1 },
): StackResource {
  return {
    type: "kubernetes:policy/v1:PodDisruptionBudget",
    name: "orders-pdb",
    props: { metadata: { name: "orders", namespace: "shop", ...metadata }, spec: { ...amounts, selector } },
    ...changes,
  };
}

export const undecided = (what: string) => ({ ...PASS, undecided: `undecided until this is known: ${what}` });
