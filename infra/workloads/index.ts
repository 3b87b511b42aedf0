export type { ServiceContract } from "./contract.ts";
export { type Manifest, manifests, PlanError, planWorkloads, type WorkloadPlan } from "./plan.ts";
export { registerWorkloads } from "./workloads.ts";
