import { isJsonMap, type JsonMap, mapAt, mapsAt, numberAt, textAt } from "./json.ts";
import type { ObjectRef } from "./kinds.ts";

/** An answer of the API server that is no success. `message` is the server's own. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** "Conflict", "Invalid", "Forbidden", …; empty when the answer was no Kubernetes status. */
  readonly reason: string;
  readonly details: JsonMap;
  /** Seconds the server asks to wait before trying again. */
  readonly retryAfter: number | undefined;

  constructor(status: number, body: unknown, retryAfter: number | undefined) {
    const answer = isJsonMap(body) ? body : {};
    super(textAt(answer, "message") ?? `HTTP status ${status}`);
    this.status = status;
    this.reason = textAt(answer, "reason") ?? "";
    this.details = mapAt(answer, "details");
    this.retryAfter = retryAfter ?? numberAt(this.details, "retryAfterSeconds");
  }
}

/** The API server can't be reached, or did not answer in time. `message` says how. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  readonly server: string;
  /** "ECONNREFUSED", "UND_ERR_HEADERS_TIMEOUT", …; empty when not known. */
  readonly code: string;
  /** Whether the request may have reached the server all the same. */
  readonly sent: boolean;
  /** Trying again would fail in the same way. */
  readonly lasting: boolean;

  constructor(
    server: string,
    code: string,
    detail: string,
    facts: { readonly sent: boolean; readonly lasting: boolean },
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.server = server;
    this.code = code;
    this.sent = facts.sent;
    this.lasting = facts.lasting;
  }
}

/** No such kind on this API server. */
export class UnknownKindError extends Error {
  override readonly name = "UnknownKindError";
  readonly apiVersion: string;
  readonly kind: string;

  constructor(apiVersion: string, kind: string) {
    super(`the API server knows no ${apiVersion} ${kind}`);
    this.apiVersion = apiVersion;
    this.kind = kind;
  }
}

/** An API server says that an object is not there. Anybody on the way may answer 404, but only it gives that reason. */
export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 404 && error.reason === "NotFound";
}

/** A 404 that speaks of no object: the API server has no such path, or something else answered. */
export function isUnknownPath(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404 && error.reason !== "NotFound";
}

/** The object's namespace does not exist. */
export function isNamespaceMissing(error: unknown): boolean {
  return isNotFound(error) && textAt(error.details, "kind") === "namespaces";
}

export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}

/** The uid in an apply is not the object's: the server says so in two ways, without and with an object of that name. */
export function isOtherObject(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.status === 409) return fieldConflicts(error).length === 0 && /\buid\b/i.test(error.message);
  return error.status === 422 && mapsAt(error.details, "causes").some((cause) => cause.field === "metadata.uid");
}

/** Something changed at the same moment: the same may work a moment later. */
export function isRace(error: unknown): boolean {
  return isConflict(error) && fieldConflicts(error).length === 0 && !isOtherObject(error);
}

/** Several objects were counted against a quota at the same moment. Nothing was judged about the object itself. */
export function isQuotaRace(error: unknown, ref: ObjectRef): boolean {
  if (!(error instanceof ApiError) || !isConflict(error)) return false;
  const { kind, name } = error.details;
  return kind === "resourcequotas" && !(ref.kind === "ResourceQuota" && ref.name === name);
}

/** Fields that others own, and that an apply without force may not change. Empty for any other error. */
export function fieldConflicts(error: unknown): readonly FieldConflict[] {
  if (!(error instanceof ApiError) || error.status !== 409) return [];
  return mapsAt(error.details, "causes")
    .filter((cause) => cause.reason === "FieldManagerConflict")
    .map((cause) => {
      const message = textAt(cause, "message") ?? "";
      return {
        field: (textAt(cause, "field") ?? "").replace(/^\./, ""),
        manager: /conflict with "([^"]*)"/.exec(message)?.[1] ?? message,
        subresource: /with subresource "([^"]*)"/.exec(message)?.[1],
      };
    });
}

export interface FieldConflict {
  readonly field: string;
  readonly manager: string;
  readonly subresource: string | undefined;
}

/** The credentials lack a permission; nothing was judged about the object itself. */
export function isPermissionDenied(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.status === 403 &&
    /\bcannot (create|patch|update|delete|get|list|watch) resource\b/.test(error.message)
  );
}

export function isQuotaExceeded(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403 && /\bexceeded quota\b/.test(error.message);
}

/** The namespace is being deleted, and takes nothing new. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.status === 403 &&
    (mapsAt(error.details, "causes").some((cause) => cause.reason === "NamespaceTerminating") ||
      /because it is being terminated/.test(error.message))
  );
}

/** An admission webhook can't take part in dry runs. */
export function isDryRunUnsupported(error: unknown): boolean {
  return error instanceof ApiError && error.status === 400 && /does not support dry run/.test(error.message);
}

/** Something that admission needs is not there yet, but may be made in the same run. */
export function isMissingReference(error: unknown): boolean {
  if (isNotFound(error)) return true;
  return (
    error instanceof ApiError &&
    error.status === 403 &&
    /no PriorityClass with name|error looking up service account|RuntimeClass "[^"]*" not found/.test(error.message)
  );
}
