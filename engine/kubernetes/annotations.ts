import { type Json, type JsonMap, textAt } from "./json.ts";
import { isBuiltIn } from "./kinds.ts";

/** Annotations by which a program tells a Kubernetes provider how to treat an object; the official provider's names. */
export const AUTONAMED = "pulumi.com/autonamed";
const SKIP_AWAIT = "pulumi.com/skipAwait";
export const WAIT_FOR = "pulumi.com/waitFor";
const TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds";
const REPLACE_UNREADY = "pulumi.com/replaceUnready";
const PATCH_FORCE = "pulumi.com/patchForce";
const PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager";
const DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy";

function annotation(object: Json | undefined, name: string): string | undefined {
  return textAt(object, "metadata", "annotations", name);
}

export function isAutonamed(object: JsonMap): boolean {
  return annotation(object, AUTONAMED) === "true";
}

export function skipsAwait(object: JsonMap): boolean {
  return annotation(object, SKIP_AWAIT) === "true";
}

export function forcesConflicts(object: JsonMap): boolean {
  return annotation(object, PATCH_FORCE) === "true";
}

export function replacesUnready(object: JsonMap): boolean {
  return annotation(object, REPLACE_UNREADY) === "true";
}

export function chosenFieldManager(object: JsonMap): string | undefined {
  return annotation(object, PATCH_FIELD_MANAGER) || undefined;
}

/** Expressions of `pulumi.com/waitFor`. Empty: none. */
export function waitExpressions(object: JsonMap): readonly string[] {
  return expressionsIn(annotation(object, WAIT_FOR) ?? "");
}

/** One expression, or a JSON array of them. */
export function expressionsIn(value: string): readonly string[] {
  if (value === "") return [];
  try {
    const parsed: unknown = JSON.parse(value);
    if (Array.isArray(parsed) && parsed.every((item) => typeof item === "string")) return parsed;
  } catch {
    // Not JSON: a single expression.
  }
  return [value];
}

/** Seconds an operation may take: the program's `customTimeouts`, else the annotation, else `fallback`. */
export function timeoutSeconds(custom: number | undefined, object: JsonMap, fallback: number): number {
  if (custom !== undefined && custom > 0) return custom;
  const annotated = Number(annotation(object, TIMEOUT_SECONDS) ?? Number.NaN);
  return Number.isInteger(annotated) && annotated > 0 ? annotated : fallback;
}

/**
 * Kinds that own nothing. With "Foreground" each would wait for the garbage collector, which works through some twenty
 * objects a second, only to learn that it has no dependents.
 */
const LEAVES = new Set([
  "ClusterRole",
  "ClusterRoleBinding",
  "ConfigMap",
  "HorizontalPodAutoscaler",
  "IngressClass",
  "LimitRange",
  "NetworkPolicy",
  "PodDisruptionBudget",
  "PriorityClass",
  "ResourceQuota",
  "Role",
  "RoleBinding",
  "Secret",
  "ServiceAccount",
  "StorageClass",
]);

/**
 * What happens to an object's dependents. As with the official provider, they go first ("Foreground") unless the
 * annotation says otherwise; a kind that has none is deleted at once.
 */
export function propagationPolicy(object: JsonMap): "Foreground" | "Background" | "Orphan" {
  switch (annotation(object, DELETION_PROPAGATION)?.toLowerCase()) {
    case "background":
      return "Background";
    case "orphan":
      return "Orphan";
    case "foreground":
      return "Foreground";
    default:
      return isBuiltIn(textAt(object, "apiVersion") ?? "") && LEAVES.has(textAt(object, "kind") ?? "")
        ? "Background"
        : "Foreground";
  }
}
