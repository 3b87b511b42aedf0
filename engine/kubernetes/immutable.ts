import { isMap, type PropertyMap, type PropertyValue } from "../property.ts";
import type { PathStep } from "../property-path.ts";
import { groupOf } from "./kinds.ts";
import { reveal } from "./secrets.ts";

/** What a provider's configuration says about data that is replaced rather than changed. */
export interface Mutability {
  readonly configMaps: boolean;
  readonly secrets: boolean;
}

const IDENTITY = ["metadata.name", "metadata.namespace", "kind"];
const SELECTOR = ["spec.selector"];
const ROLE_REF = ["roleRef"];
const DATA = ["data", "binaryData"];

const VOLUME_SOURCES =
  "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume";
const POD_FIELDS =
  "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName shareProcessNamespace subdomain terminationGracePeriodSeconds volumes";
const CONTAINER_FIELDS =
  "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir";

function each(prefix: string, names: string): string[] {
  return names.split(" ").map((name) => `${prefix}.${name}`);
}

/**
 * Fields whose change needs a new object, by group and kind. The official provider's table (its 4.34 `diff.go` states the
 * same facts), and below it fields that the API server refuses to change, where that provider's update would only fail.
 */
const BY_KIND: ReadonlyMap<string, readonly string[]> = new Map([
  ["apps/DaemonSet", SELECTOR],
  ["apps/Deployment", SELECTOR],
  [
    "apps/StatefulSet",
    [
      ...SELECTOR,
      "spec.podManagementPolicy",
      "spec.revisionHistoryLimit",
      "spec.serviceName",
      "spec.volumeClaimTemplates",
    ],
  ],
  ["batch/Job", [...SELECTOR, "spec.completions", "spec.parallelism", "spec.template"]],
  ["/PersistentVolume", each("spec", VOLUME_SOURCES)],
  ["/PersistentVolumeClaim", ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"]],
  [
    "/Pod",
    [
      ...each("spec", POD_FIELDS),
      ...each("spec.containers.*", CONTAINER_FIELDS),
      ...each("spec.initContainers.*", CONTAINER_FIELDS),
    ],
  ],
  ["/ResourceQuota", ["spec.scopes"]],
  ["/Secret", ["type"]],
  ["/Service", ["spec.clusterIP"]],
  ["rbac.authorization.k8s.io/ClusterRoleBinding", ROLE_REF],
  ["rbac.authorization.k8s.io/RoleBinding", ROLE_REF],
  // Beyond the official table:
  ["storage.k8s.io/StorageClass", ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]],
  ["apps/ReplicaSet", SELECTOR],
  ["networking.k8s.io/IngressClass", ["spec.controller"]],
  ["node.k8s.io/RuntimeClass", ["handler"]],
  ["scheduling.k8s.io/PriorityClass", ["preemptionPolicy", "value"]],
]);

/** Paths whose change needs a new object; `*` stands for every element. */
export function immutablePaths(inputs: PropertyMap, mutability: Mutability, isPatch: boolean): readonly PathStep[][] {
  const paths = [...IDENTITY];
  if (!isPatch) {
    const apiVersion = typeof inputs.apiVersion === "string" ? inputs.apiVersion : "";
    const key = `${groupOf(apiVersion)}/${String(inputs.kind)}`;
    paths.push(...(BY_KIND.get(key) ?? []));
    const frozen = inputs.immutable === true;
    if (key === "/Secret" && (frozen || !mutability.secrets)) paths.push("data", "stringData");
    if (key === "/ConfigMap" && (frozen || !mutability.configMaps)) paths.push(...DATA);
  }
  return paths.map((path) => path.split("."));
}

/**
 * Whether a change at `path`, from or to `value`, touches an immutable field: it lies at or below one, or the value
 * holds one.
 */
export function touches(
  path: readonly PathStep[],
  value: PropertyValue | undefined,
  immutable: readonly PathStep[],
): boolean {
  const shared = Math.min(path.length, immutable.length);
  for (let i = 0; i < shared; i++) if (immutable[i] !== "*" && immutable[i] !== path[i]) return false;
  return path.length >= immutable.length || holds(value, immutable.slice(path.length));
}

function holds(value: PropertyValue | undefined, rest: readonly PathStep[]): boolean {
  if (value === undefined) return false;
  const [step, ...deeper] = rest;
  const inner = reveal(value);
  if (step === undefined) return true;
  if (step === "*") return Array.isArray(inner) && inner.some((item) => holds(item, deeper));
  return isMap(inner) && Object.hasOwn(inner, step) && holds(inner[step], deeper);
}
