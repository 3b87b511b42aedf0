import type { Catalog, ServiceSpec } from "../../catalog/spec.ts";
import { type Flow, serviceFlows } from "./flows.ts";
import { type DeploymentManifest, deployment } from "./manifests/deployment.ts";
import {
  type HorizontalPodAutoscalerManifest,
  horizontalPodAutoscaler,
} from "./manifests/horizontal-pod-autoscaler.ts";
import { type LimitRangeManifest, limitRange } from "./manifests/limit-range.ts";
import { type NamespaceManifest, namespace } from "./manifests/namespace.ts";
import { defaultDeny, type NetworkPolicyManifest, networkPolicy } from "./manifests/network-policy.ts";
import { type PodDisruptionBudgetManifest, podDisruptionBudget } from "./manifests/pod-disruption-budget.ts";
import { type ResourceQuotaManifest, resourceQuota } from "./manifests/resource-quota.ts";
import { clusterService, externalService, headlessService, type ServiceManifest } from "./manifests/service.ts";
import { type ServiceAccountManifest, serviceAccount } from "./manifests/service-account.ts";
import { type StatefulSetManifest, statefulSet } from "./manifests/stateful-set.ts";
import { rolloutSeconds } from "./rollout.ts";
import { isAutoscaled, isStateful } from "./scale.ts";

/** Everything that a catalog becomes in a cluster: plain data, the same for the same catalog, in a fixed order. */
export interface WorkloadPlan {
  /** In the order of their names. */
  readonly teams: readonly TeamPlan[];
}

export interface TeamPlan {
  readonly name: string;
  readonly namespace: NamespaceManifest;
  readonly resourceQuota: ResourceQuotaManifest;
  readonly limitRange: LimitRangeManifest;
  readonly defaultDeny: NetworkPolicyManifest;
  /** In the order of their names. */
  readonly services: readonly ServicePlan[];
}

export interface ServicePlan {
  readonly spec: ServiceSpec;
  readonly serviceAccount: ServiceAccountManifest;
  readonly networkPolicy: NetworkPolicyManifest;
  /** `undefined` when it listens on nothing. */
  readonly clusterService: ServiceManifest | undefined;
  /** Governs a StatefulSet; `undefined` for a Deployment. */
  readonly headlessService: ServiceManifest | undefined;
  readonly workload: DeploymentManifest | StatefulSetManifest;
  /** `undefined` when it has no address outside the cluster. */
  readonly externalService: ServiceManifest | undefined;
  /** `undefined` when the number of replicas is fixed. */
  readonly autoscaler: HorizontalPodAutoscalerManifest | undefined;
  /** `undefined` for a singleton. */
  readonly disruptionBudget: PodDisruptionBudgetManifest | undefined;
  /** True when something else than this plan sets the number of replicas. */
  readonly autoscaled: boolean;
  /** Seconds that an engine should wait for the workload and its addresses to become ready, or to be gone. */
  readonly waitSeconds: number;
}

export type Manifest =
  | NamespaceManifest
  | ResourceQuotaManifest
  | LimitRangeManifest
  | NetworkPolicyManifest
  | ServiceAccountManifest
  | ServiceManifest
  | DeploymentManifest
  | StatefulSetManifest
  | HorizontalPodAutoscalerManifest
  | PodDisruptionBudgetManifest;

/** The catalog is valid, but can't be applied as it is. The message holds every problem, one a line. */
export class PlanError extends Error {
  override readonly name = "PlanError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * The one function that decides what a catalog becomes.
 *
 * @throws PlanError when two things would become the same Kubernetes object.
 */
export function planWorkloads(catalog: Catalog): WorkloadPlan {
  const flows = serviceFlows(catalog);
  const names = [...new Set(catalog.services.map((service) => service.team))].sort();
  const plan = { teams: names.map((team) => planTeam(team, catalog, flows)) };
  const problems = collisions(plan);
  if (problems.length > 0) throw new PlanError(problems);
  return plan;
}

function planTeam(team: string, catalog: Catalog, flows: readonly Flow[]): TeamPlan {
  const services = catalog.services
    .filter((service) => service.team === team)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    name: team,
    namespace: namespace(team),
    resourceQuota: resourceQuota(team, services),
    limitRange: limitRange(team, services),
    defaultDeny: defaultDeny(team),
    services: services.map((service) => planService(service, catalog, flows)),
  };
}

function planService(service: ServiceSpec, catalog: Catalog, flows: readonly Flow[]): ServicePlan {
  return {
    spec: service,
    serviceAccount: serviceAccount(service),
    networkPolicy: networkPolicy(service, flows),
    clusterService: clusterService(service),
    headlessService: headlessService(service),
    workload: isStateful(service) ? statefulSet(service, catalog) : deployment(service, catalog),
    externalService: externalService(service),
    autoscaler: horizontalPodAutoscaler(service),
    disruptionBudget: podDisruptionBudget(service),
    autoscaled: isAutoscaled(service),
    waitSeconds: rolloutSeconds(service),
  };
}

/** Every object of the plan, team by team and service by service, each behind those that it needs. */
export function manifests(plan: WorkloadPlan): readonly Manifest[] {
  return plan.teams.flatMap((team) => [...teamManifests(team), ...team.services.flatMap(serviceManifests)]);
}

function teamManifests(team: TeamPlan): readonly Manifest[] {
  return [team.namespace, team.resourceQuota, team.limitRange, team.defaultDeny];
}

function serviceManifests(service: ServicePlan): readonly Manifest[] {
  const all = [
    service.serviceAccount,
    service.networkPolicy,
    service.clusterService,
    service.headlessService,
    service.autoscaler,
    service.disruptionBudget,
    service.workload,
    service.externalService,
  ];
  return all.filter((manifest) => manifest !== undefined);
}

/** Objects that two services, or a service and its team, would both make; or that every namespace has already. */
function collisions(plan: WorkloadPlan): readonly string[] {
  return plan.teams.flatMap((team) => {
    const owners = new Map([["ServiceAccount default", "Kubernetes itself"]]);
    for (const manifest of teamManifests(team)) owners.set(identity(manifest), "its team");
    return team.services.flatMap((service) => {
      const { name, file } = service.spec;
      return [...serviceManifests(service).map(identity), ...claims(service)].flatMap((object) => {
        const other = owners.get(object);
        owners.set(object, `the service "${name}"`);
        if (other === undefined) return [];
        return [
          `${file}: the service "${name}" would make the ${object} in the namespace ${team.name}, which ${other} makes ` +
            `too. Give the service another name.`,
        ];
      });
    });
  });
}

function identity(manifest: Manifest): string {
  return `${manifest.kind} ${manifest.metadata.name}`;
}

/** The claims of a StatefulSet, without their numbers: <volume>-<set>, so "a" of "b-c" is the same as "a-b" of "c". */
function claims(service: ServicePlan): readonly string[] {
  return service.spec.volumes.map((volume) => `PersistentVolumeClaim ${volume.name}-${service.spec.name}`);
}
