import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { CatalogError, loadCatalog } from "../catalog/index.ts";
import { type ClusterContract, KwokCluster } from "../infra/cluster/index.ts";
import { PlanError, planWorkloads, registerWorkloads, type ServiceContract } from "../infra/workloads/index.ts";
import { ConfigError, readStackConfig } from "./config.ts";
import type { PlatformOutputs } from "./outputs.ts";

// The program of every stack: its configuration and its service catalog, as resources.

const stack = pulumi.getStack();
const { config, workloads } = await plan().catch(explain);
const { target: _, ...size } = config.cluster;
const platform = new KwokCluster("cluster", { clusterName: stack, ...size }).contract;
const contracts = registerWorkloads(workloads, { provider: platform.provider, deletedWith: platform.deletedWith });

export const target: PlatformOutputs["target"] = platform.target;
export const cluster: pulumi.Output<PlatformOutputs["cluster"]> = pulumi.output(describeCluster(platform));
export const services: pulumi.Output<PlatformOutputs["services"]> = pulumi.output(
  [...contracts.values()].map(describeService),
);
export const capabilities: readonly PlatformOutputs["capabilities"][number][] = platform.capabilities;
export const kubeconfig = platform.kubeconfig;

/** Reads and decides everything before the first resource is registered, so that a mistake registers none. */
async function plan() {
  const config = readStackConfig(pulumi.runtime.allConfig(), `stacks/config/Pulumi.${stack}.yaml`);
  const catalog = await loadCatalog(resolve(pulumi.runtime.getRootDirectory(), config.catalog));
  return { config, workloads: planWorkloads(catalog) };
}

/** What a person did wrong is told without a stack. */
function explain(error: unknown): never {
  const known = error instanceof ConfigError || error instanceof CatalogError || error instanceof PlanError;
  throw known ? new pulumi.RunError(error.message) : error;
}

function describeCluster({ context, server, kubernetesVersion, nodes, zones }: ClusterContract) {
  return { context, server, kubernetesVersion, nodes, zones: [...zones] };
}

function describeService({ name, namespace, clusterHost, externalAddress, ports }: ServiceContract) {
  const [port] = ports;
  const address = externalAddress?.apply((host) => (host === undefined || !port ? undefined : `${host}:${port.port}`));
  return { name, team: namespace, host: clusterHost, address };
}
