import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, UnreachableError } from "./api-error.ts";
import { isVersionAtLeast } from "./checkpoint.ts";
import type { ApiClient } from "./client.ts";
import { type ApiResource, collectionPath } from "./discovery.ts";
import { type JsonMap, mapsAt, textAt, withKind } from "./json.ts";

/** What one waiting resource wants to know of the objects of a kind in a namespace. */
export interface Interest {
  matches(object: JsonMap): boolean;
  /** A matching object appeared or changed. */
  onChange(object: JsonMap): void;
  onDelete(object: JsonMap): void;
  /** Events were missed: this is all there was at that version, which may be older than what was just written. */
  onReset(objects: readonly JsonMap[], version: string): void;
  /** The stream is interrupted and will be tried again. `undefined`: it goes on. */
  onTrouble(error: Error | undefined): void;
  /** The stream can't be had. Nothing comes after this. */
  onFailure(error: Error): void;
}

export interface Subscription {
  /** Sees to it that everything after this version is reported. Until then, only what the stream happens to carry. */
  startFrom(resourceVersion: string): void;
  close(): void;
}

export interface WatchOptions {
  /** Milliseconds a stream is kept without anybody listening: the next resource often comes soon. */
  readonly linger: number;
  /** Milliseconds without any answer after which watching is given up. */
  readonly outage: number;
  /** Milliseconds before the first new attempt; doubles up to `longestPause`. */
  readonly firstPause: number;
  readonly longestPause: number;
}

const DEFAULT_OPTIONS: WatchOptions = { linger: 1_000, outage: 60_000, firstPause: 100, longestPause: 5_000 };
/** The server ends a watch after this many seconds; a new one spreads load over the servers of a cluster. */
const WATCH_SECONDS = 290;
const PAGE = "500";
const QUICK_END = 1_000;

/**
 * Shared watches: one stream for each kind and namespace, however many resources wait there. A stream starts at the
 * version of the write that first needs it, so nothing is listed that nobody asked about, and no object is kept: each is
 * handed to those it concerns. After an interruption the stream goes on where it was; when the server no longer has those
 * versions (410), everything is listed once and reported as a reset.
 */
export class Watches {
  readonly #client: ApiClient;
  readonly #signal: AbortSignal;
  readonly #options: WatchOptions;
  readonly #streams = new Map<string, Stream>();

  constructor(client: ApiClient, signal: AbortSignal, options: Partial<WatchOptions> = {}) {
    this.#client = client;
    this.#signal = signal;
    this.#options = { ...DEFAULT_OPTIONS, ...options };
  }

  subscribe(resource: ApiResource, namespace: string | undefined, interest: Interest): Subscription {
    const place = resource.namespaced ? namespace : undefined;
    const key = `${resource.apiVersion}/${resource.plural} ${place ?? ""}`;
    const known = this.#streams.get(key);
    if (known !== undefined) return known.add(interest);
    const stream = new Stream(this.#client, this.#signal, this.#options, resource, place, () => {
      // One that failed may still linger when another has long taken its place.
      if (this.#streams.get(key) === stream) this.#streams.delete(key);
    });
    this.#streams.set(key, stream);
    return stream.add(interest);
  }
}

interface Listed {
  readonly found: ReadonlyMap<Interest, readonly JsonMap[]>;
  /** What was listed is of this version. */
  readonly version: string;
}

class Stream {
  readonly #client: ApiClient;
  readonly #options: WatchOptions;
  readonly #resource: ApiResource;
  readonly #path: string;
  readonly #ended: () => void;
  readonly #interests = new Set<Interest>();
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  /** The version that the stream began at; `undefined` while nobody has needed it. */
  #began: string | undefined;
  /** The version that it is at. */
  #version: string | undefined;
  #lingering: NodeJS.Timeout | undefined;

  constructor(
    client: ApiClient,
    signal: AbortSignal,
    options: WatchOptions,
    resource: ApiResource,
    namespace: string | undefined,
    ended: () => void,
  ) {
    this.#client = client;
    this.#options = options;
    this.#resource = resource;
    this.#path = collectionPath(resource, namespace);
    this.#ended = ended;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  add(interest: Interest): Subscription {
    clearTimeout(this.#lingering);
    this.#interests.add(interest);
    const since = this.#version;
    return {
      startFrom: (version) => {
        if (this.#began === undefined) this.#start(version);
        // What came before it listened, or before the stream began for somebody else, it has not heard of.
        else if (!isVersionAtLeast(version, since ?? this.#began)) this.#catchUp(interest);
      },
      close: () => {
        if (!this.#interests.delete(interest) || this.#interests.size > 0) return;
        this.#lingering = setTimeout(() => this.#close(), this.#options.linger);
        // A stream that nobody needs must not keep the process alive.
        this.#lingering.unref();
      },
    };
  }

  #close(): void {
    this.#ended();
    this.#stop.abort();
  }

  #start(version: string): void {
    this.#began = version;
    this.#version = version;
    this.#run().catch((error: unknown) => {
      if (this.#signal.aborted) return;
      this.#ended();
      for (const interest of [...this.#interests]) interest.onFailure(error as Error);
    });
  }

  /** The stream itself goes on where it is. */
  #catchUp(interest: Interest): void {
    this.#list([interest]).then(
      ({ found, version }) => {
        if (this.#interests.has(interest)) interest.onReset(found.get(interest) ?? [], version);
      },
      (error: Error) => {
        if (!this.#signal.aborted && this.#interests.has(interest)) interest.onFailure(error);
      },
    );
  }

  async #run(): Promise<void> {
    let failures = 0;
    let downSince: number | undefined;
    let expired = false;
    const onOpen = () => {
      if (downSince !== undefined) for (const interest of [...this.#interests]) interest.onTrouble(undefined);
      downSince = undefined;
    };
    while (!this.#signal.aborted) {
      const opened = performance.now();
      try {
        if (expired) await this.#relist();
        expired = false;
        for await (const { type, object } of this.#client.watch(this.#path, this.#query(), this.#signal, onOpen)) {
          failures = 0;
          this.#version = textAt(object, "metadata", "resourceVersion") ?? this.#version;
          if (type !== "BOOKMARK") this.#report(type === "DELETED", withKind(object, this.#resource));
        }
        // The server ended it, as it does every few minutes. One that ends at once is not asked again at once.
        if (performance.now() - opened > QUICK_END) failures = 0;
        else await this.#pause(++failures);
      } catch (error) {
        if (this.#signal.aborted) return;
        if (error instanceof ApiError && (error.status === 410 || error.reason === "Expired")) {
          expired = true;
          await this.#pause(++failures);
          continue;
        }
        downSince ??= performance.now();
        if (!isTransient(error) || performance.now() - downSince > this.#options.outage) throw error;
        for (const interest of [...this.#interests]) interest.onTrouble(error as Error);
        await this.#pause(++failures);
      }
    }
  }

  async #pause(failures: number): Promise<void> {
    const pause = Math.min(this.#options.firstPause * 2 ** (failures - 1), this.#options.longestPause);
    // Aborted means stopped: the loop sees that itself.
    await sleep(pause, undefined, { signal: this.#signal }).catch(() => {});
  }

  #query(): Record<string, string | undefined> {
    return {
      resourceVersion: this.#version,
      allowWatchBookmarks: "true",
      timeoutSeconds: String(WATCH_SECONDS),
    };
  }

  #report(deleted: boolean, object: JsonMap): void {
    for (const interest of [...this.#interests]) {
      if (!interest.matches(object)) continue;
      if (deleted) interest.onDelete(object);
      else interest.onChange(object);
    }
  }

  async #relist(): Promise<void> {
    let listed: Listed;
    do {
      listed = await this.#list([...this.#interests]);
      // Who came while it was listed may have written between two pages.
    } while ([...this.#interests].some((interest) => !listed.found.has(interest)) && !this.#signal.aborted);
    const { found, version } = listed;
    this.#version = version;
    for (const [interest, objects] of found) if (this.#interests.has(interest)) interest.onReset(objects, version);
  }

  /** Page by page: only what somebody waits for is kept meanwhile. */
  async #list(interests: readonly Interest[]): Promise<Listed> {
    const found = new Map(interests.map((interest): [Interest, JsonMap[]] => [interest, []]));
    let version = "";
    let next: string | undefined;
    do {
      const { body } = await this.#client.request({
        method: "GET",
        path: this.#path,
        query: { limit: PAGE, continue: next },
        signal: this.#signal,
      });
      for (const item of mapsAt(body, "items")) {
        const object = withKind(item, this.#resource);
        for (const [interest, objects] of found) if (interest.matches(object)) objects.push(object);
      }
      next = textAt(body, "metadata", "continue") || undefined;
      version = textAt(body, "metadata", "resourceVersion") ?? version;
    } while (next !== undefined);
    return { found, version };
  }
}

function isTransient(error: unknown): boolean {
  if (error instanceof UnreachableError) return !error.lasting;
  return error instanceof ApiError && (error.status === 429 || error.status === 401 || error.status >= 500);
}
