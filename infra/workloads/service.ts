import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../component.ts";
import { clusterHost } from "../naming.ts";
import type { ServiceContract } from "./contract.ts";
import type { ServicePlan } from "./plan.ts";
import type { Team } from "./team.ts";

export interface ServiceArgs {
  /** What to make; from `planWorkloads`. */
  readonly plan: ServicePlan;
  /** The team whose namespace it lives in. */
  readonly team: Team;
}

/**
 * One service of the catalog. The order in which an engine makes its objects:
 *
 * - The identity and the network policy come before the pods, so no pod ever runs without them.
 * - The Service inside the cluster does not wait for the pods, nor they for it. Both engines hold a Service until its
 *   pods are ready; if it waited for them to begin with, two services that need each other to become ready would wait
 *   for ever, and callers that start first would not even find the name.
 * - The autoscaler and the disruption budget do not wait either: the first sets the number of replicas while the
 *   workload comes up, the second protects the pods from the first one on.
 * - The address outside the cluster comes last: nothing in the cluster waits for it, and a load balancer is not paid for
 *   before there is something behind it.
 */
export class Service extends Component {
  readonly contract: ServiceContract;

  constructor(name: string, args: ServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:workloads:Service", name, opts);
    const { plan, team } = args;
    const wait = `${plan.waitSeconds}s`;
    const customTimeouts = { create: wait, update: wait, delete: wait };
    const inNamespace = this.child({ dependsOn: team });
    const awaited = this.child({ dependsOn: team, customTimeouts });

    const before: pulumi.Resource[] = [
      team,
      new k8s.core.v1.ServiceAccount(`${name}-service-account`, plan.serviceAccount, inNamespace),
      new k8s.networking.v1.NetworkPolicy(`${name}-network-policy`, plan.networkPolicy, inNamespace),
    ];
    if (plan.clusterService) new k8s.core.v1.Service(`${name}-service`, plan.clusterService, awaited);
    if (plan.headlessService) {
      before.push(new k8s.core.v1.Service(`${name}-headless`, plan.headlessService, awaited));
    }
    if (plan.autoscaler) {
      new k8s.autoscaling.v2.HorizontalPodAutoscaler(`${name}-autoscaler`, plan.autoscaler, inNamespace);
    }
    if (plan.disruptionBudget) {
      new k8s.policy.v1.PodDisruptionBudget(`${name}-disruption-budget`, plan.disruptionBudget, inNamespace);
    }
    const workload = registerWorkload(name, plan, this.child({ dependsOn: before, customTimeouts }));
    const external =
      plan.externalService &&
      new k8s.core.v1.Service(
        `${name}-external`,
        plan.externalService,
        this.child({ dependsOn: [team, workload], customTimeouts }),
      );

    this.contract = {
      name: plan.spec.name,
      namespace: plan.spec.team,
      ports: plan.spec.ports.map(({ name, port, protocol, appProtocol }) => ({ name, port, protocol, appProtocol })),
      clusterHost: plan.clusterService && clusterHost(plan.spec),
      externalAddress: external?.status.apply((status) => addressOf(status)),
    };
    this.registerOutputs({ clusterHost: this.contract.clusterHost, externalAddress: this.contract.externalAddress });
  }
}

function registerWorkload(name: string, plan: ServicePlan, opts: pulumi.CustomResourceOptions): pulumi.Resource {
  const options = plan.autoscaled
    ? // Neither sent nor compared: the autoscaler owns the field. This matters on the day a fixed number becomes an
      // autoscaler's: without it the old number would be taken back, and a single pod would carry the load until the
      // autoscaler first looks.
      { ...opts, ignoreChanges: ["spec.replicas"] }
    : opts;
  return plan.workload.kind === "StatefulSet"
    ? new k8s.apps.v1.StatefulSet(`${name}-stateful-set`, plan.workload, options)
    : new k8s.apps.v1.Deployment(`${name}-deployment`, plan.workload, options);
}

/** Clouds give a host name or an address. */
function addressOf(status: k8s.types.output.core.v1.ServiceStatus | undefined): string | undefined {
  const [first] = status?.loadBalancer?.ingress ?? [];
  return first?.hostname ?? first?.ip;
}
