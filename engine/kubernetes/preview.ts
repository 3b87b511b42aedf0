import {
  ApiError,
  isDryRunUnsupported,
  isMissingReference,
  isNamespaceMissing,
  isNamespaceTerminating,
  isPermissionDenied,
  isQuotaExceeded,
  isRace,
  UnknownKindError,
  UnreachableError,
} from "./api-error.ts";
import type { ObjectRef } from "./kinds.ts";
import type { RunMemory } from "./memory.ts";

/** What a failed dry run means for a preview. */
export type Verdict =
  /** The real run would fail in the same way. */
  | { readonly kind: "fail" }
  /**
   * It could not be judged; `reason` says why. "kind": others of its kind most likely neither, "cluster": nor can anything
   * else, so that is said once.
   */
  | { readonly kind: "unchecked"; readonly reason: string; readonly scope: "object" | "kind" | "cluster" };

const POLICY_KINDS = [
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "MutatingWebhookConfiguration",
];

/**
 * A dry run judges an object against the cluster as it is now, and not as this run will have made it. What the run itself
 * may cure must not fail the preview; everything else has to.
 */
export function judgeDryRun(error: unknown, ref: ObjectRef, memory: RunMemory): Verdict {
  const object = (reason: string): Verdict => ({ kind: "unchecked", reason, scope: "object" });
  if (error instanceof UnreachableError) {
    const reason = `the API server ${error.server} can't be reached: ${error.message}`;
    return { kind: "unchecked", reason, scope: "cluster" };
  }
  if (error instanceof UnknownKindError) return object(`${error.message} yet`);
  if (!(error instanceof ApiError)) return { kind: "fail" };
  if (isNamespaceMissing(error)) return object(`its namespace ${JSON.stringify(ref.namespace)} does not exist yet`);
  if (isNamespaceTerminating(error)) return object(`its namespace ${JSON.stringify(ref.namespace)} is being deleted`);
  if (isMissingReference(error)) return object(`something it refers to does not exist yet: ${error.message}`);
  if (isPermissionDenied(error)) {
    const reason = `the credentials may not do this, not even as a dry run: ${error.message}`;
    return { kind: "unchecked", reason, scope: "kind" };
  }
  if (isDryRunUnsupported(error)) return object(error.message);
  if (isRace(error)) return object(`something changed while it was judged: ${error.message}`);
  if (isQuotaExceeded(error)) {
    const changed = memory.changingOf("ResourceQuota").some((quota) => quota.namespace === ref.namespace);
    return changed
      ? object(`a ResourceQuota that this run changes refuses it now: ${error.message}`)
      : { kind: "fail" };
  }
  if (error.status === 403 || error.status === 422) {
    const policy = POLICY_KINDS.flatMap((kind) => memory.changingOf(kind)).find(({ name }) =>
      error.message.includes(JSON.stringify(name).slice(1, -1)),
    );
    return policy === undefined
      ? { kind: "fail" }
      : object(`${policy.kind} ${policy.name}, which this run changes, refuses it now: ${error.message}`);
  }
  const broken = error.status >= 500 && !/failed calling webhook/.test(error.message);
  return error.status === 429 || broken
    ? object(`the API server did not judge it: ${error.message}`)
    : { kind: "fail" };
}

/**
 * An object that is to be replaced under its own name can be judged only under another, which takes something twice that
 * exists once. What fails for that reason alone says nothing.
 */
export function isFalseForStandIn(error: unknown): boolean {
  return (
    isQuotaExceeded(error) ||
    (error instanceof ApiError && /already allocated|already exists|Duplicate value/.test(error.message))
  );
}

/** Kinds whose name says something else about them, so that they can't be judged under another. */
export function canStandIn(ref: ObjectRef): boolean {
  return !["CustomResourceDefinition", "APIService", "Namespace", "Node"].includes(ref.kind);
}
