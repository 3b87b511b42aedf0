import type { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Capability, Target } from "./capabilities.ts";

/** What the other rooms know of a cluster, whatever its target. */
export interface ClusterContract {
  readonly target: Target;
  /** Every object in the cluster is applied through it. */
  readonly provider: Provider;
  /** Takes all objects along when it is deleted, so that a teardown does not visit each of them. */
  readonly deletedWith: pulumi.Resource;
  readonly nodes: number;
  /** Values of the label `topology.kubernetes.io/zone`, in order. */
  readonly zones: readonly string[];
  readonly capabilities: readonly Capability[];
  /** Name of the kubeconfig's context. */
  readonly context: pulumi.Output<string>;
  /** Secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** Address of the API server. */
  readonly server: pulumi.Output<string>;
  readonly kubernetesVersion: pulumi.Output<string>;
}
