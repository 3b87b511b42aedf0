import { UnsupportedError } from "../errors.ts";
import { type JsonMap, textAt } from "./json.ts";

/** What an API request is about. `namespace` is `undefined` for cluster-scoped objects. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

export function refOf(object: JsonMap): ObjectRef {
  return {
    apiVersion: textAt(object, "apiVersion") ?? "",
    kind: textAt(object, "kind") ?? "",
    namespace: textAt(object, "metadata", "namespace"),
    name: textAt(object, "metadata", "name") ?? "",
  };
}

/** "Deployment shop/orders": how messages name an object. */
export function label(ref: ObjectRef): string {
  return `${ref.kind} ${idOf(ref)}`;
}

/** The resource id that Pulumi records: `name`, or `namespace/name`. */
export function idOf(ref: ObjectRef): string {
  return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
}

export function parseId(id: string): { readonly namespace: string | undefined; readonly name: string } {
  const slash = id.indexOf("/");
  return slash < 0 ? { namespace: undefined, name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** The object that a resource stands for: by its recorded form where there is one, else by its type and id. */
export function resourceRef(type: string, recorded: JsonMap, id: string): ObjectRef {
  const { namespace, name } = parseId(id);
  const recordedKind = { apiVersion: textAt(recorded, "apiVersion"), kind: textAt(recorded, "kind") };
  const fallback = kindOfType(type);
  return {
    apiVersion: recordedKind.apiVersion ?? fallback.apiVersion,
    kind: recordedKind.kind ?? fallback.kind,
    namespace: textAt(recorded, "metadata", "namespace") ?? namespace,
    name: textAt(recorded, "metadata", "name") ?? name,
  };
}

/** The API group of an apiVersion; "" is the core group, which Pulumi's type tokens call "core". */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : apiVersion.slice(0, slash);
  return group === "core" ? "" : group;
}

/** `kubernetes:apps/v1:Deployment`, `kubernetes:core/v1:Pod` → what the API server calls it. */
export function kindOfType(type: string): { readonly apiVersion: string; readonly kind: string } {
  const [, module = "", name = ""] = type.split(":");
  const apiVersion = module.startsWith("core/") ? module.slice("core/".length) : module;
  const kind = isBuiltIn(apiVersion) && name.endsWith("Patch") ? name.slice(0, -"Patch".length) : name;
  return { apiVersion, kind };
}

/**
 * A `*Patch` resource manages some fields of an object that something else owns: it is never created or deleted, only
 * applied to and let go of. The kind tells it from a custom resource whose own name ends in "Patch".
 */
export function isPatch(type: string, kind: string): boolean {
  return type.endsWith("Patch") && !kind.endsWith("Patch");
}

/** Types of the Kubernetes SDK that are no objects of the API server. Throws `UnsupportedError` for those. */
export function requireObjectType(type: string): void {
  const [, module = "", name = ""] = type.split(":");
  if (/^(helm\.sh|yaml|kustomize)(\/|$)/.test(module)) {
    throw new UnsupportedError(`${type} is rendered by the official Kubernetes provider itself`);
  }
  if (isBuiltIn(module.startsWith("core/") ? module.slice("core/".length) : module) && name.endsWith("List")) {
    throw new UnsupportedError(`${type} is a list of objects: register its objects one by one`);
  }
}

const BUILT_IN_GROUPS = new Set([
  "",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "apps",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "extensions",
  "flowcontrol.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
]);

/** True for the groups that ship with Kubernetes; false for custom resources. */
export function isBuiltIn(apiVersion: string): boolean {
  return /^(.+\/)?v\d/.test(apiVersion) && BUILT_IN_GROUPS.has(groupOf(apiVersion));
}

/** Cluster-scoped kinds of the built-in groups; every other kind in them has a namespace. */
const CLUSTER_SCOPED = new Set([
  "/ComponentStatus",
  "/Namespace",
  "/Node",
  "/PersistentVolume",
  "admissionregistration.k8s.io/MutatingAdmissionPolicy",
  "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
  "admissionregistration.k8s.io/MutatingWebhookConfiguration",
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
  "apiextensions.k8s.io/CustomResourceDefinition",
  "apiregistration.k8s.io/APIService",
  "certificates.k8s.io/CertificateSigningRequest",
  "certificates.k8s.io/ClusterTrustBundle",
  "flowcontrol.apiserver.k8s.io/FlowSchema",
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
  "networking.k8s.io/ClusterCIDR",
  "networking.k8s.io/IPAddress",
  "networking.k8s.io/IngressClass",
  "networking.k8s.io/ServiceCIDR",
  "node.k8s.io/RuntimeClass",
  "rbac.authorization.k8s.io/ClusterRole",
  "rbac.authorization.k8s.io/ClusterRoleBinding",
  "resource.k8s.io/DeviceClass",
  "resource.k8s.io/DeviceTaintRule",
  "resource.k8s.io/ResourcePoolStatusRequest",
  "resource.k8s.io/ResourceSlice",
  "scheduling.k8s.io/PriorityClass",
  "storage.k8s.io/CSIDriver",
  "storage.k8s.io/CSINode",
  "storage.k8s.io/StorageClass",
  "storage.k8s.io/VolumeAttachment",
  "storage.k8s.io/VolumeAttributesClass",
  "storagemigration.k8s.io/StorageVersionMigration",
]);

/** Whether objects of a kind live in a namespace; `undefined` for custom resources, which only discovery knows. */
export function isNamespaced(apiVersion: string, kind: string): boolean | undefined {
  if (!isBuiltIn(apiVersion)) return undefined;
  return !CLUSTER_SCOPED.has(`${groupOf(apiVersion)}/${kind}`);
}
