import { unlessAborted } from "./abort.ts";
import type { ApiClient } from "./client.ts";
import { type JsonMap, mapsAt, withKind } from "./json.ts";

/** Milliseconds for which a list is good enough for whoever asks next. */
const KEPT = 3_000;
const LONGEST = 10_000;

/** Lists that many waiting resources want at about the same time: each is asked for once in a few seconds. */
export class SharedLists {
  readonly #client: ApiClient;
  readonly #signal: AbortSignal;
  readonly #lists = new Map<string, Promise<readonly JsonMap[]>>();

  constructor(client: ApiClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** Throws as the request does, or when `signal`, which is this caller's alone, is aborted. */
  get(
    path: string,
    kind: { readonly apiVersion: string; readonly kind: string },
    signal: AbortSignal,
  ): Promise<readonly JsonMap[]> {
    const known = this.#lists.get(path) ?? this.#ask(path, kind);
    return unlessAborted(known, signal);
  }

  #ask(path: string, kind: { readonly apiVersion: string; readonly kind: string }): Promise<readonly JsonMap[]> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(LONGEST)]);
    const list = this.#client
      .request({ method: "GET", path, signal })
      .then(({ body }) => mapsAt(body, "items").map((item) => withKind(item, kind)));
    this.#lists.set(path, list);
    const forget = () => this.#lists.delete(path);
    list.then(() => setTimeout(forget, KEPT).unref(), forget);
    return list;
  }
}
