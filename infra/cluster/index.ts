export type { Capability, Target } from "./capabilities.ts";
export type { ClusterContract } from "./contract.ts";
export { KwokCluster, type KwokClusterArgs } from "./kwok/kwok-cluster.ts";
