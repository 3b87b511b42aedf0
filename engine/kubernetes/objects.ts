import { ApiError, isNotFound, isUnknownPath } from "./api-error.ts";
import type { ApiAnswer, ApiClient } from "./client.ts";
import { type ApiResource, collectionPath, type Discovery, objectPath } from "./discovery.ts";
import { at, type JsonMap, withMetadata, without } from "./json.ts";
import type { ObjectRef } from "./kinds.ts";
import { LEGACY_FIELD_MANAGER } from "./naming.ts";
import type { RetryBudget } from "./retry.ts";

const APPLY = "application/apply-patch+yaml";
/** No object ever has it: it is the revision of an empty store. */
const IMPOSSIBLE_VERSION = "1";

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly dryRun?: boolean;
  readonly budget?: RetryBudget;
  readonly onRetry?: (error: Error) => void;
}

export interface ApplyOptions extends CallOptions {
  readonly manager: string;
  /** Takes fields over from other managers instead of failing. */
  readonly force: boolean;
}

/** The API requests that providers make of single objects. */
export class Objects {
  readonly #client: ApiClient;
  readonly #discovery: Discovery;

  constructor(client: ApiClient, discovery: Discovery) {
    this.#client = client;
    this.#discovery = discovery;
  }

  /** `undefined` when there is none. */
  async get(resource: ApiResource, ref: ObjectRef, options: CallOptions): Promise<JsonMap | undefined> {
    try {
      const request = { method: "GET", path: objectPath(resource, ref), ...calling(options) } as const;
      return (await this.#client.request(request)).body;
    } catch (error) {
      if (await this.#isGone(error, resource, options)) return undefined;
      throw error;
    }
  }

  /**
   * Applies an object that must not exist yet. Plain server-side apply would quietly take over one that does; with a
   * version that no object has, the server creates the object or answers 409, in one step. Creating by POST, as the
   * official provider does, would leave the fields with another manager than the later updates have.
   */
  async create(resource: ApiResource, ref: ObjectRef, body: JsonMap, options: ApplyOptions): Promise<ApiAnswer> {
    const versioned = withMetadata(addressed(resource, ref, body), { resourceVersion: IMPOSSIBLE_VERSION });
    const answer = await this.#apply(resource, ref, versioned, options);
    if (answer.status === 201) return answer;
    throw new ApiError(
      409,
      { message: "the API server changed an object that existed, though told not to" },
      undefined,
    );
  }

  /** Creates by POST: for servers that refuse a version for what is to be created. */
  post(resource: ApiResource, ref: ObjectRef, body: JsonMap, options: CallOptions): Promise<ApiAnswer> {
    return this.#client.request({
      method: "POST",
      path: collectionPath(resource, ref.namespace ?? "default"),
      query: { fieldManager: LEGACY_FIELD_MANAGER, fieldValidation: "Strict", ...dryRun(options) },
      body: addressed(resource, ref, body),
      ...calling(options),
    });
  }

  /** Applies to an object; with `uid`, only to that very one, and never creates it. */
  apply(
    resource: ApiResource,
    ref: ObjectRef,
    body: JsonMap,
    uid: string | undefined,
    options: ApplyOptions,
  ): Promise<ApiAnswer> {
    const addressedBody = addressed(resource, ref, body);
    return this.#apply(
      resource,
      ref,
      uid === undefined ? addressedBody : withMetadata(addressedBody, { uid }),
      options,
    );
  }

  #apply(resource: ApiResource, ref: ObjectRef, body: JsonMap, options: ApplyOptions): Promise<ApiAnswer> {
    return this.#client.request({
      method: "PATCH",
      path: objectPath(resource, ref),
      query: { fieldManager: options.manager, force: String(options.force), ...dryRun(options) },
      contentType: APPLY,
      body,
      ...calling(options),
    });
  }

  /** Replaces `metadata.managedFields`, if the object is still as it was read. */
  async setManagedFields(
    resource: ApiResource,
    ref: ObjectRef,
    live: JsonMap,
    managedFields: readonly JsonMap[],
    options: CallOptions,
  ): Promise<JsonMap> {
    const { body } = await this.#client.request({
      method: "PATCH",
      path: objectPath(resource, ref),
      contentType: "application/merge-patch+json",
      body: { metadata: { resourceVersion: at(live, "metadata", "resourceVersion") ?? null, managedFields } },
      ...calling(options),
    });
    return body;
  }

  /**
   * Deletes the object, if it is still the one with `uid`. Resolves to what is left of it while finalizers or its
   * dependents hold it, `undefined` when it is gone.
   */
  async delete(
    resource: ApiResource,
    ref: ObjectRef,
    uid: string | undefined,
    propagationPolicy: string,
    options: CallOptions,
  ): Promise<JsonMap | undefined> {
    try {
      const { body } = await this.#client.request({
        method: "DELETE",
        path: objectPath(resource, ref),
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          propagationPolicy,
          ...(uid === undefined ? {} : { preconditions: { uid } }),
        },
        ...calling(options),
      });
      return at(body, "metadata", "deletionTimestamp") === undefined ? undefined : body;
    } catch (error) {
      if (await this.#isGone(error, resource, options)) return undefined;
      throw error;
    }
  }

  /** Whether a failure means that there is no such object: also when its kind has gone since it was found. */
  async #isGone(error: unknown, resource: ApiResource, { budget }: CallOptions): Promise<boolean> {
    return isNotFound(error) || (isUnknownPath(error) && !(await this.#discovery.stillServes(resource, budget)));
  }
}

/** The body names the object as the path does; a namespace on a cluster-scoped object would be refused. */
function addressed(resource: ApiResource, ref: ObjectRef, body: JsonMap): JsonMap {
  const named = withMetadata(body, { name: ref.name });
  if (!resource.namespaced) return without(named, "metadata", "namespace");
  return withMetadata(named, { namespace: ref.namespace ?? "default" });
}

function dryRun(options: CallOptions): { readonly dryRun?: string } {
  return options.dryRun === true ? { dryRun: "All" } : {};
}

function calling({ signal, budget, onRetry }: CallOptions) {
  return { signal, budget, onRetry };
}
