import { isAtLeastAsNew, uidOf, versionOf } from "../checkpoint.ts";
import type { ApiClient } from "../client.ts";
import type { Cluster } from "../cluster.ts";
import { type ApiResource, collectionPath } from "../discovery.ts";
import { type JsonMap, mapsAt, textAt, withKind } from "../json.ts";
import { refOf } from "../kinds.ts";
import type { SharedLists } from "../lists.ts";
import type { Interest, Subscription } from "../watch.ts";
import { type Endpoints, presentEndpoints, SETTLE_TIME, selectedWorkload } from "./service.ts";

const SLICES: ApiResource = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
};
const WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet"];

/** What is known of where a Service leads to, while it is waited for. */
export class ServiceEndpoints {
  readonly #client: ApiClient;
  readonly #lists: SharedLists;
  readonly #subscription: Subscription;
  /** The Service, once it is written. */
  #service: JsonMap | undefined;
  #slices = new Map<string, JsonMap>();
  /** Slices that were deleted: the answer to a list may come later than the event. */
  readonly #gone = new Set<string | undefined>();
  #changedAt = performance.now();
  #workload: string | undefined;

  constructor(
    { client, lists, watches }: Pick<Cluster, "client" | "lists" | "watches">,
    namespace: string | undefined,
    name: string,
    listeners: Pick<Interest, "onTrouble" | "onFailure"> & { onChange(): void },
  ) {
    this.#client = client;
    this.#lists = lists;
    const changed = () => {
      this.#changedAt = performance.now();
      listeners.onChange();
    };
    this.#subscription = watches.subscribe(SLICES, namespace, {
      ...listeners,
      matches: (slice) => textAt(slice, "metadata", "labels", "kubernetes.io/service-name") === name,
      onChange: (slice) => {
        this.#keep(slice);
        changed();
      },
      onDelete: (slice) => {
        this.#slices.delete(textAt(slice, "metadata", "name") ?? "");
        this.#gone.add(uidOf(slice));
        changed();
      },
      onReset: (slices) => {
        this.#slices = new Map();
        for (const slice of slices) this.#keep(slice);
        changed();
      },
    });
  }

  get known(): Endpoints {
    const slices = [...this.#slices.values()].filter((slice) => this.#mayBelong(slice));
    return { slices, quiet: performance.now() - this.#changedAt, workload: this.#workload };
  }

  /** Milliseconds until nothing has changed for long enough; 0 when that was reached. */
  get untilSettled(): number {
    return Math.max(0, SETTLE_TIME - (performance.now() - this.#changedAt));
  }

  /** `existed`: the Service was there before, so it may have slices that never change again. */
  async start(service: JsonMap, existed: boolean, signal: AbortSignal): Promise<void> {
    this.#service = service;
    this.#subscription.startFrom(versionOf(service));
    if (!existed) return;
    const { name, namespace } = refOf(service);
    const query = { labelSelector: `kubernetes.io/service-name=${name}` };
    const { body } = await this.#client.request({
      method: "GET",
      path: collectionPath(SLICES, namespace),
      query,
      signal,
    });
    for (const slice of mapsAt(body, "items")) this.#keep(withKind(slice, SLICES));
  }

  /**
   * Finds out whether somebody wants pods that the Service selects, where that is the question: nothing else is unknown.
   * What can't be read counts as nobody.
   */
  async look(service: JsonMap, signal: AbortSignal): Promise<void> {
    const { slices } = this.known;
    if (slices.length === 0 || presentEndpoints(slices).length > 0) return;
    this.#workload = await this.#workloadFor(service, signal);
  }

  async #workloadFor(service: JsonMap, signal: AbortSignal): Promise<string | undefined> {
    for (const kind of WORKLOADS) {
      const path = `/apis/apps/v1/namespaces/${textAt(service, "metadata", "namespace")}/${kind.toLowerCase()}s`;
      const items = await this.#lists.get(path, { apiVersion: "apps/v1", kind }, signal).catch(() => []);
      const found = selectedWorkload(service, items);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  close(): void {
    this.#subscription.close();
  }

  #keep(slice: JsonMap): void {
    if (this.#gone.has(uidOf(slice))) return;
    const name = textAt(slice, "metadata", "name") ?? "";
    const known = this.#slices.get(name);
    if (known === undefined || isAtLeastAsNew(slice, known)) this.#slices.set(name, slice);
  }

  /** A Service that was replaced under its name leaves slices behind until they are collected. */
  #mayBelong(slice: JsonMap): boolean {
    const owner = mapsAt(slice, "metadata", "ownerReferences").find((reference) => reference.kind === "Service");
    return owner === undefined || this.#service === undefined || owner.uid === uidOf(this.#service);
  }
}
