import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../component.ts";
import type { TeamPlan } from "./plan.ts";

export interface TeamArgs {
  /** What to make; from `planWorkloads`. */
  readonly plan: Pick<TeamPlan, "namespace" | "resourceQuota" | "limitRange" | "defaultDeny">;
}

/**
 * A team's namespace and what must stand in it before anything runs there. Whatever lives in the namespace depends on
 * the whole component: pods then never run without the default-deny policy, and a quota that was raised has been
 * counted before it is used.
 */
export class Team extends Component {
  constructor(name: string, args: TeamArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:workloads:Team", name, opts);
    const { plan } = args;
    const namespace = new k8s.core.v1.Namespace(`${name}-namespace`, plan.namespace, this.child());
    // The namespace's name stays plain text, and `dependsOn` makes the order: a name taken from the namespace's outputs
    // would be unknown in the preview of a cluster that isn't there yet, and policies could not judge it.
    const inside = this.child({ dependsOn: namespace });
    new k8s.core.v1.ResourceQuota(`${name}-quota`, plan.resourceQuota, inside);
    new k8s.core.v1.LimitRange(`${name}-limits`, plan.limitRange, inside);
    new k8s.networking.v1.NetworkPolicy(`${name}-default-deny`, plan.defaultDeny, inside);
    this.registerOutputs({});
  }
}
