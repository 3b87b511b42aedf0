import { ApiClient } from "./client.ts";
import type { ProviderConfig } from "./config.ts";
import type { Connection } from "./connection.ts";
import { Discovery } from "./discovery.ts";
import { SharedLists } from "./lists.ts";
import { Objects } from "./objects.ts";
import { Watches } from "./watch.ts";

/** One API server, and what is shared by everything that is done with it. */
export class Cluster {
  readonly client: ApiClient;
  readonly discovery: Discovery;
  readonly objects: Objects;
  readonly watches: Watches;
  readonly lists: SharedLists;
  readonly config: ProviderConfig;
  readonly #stop = new AbortController();
  readonly signal: AbortSignal;

  constructor(config: ProviderConfig, connection: Connection, signal: AbortSignal) {
    this.config = config;
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    this.client = new ApiClient(connection);
    this.discovery = new Discovery(this.client, this.signal);
    this.objects = new Objects(this.client, this.discovery);
    this.watches = new Watches(this.client, this.signal);
    this.lists = new SharedLists(this.client, this.signal);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.client.close();
  }
}
