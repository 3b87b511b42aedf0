import { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import { KWOK_DEFAULTS, zoneNames } from "../../../providers/weft/index.ts";
import { Component } from "../../component.ts";
import { CAPABILITIES } from "../capabilities.ts";
import type { ClusterContract } from "../contract.ts";
import { Kwok } from "./kwok.ts";

/** All plain: how many nodes and zones there are decides what other rooms register. */
export interface KwokClusterArgs {
  /** DNS label of at most 40 characters; the stack's name is a good one. Another name is another cluster. */
  readonly clusterName: string;
  /** Folder for its files; a relative path counts from the project's root. @default ".weft/kwok" */
  readonly directory?: string;
  /** @default 6 */
  readonly nodes?: number;
  /** Nodes are spread over them evenly; at most one per node. @default 3 */
  readonly zones?: number;
  /** DNS label that zone names start with. @default "local" */
  readonly region?: string;
  /** Kubernetes quantity, per node. @default "8" */
  readonly cpu?: string;
  /** Kubernetes quantity, per node. @default "32Gi" */
  readonly memory?: string;
}

/** An embedded cluster: a real control plane on this machine, with nodes and pods simulated by KWOK. */
export class KwokCluster extends Component {
  readonly contract: ClusterContract;

  constructor(name: string, args: KwokClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:cluster:KwokCluster", name, opts);
    const { clusterName, ...rest } = args;
    // The provider has the same defaults; given here, a preview shows them.
    const settings = { ...KWOK_DEFAULTS, ...defined(rest) };
    const kwok = new Kwok(`${name}-kwok`, { name: clusterName, ...settings }, this.child());
    const { context, kubeconfig, kubernetesVersion, server, uid } = kwok;
    // The identifier keeps the provider, and all objects with it, when a repair changes nothing but the kubeconfig.
    const kubernetes = { kubeconfig, clusterIdentifier: uid, enableServerSideApply: true };
    const provider = new Provider(`${name}-kubernetes`, kubernetes, this.child());
    this.contract = {
      target: "kwok",
      provider,
      deletedWith: kwok,
      nodes: settings.nodes,
      zones: zoneNames(settings.region, settings.zones),
      capabilities: CAPABILITIES.kwok,
      context,
      kubeconfig,
      server,
      kubernetesVersion,
    };
    this.registerOutputs({ context, server, kubernetesVersion });
  }
}

/** Without the keys whose value is `undefined`, which would hide a default. */
function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
