import {
  ApiError,
  fieldConflicts,
  isNamespaceMissing,
  isNamespaceTerminating,
  isPermissionDenied,
  isQuotaExceeded,
  isUnknownPath,
  UnknownKindError,
  UnreachableError,
} from "./api-error.ts";
import { type JsonMap, mapsAt, textAt } from "./json.ts";
import { label, type ObjectRef } from "./kinds.ts";
import { isPulumiManager, managersOf } from "./naming.ts";
import type { Mask } from "./secrets.ts";

/** What was being done to an object when it failed. */
export type Action = "create" | "update" | "delete" | "read";

const DONE: Readonly<Record<Action, string>> = {
  create: "was not created",
  update: "was not updated",
  delete: "was not deleted",
  read: "could not be read",
};

/**
 * A failure as the user should read it: the object and the cause on the first line, then the detail, then what to do.
 * Values of secrets are hidden, since the API server quotes what it rejects.
 */
export function explain(error: unknown, action: Action, ref: ObjectRef, mask: Mask): string {
  const what = `${label(ref)} ${DONE[action]}`;
  if (error instanceof UnreachableError) return `${what}: ${explainUnreachable(error)}`;
  if (error instanceof UnknownKindError) {
    return lines(`${what}: ${error.message}`, [
      "Fix: if a CustomResourceDefinition of this program makes the kind, let the resource depend on it (dependsOn); otherwise install it, or correct apiVersion and kind.",
    ]);
  }
  if (!(error instanceof ApiError)) return `${what}: ${error instanceof Error ? error.message : String(error)}`;
  const conflicts = fieldConflicts(error);
  if (conflicts.length > 0) {
    const [first] = conflicts;
    return lines(
      `${what}: ${conflicts.length === 1 ? "a field belongs" : `${conflicts.length} fields belong`} to another manager`,
      [
        ...conflicts.map(({ field, manager, subresource }) => {
          const through = subresource === undefined ? "" : ` (through the subresource "${subresource}")`;
          return `  ${field}: last set by ${JSON.stringify(manager)}${through}`;
        }),
        `Fix: leave the field out of the program; or add ${JSON.stringify(first?.field ?? "")} to the resource's ignoreChanges;`,
        '  or take it over with the annotation pulumi.com/patchForce: "true".',
      ],
    );
  }
  return mask.hide(lines(`${what}: ${error.message}`, [...causes(error), ...fix(error, ref)]));
}

/** The server's list of single causes, where its message does not hold them already. */
function causes(error: ApiError): string[] {
  return mapsAt(error.details, "causes").flatMap((cause) => {
    const message = textAt(cause, "message") ?? "";
    if (message === "" || error.message.includes(message)) return [];
    const field = textAt(cause, "field");
    return [field === undefined ? `  ${message}` : `  ${field}: ${message}`];
  });
}

function fix(error: ApiError, ref: ObjectRef): string[] {
  if (isNamespaceMissing(error)) {
    return [
      `Fix: create the namespace ${JSON.stringify(ref.namespace)} first: refer to its metadata.name, or use dependsOn.`,
    ];
  }
  if (isNamespaceTerminating(error)) {
    return [`Fix: wait until the namespace ${JSON.stringify(ref.namespace)} is gone, then run again.`];
  }
  if (isPermissionDenied(error)) return ["Fix: give the credentials in the kubeconfig this permission (RBAC)."];
  if (isQuotaExceeded(error)) return ["Fix: raise the ResourceQuota, or ask for less."];
  if (isUnknownPath(error)) {
    return [
      "Fix: this is not how an API server answers: check the server address in the kubeconfig, and what stands before it.",
    ];
  }
  if (error.status === 401) {
    return ["Fix: the credentials in the kubeconfig are not valid (any more): renew them, then run again."];
  }
  if (/failed calling webhook/.test(error.message)) {
    return ["Fix: the webhook's own service does not answer: get it running, or remove the webhook configuration."];
  }
  if (error.status === 422 && /field is immutable|may not be changed|are forbidden/.test(error.message)) {
    return [
      "Fix: replace the object: add the field to the resource's replaceOnChanges, or give the object another name.",
    ];
  }
  if (error.status === 429 || error.status >= 500) {
    return ["The API server went on answering so until the retries were used up. Run again when it has recovered."];
  }
  return [];
}

export function explainUnreachable(error: UnreachableError): string {
  return lines(`the API server ${error.server} can't be reached: ${error.message}`, [
    "Fix: check that the cluster runs and that the kubeconfig names its present address, then run again.",
  ]);
}

/** An object stands where one was to be created. */
export function explainExists(ref: ObjectRef, existing: JsonMap): string {
  const managers = managersOf(existing);
  const owner = managers.some(isPulumiManager)
    ? "Pulumi made it, but not for this resource of this stack"
    : "Pulumi did not make it";
  return lines(`${label(ref)} was not created: it already exists`, [
    `  ${owner}; managers of its fields: ${managers.map((name) => JSON.stringify(name)).join(", ") || "none recorded"}`,
    `Fix: to manage it with this resource, import it (resource option import: ${JSON.stringify(importId(ref))});`,
    "  if the resource was only renamed in the program, keep its state with an alias;",
    "  if it is left over, delete it; or choose another metadata.name.",
  ]);
}

function importId(ref: ObjectRef): string {
  return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
}

function lines(first: string, rest: readonly string[]): string {
  return [first, ...rest].join("\n");
}
