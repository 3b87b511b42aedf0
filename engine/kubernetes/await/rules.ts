import type { JsonMap } from "../json.ts";
import {
  apiServiceStatus,
  definitionStatus,
  ingressStatus,
  namespaceStatus,
  quotaStatus,
  secretStatus,
} from "./cluster.ts";
import { deploymentStatus } from "./deployment.ts";
import { type Endpoints, serviceStatus } from "./service.ts";
import type { Status } from "./status.ts";
import { claimStatus, volumeStatus } from "./storage.ts";
import { daemonSetStatus, jobStatus, podStatus, replicaSetStatus, statefulSetStatus } from "./workload.ts";

/** What a rule may ask of other objects. */
export interface Surroundings {
  readonly endpoints: Endpoints;
  /** `volumeBindingMode` of the claim's StorageClass. */
  readonly bindingMode: string | undefined;
}

export interface Rule {
  /** Seconds until it counts as failed, where the program says nothing. */
  readonly timeout: number;
  readonly needs: "endpoints" | "binding-mode" | undefined;
  judge(object: JsonMap, surroundings: Surroundings): Status;
}

/** Seconds; the official provider's default for every kind but those that have one of their own below. */
export const DEFAULT_TIMEOUT = 600;

function rule(judge: Rule["judge"], timeout = DEFAULT_TIMEOUT, needs: Rule["needs"] = undefined): Rule {
  return { timeout, needs, judge };
}

/**
 * Kinds that are waited for, as the official provider 4.34 does, which is where the timeouts come from. It does not wait
 * for definitions, API services, ReplicaSets and namespaces; what depends on those then fails. Everything else is ready
 * once written: ConfigMaps, accounts, autoscalers, budgets, policies, roles, custom resources.
 */
const RULES: ReadonlyMap<string, Rule> = new Map([
  ["apps/v1 Deployment", rule(deploymentStatus)],
  ["apps/v1 StatefulSet", rule(statefulSetStatus)],
  ["apps/v1 DaemonSet", rule(daemonSetStatus)],
  ["apps/v1 ReplicaSet", rule(replicaSetStatus)],
  ["v1 ReplicationController", rule(replicaSetStatus)],
  ["v1 Pod", rule(podStatus)],
  ["batch/v1 Job", rule(jobStatus)],
  ["v1 Service", rule((service, { endpoints }) => serviceStatus(service, endpoints), DEFAULT_TIMEOUT, "endpoints")],
  ["v1 PersistentVolumeClaim", rule((claim, { bindingMode }) => claimStatus(claim, bindingMode), 300, "binding-mode")],
  ["v1 PersistentVolume", rule(volumeStatus, 300)],
  ["v1 Namespace", rule(namespaceStatus, 60)],
  ["v1 ResourceQuota", rule(quotaStatus, 60)],
  ["v1 Secret", rule(secretStatus, 30)],
  ["networking.k8s.io/v1 Ingress", rule(ingressStatus)],
  ["apiextensions.k8s.io/v1 CustomResourceDefinition", rule(definitionStatus, 120)],
  ["apiregistration.k8s.io/v1 APIService", rule(apiServiceStatus)],
]);

export function ruleFor(object: JsonMap): Rule | undefined {
  return RULES.get(`${String(object.apiVersion)} ${String(object.kind)}`);
}
