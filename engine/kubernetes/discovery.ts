import { ApiError, UnknownKindError } from "./api-error.ts";
import type { ApiClient } from "./client.ts";
import { at, type JsonMap, mapsAt, textAt } from "./json.ts";
import { groupOf, type ObjectRef } from "./kinds.ts";
import type { RetryBudget } from "./retry.ts";

/** A kind as the API server serves it. */
export interface ApiResource {
  readonly apiVersion: string;
  readonly kind: string;
  /** The plural name in paths: "deployments". */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** The path of a kind's objects: all of them, or those of one namespace. */
export function collectionPath(resource: ApiResource, namespace: string | undefined): string {
  const root = resource.apiVersion.includes("/") ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`;
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${resource.plural}`;
}

/** Where a kind's object lives: `undefined` for the whole cluster. */
export function placeOf(resource: ApiResource, ref: ObjectRef): string | undefined {
  return resource.namespaced ? (ref.namespace ?? "default") : undefined;
}

export function objectPath(resource: ApiResource, ref: ObjectRef): string {
  return `${collectionPath(resource, ref.namespace ?? "default")}/${encodeURIComponent(ref.name)}`;
}

type Kinds = ReadonlyMap<string, ApiResource>;

/** A kind that was missing is looked for again, but not more often than this (milliseconds). */
const LEAST_AGE = 500;
const CORE = "/api/v1";

/**
 * Which kinds the API server serves, asked once for each group version in use. A kind that is not among them is looked
 * for again: a CustomResourceDefinition of the same run may have added it.
 */
export class Discovery {
  readonly #client: ApiClient;
  readonly #signal: AbortSignal;
  readonly #versions = new Map<string, { readonly kinds: Promise<Kinds>; readonly at: number }>();

  constructor(client: ApiClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** Throws `UnknownKindError` when the server has no such kind. */
  async find(apiVersion: string, kind: string, budget?: RetryBudget): Promise<ApiResource> {
    const known = this.#versions.get(apiVersion);
    const found = (await (known?.kinds ?? this.#ask(apiVersion, budget))).get(kind);
    if (found !== undefined) return found;
    if (known !== undefined && performance.now() - known.at > LEAST_AGE) {
      const again = (await this.#ask(apiVersion, budget)).get(kind);
      if (again !== undefined) return again;
    }
    throw new UnknownKindError(apiVersion, kind);
  }

  /**
   * The kind in this version, or in another that the server has: an object that was recorded before an upgrade of the
   * cluster is still there when the version it was made with is not.
   */
  async findServed(apiVersion: string, kind: string, budget?: RetryBudget): Promise<ApiResource> {
    try {
      return await this.find(apiVersion, kind, budget);
    } catch (error) {
      if (!(error instanceof UnknownKindError) || !apiVersion.includes("/")) throw error;
      for (const version of await this.#versionsOf(groupOf(apiVersion), budget)) {
        const found = await this.find(version, kind, budget).catch(unlessUnknown);
        if (found !== undefined) return found;
      }
      throw error;
    }
  }

  /** Whether the server has the kind at this moment. Its definition may have gone since it was found. */
  async stillServes(resource: ApiResource, budget?: RetryBudget): Promise<boolean> {
    return (await this.#ask(resource.apiVersion, budget)).has(resource.kind);
  }

  async #versionsOf(group: string, budget: RetryBudget | undefined): Promise<readonly string[]> {
    const versions = await this.#list(`/apis/${group}`, "versions", budget);
    return versions.flatMap((version) => textAt(version, "groupVersion") ?? []);
  }

  #ask(apiVersion: string, budget: RetryBudget | undefined): Promise<Kinds> {
    const kinds = this.#fetch(apiVersion, budget);
    const entry = { kinds, at: performance.now() };
    this.#versions.set(apiVersion, entry);
    // A failure is no answer: the next one asks again.
    kinds.catch(() => {
      if (this.#versions.get(apiVersion) === entry) this.#versions.delete(apiVersion);
    });
    return kinds;
  }

  async #fetch(apiVersion: string, budget: RetryBudget | undefined): Promise<Kinds> {
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resources = await this.#list(path, "resources", budget);
    const kinds = resources.flatMap((resource): [string, ApiResource][] => {
      const [plural, kind] = [textAt(resource, "name") ?? "", textAt(resource, "kind") ?? ""];
      // "deployments/scale" is a part of an object, not a kind of its own.
      if (plural === "" || plural.includes("/")) return [];
      return [[kind, { apiVersion, kind, plural, namespaced: resource.namespaced === true }]];
    });
    return new Map(kinds);
  }

  /**
   * What the server says of a group; empty when it has none of that name. Its 404 for that is bare text, as anybody's is,
   * so it counts only from a server that has the core group, which every API server has.
   */
  async #list(
    path: string,
    of: "resources" | "versions",
    budget: RetryBudget | undefined,
  ): Promise<readonly JsonMap[]> {
    try {
      const { body } = await this.#client.request({ method: "GET", path, signal: this.#signal, budget });
      if (at(body, of) === undefined) throw this.#stranger(`without ${of}`, path);
      return mapsAt(body, of);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      if (path === CORE) throw this.#stranger("404", path);
      await this.#list(CORE, "resources", budget);
      return [];
    }
  }

  #stranger(answer: string, path: string): Error {
    return new Error(
      `${this.#client.server} answers ${answer} for ${path}: it is no Kubernetes API server\nFix: check the server address in the kubeconfig.`,
    );
  }
}

function unlessUnknown(error: unknown): undefined {
  if (!(error instanceof UnknownKindError)) throw error;
}
