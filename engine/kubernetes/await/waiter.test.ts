import { afterEach, describe, expect, it } from "vitest";
import { ApiClient } from "../client.ts";
import type { JsonMap } from "../json.ts";
import { SharedLists } from "../lists.ts";
import { FakeServer, type Received, type Reply } from "../testing/fake-server.ts";
import { Watches } from "../watch.ts";
import { deploymentStatus } from "./deployment.ts";
import type { Rule } from "./rules.ts";
import { serviceStatus } from "./service.ts";
import { claimStatus } from "./storage.ts";
import { UnreadyError, Waiter } from "./waiter.ts";

const DEPLOYMENTS = { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments", namespaced: true };
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Setup {
  readonly rule?: Pick<Rule, "needs" | "judge">;
  readonly timeout?: number;
  readonly resource?: typeof DEPLOYMENTS;
}

/** A waiter for "web", and the stream it listens to. */
async function start(
  setup: Setup = {},
  answer: (request: Received, reply: Reply) => void = (_, reply) => reply.send(200, { items: [] }),
) {
  const server = new FakeServer();
  const streams: Reply[] = [];
  server.answer((request, reply) => {
    if (request.query.get("watch") !== "1") return answer(request, reply);
    reply.event("BOOKMARK", { metadata: { resourceVersion: "10" } });
    streams.push(reply);
  });
  const client = new ApiClient(server.connection(await server.listen()));
  const stop = new AbortController();
  const watches = new Watches(client, stop.signal, { linger: 0, firstPause: 5 });
  const statuses: string[] = [];
  const rule = setup.rule ?? { needs: undefined, judge: deploymentStatus };
  const options = {
    rule,
    timeout: setup.timeout ?? 20,
    signal: stop.signal,
    status: (text: string) => statuses.push(text),
  };
  const lists = new SharedLists(client, stop.signal);
  const waiter = new Waiter({ client, watches, lists }, options, setup.resource ?? DEPLOYMENTS, "shop", "web");
  closing.push(
    () => server.stop(),
    () => client.close(),
    () => stop.abort(),
    () => waiter.close(),
  );
  const opened = () => expect.poll(() => streams.length).toBeGreaterThan(0);
  return { server, watches, waiter, streams, statuses, stop, opened };
}

interface State {
  readonly version: number;
  readonly generation?: number;
  readonly observed?: number;
  readonly available?: number;
  readonly uid?: string;
}

function deployment({ version, generation = 2, observed = generation, available = 0, uid = "u" }: State): JsonMap {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop", uid, generation, resourceVersion: String(version) },
    spec: { replicas: 1, selector: { matchLabels: { app: "web" } } },
    status: {
      observedGeneration: observed,
      updatedReplicas: available,
      availableReplicas: available,
      replicas: available,
    },
  };
}

const failure = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const reasonsOf = (error: unknown) => (error instanceof UnreadyError ? error.reasons : [String(error)]);

describe("waiting", () => {
  it("ends with the first state that is ready, and asks nothing where the written one is", async () => {
    const { waiter, streams, statuses, opened } = await start();
    const waiting = waiter.until(deployment({ version: 10, observed: 1 }), true);
    await opened();
    streams[0]?.event("MODIFIED", deployment({ version: 11 }));
    await expect.poll(() => statuses).toContain("0 of 1 replicas ready");
    streams[0]?.event("MODIFIED", deployment({ version: 12, available: 1 }));
    expect(await waiting).toMatchObject({ metadata: { resourceVersion: "12" } });

    const done = await start();
    await done.waiter.until(deployment({ version: 10, available: 1 }), true);
    expect(done.server.requests).toEqual([]);
  });

  it("is never ended by a state from before the write, nor by an older one that comes late", async () => {
    const { waiter, streams, statuses, opened } = await start();
    const waiting = waiter.until(deployment({ version: 20, observed: 1 }), true);
    await opened();
    const ready = { available: 1 };
    // Delayed: the complete rollout of the generation before, and of another object under the same name.
    streams[0]?.event("MODIFIED", deployment({ version: 15, generation: 1, ...ready }));
    streams[0]?.event("MODIFIED", deployment({ version: 30, generation: 1, ...ready }));
    streams[0]?.event("MODIFIED", deployment({ version: 31, uid: "other", ...ready }));
    // Reordered.
    streams[0]?.event("MODIFIED", deployment({ version: 40 }));
    streams[0]?.event("MODIFIED", deployment({ version: 35, ...ready }));
    streams[0]?.event("MODIFIED", deployment({ version: 41, observed: 1, ...ready }));
    await expect.poll(() => statuses.at(-1)).toBe("waiting for its controller to act");
    streams[0]?.event("MODIFIED", deployment({ version: 42, ...ready }));
    expect(await waiting).toMatchObject({ metadata: { resourceVersion: "42" } });
  });

  it("fails when somebody deletes the object meanwhile, even before the answer to the write", async () => {
    const { waiter, streams, opened } = await start();
    const waiting = failure(waiter.until(deployment({ version: 10 }), false));
    await opened();
    streams[0]?.event("DELETED", deployment({ version: 11, uid: "old" }));
    streams[0]?.event("DELETED", deployment({ version: 12 }));
    expect(reasonsOf(await waiting)).toEqual([
      "Deployment shop/web is not ready: it was deleted by somebody else while it was waited for",
    ]);
  });

  it("goes on from a list when the watch has expired, and sees there that the object is gone", async () => {
    let items = [deployment({ version: 20 })];
    const { waiter, streams, statuses, opened } = await start({}, (request, reply) =>
      reply.send(
        200,
        request.path.endsWith("/deployments") ? { items, metadata: { resourceVersion: "50" } } : { items: [] },
      ),
    );
    const waiting = failure(waiter.until(deployment({ version: 10, observed: 1 }), true));
    await opened();
    streams[0]?.event("ERROR", { code: 410, reason: "Expired" });
    await expect.poll(() => statuses).toContain("0 of 1 replicas ready");
    await expect.poll(() => streams.length).toBe(2);
    items = [];
    streams[1]?.event("ERROR", { code: 410, reason: "Expired" });
    expect(reasonsOf(await waiting)[0]).toMatch(/deleted by somebody else/);
  });

  it("takes no list from before its write for the object's end", async () => {
    const list = { items: [] as JsonMap[], metadata: { resourceVersion: "110" } };
    let listed = 0;
    const { waiter, watches, streams, statuses } = await start({}, ({ path }, reply) => {
      if (path.endsWith("/deployments")) listed++;
      reply.send(200, list);
    });
    // Another resource keeps the stream running, which expires while the write is on its way.
    const quiet = { onChange() {}, onDelete() {}, onReset() {}, onTrouble() {}, onFailure() {} };
    watches.subscribe(DEPLOYMENTS, "shop", { ...quiet, matches: () => false }).startFrom("10");
    await expect.poll(() => streams.length).toBe(1);
    const waiting = waiter.until(deployment({ version: 120, observed: 1 }), false);
    streams[0]?.event("ERROR", { code: 410, reason: "Expired" });
    await expect.poll(() => streams.length).toBe(2);
    expect(listed).toBe(1);
    streams[1]?.event("MODIFIED", deployment({ version: 121 }));
    await expect.poll(() => statuses).toContain("0 of 1 replicas ready");
    streams[1]?.event("MODIFIED", deployment({ version: 122, available: 1 }));
    expect(await waiting).toMatchObject({ metadata: { resourceVersion: "122" } });
  });

  it("sees in a list from after its write that the object is gone, even before the answer to the write", async () => {
    const list = { items: [], metadata: { resourceVersion: "130" } };
    const { waiter, watches, streams } = await start({}, (_, reply) => reply.send(200, list));
    const quiet = { onChange() {}, onDelete() {}, onReset() {}, onTrouble() {}, onFailure() {} };
    watches.subscribe(DEPLOYMENTS, "shop", { ...quiet, matches: () => false }).startFrom("10");
    await expect.poll(() => streams.length).toBe(1);
    streams[0]?.event("ERROR", { code: 410, reason: "Expired" });
    await expect.poll(() => streams.length).toBe(2);
    const error = await failure(waiter.until(deployment({ version: 120, observed: 1 }), false));
    expect(reasonsOf(error)[0]).toMatch(/deleted by somebody else/);
  });

  it("fails at its deadline with the last it knew, and carries the latest state", async () => {
    const { waiter, streams, opened } = await start({ timeout: 1 });
    const waiting = failure(waiter.until(deployment({ version: 10, observed: 1 }), true));
    await opened();
    streams[0]?.event("MODIFIED", deployment({ version: 11 }));
    const error = await waiting;
    expect(reasonsOf(error)).toEqual(["Deployment shop/web is not ready: not ready after 1 s: 0 of 1 replicas ready"]);
    expect(error).toMatchObject({ object: { metadata: { resourceVersion: "11" } } });
  });

  it("says when it can't watch: for a while, and for good", async () => {
    const { waiter, streams, statuses, server, opened } = await start();
    const waiting = failure(waiter.until(deployment({ version: 10 }), true));
    await opened();
    server.answer((_, reply) => reply.send(503, { message: "starting" }));
    streams[0]?.reset();
    await expect.poll(() => statuses.at(-1)).toMatch(/\(watching is interrupted: starting\)$/);
    server.answer((_, reply) => reply.send(403, { message: "no watch for you" }));
    expect(reasonsOf(await waiting)).toEqual([
      "Deployment shop/web is not ready: it can't be watched: no watch for you",
    ]);
  });

  it("keeps what was written when its surroundings can't be read", async () => {
    const services = { apiVersion: "v1", kind: "Service", plural: "services", namespaced: true };
    const rule: Pick<Rule, "needs" | "judge"> = {
      needs: "endpoints",
      judge: (object, { endpoints }) => serviceStatus(object, endpoints),
    };
    const service = {
      ...deployment({ version: 10 }),
      apiVersion: "v1",
      kind: "Service",
      spec: { selector: { app: "web" } },
    };
    const { waiter } = await start({ rule, resource: services }, (_, reply) =>
      reply.send(403, { message: "no slices for you" }),
    );
    const error = await failure(waiter.until(service, true));
    expect(reasonsOf(error)).toEqual([
      "Service shop/web is not known to be ready: it can't be watched: no slices for you",
    ]);
    expect(error).toMatchObject({ object: { metadata: { uid: "u" } } });
  });

  it("takes a Service's own slices for its endpoints, and not those of its predecessor", async () => {
    const services = { apiVersion: "v1", kind: "Service", plural: "services", namespaced: true };
    const rule: Pick<Rule, "needs" | "judge"> = {
      needs: "endpoints",
      judge: (object, { endpoints }) => serviceStatus(object, endpoints),
    };
    const slice = (name: string, owner: string, version: number): JsonMap => ({
      metadata: {
        name,
        resourceVersion: String(version),
        labels: { "kubernetes.io/service-name": "web" },
        ownerReferences: [{ kind: "Service", uid: owner }],
      },
      endpoints: [{ conditions: { ready: true } }],
    });
    const service = {
      ...deployment({ version: 10 }),
      apiVersion: "v1",
      kind: "Service",
      spec: { selector: { app: "web" } },
    };
    const { waiter, streams, statuses } = await start({ rule, resource: services });
    const waiting = waiter.until(service, false);
    await expect.poll(() => streams.length).toBe(2);
    for (const stream of streams) stream.event("MODIFIED", slice("web-old", "predecessor", 11));
    await expect.poll(() => statuses).toContain("waiting for its endpoints");
    for (const stream of streams) stream.event("ADDED", slice("web-new", "u", 12));
    expect(await waiting).toMatchObject({ kind: "Service" });
  });

  it("looks up how a claim's class binds", async () => {
    const claims = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      plural: "persistentvolumeclaims",
      namespaced: true,
    };
    const rule: Pick<Rule, "needs" | "judge"> = {
      needs: "binding-mode",
      judge: (claim, { bindingMode }) => claimStatus(claim, bindingMode),
    };
    const claim = {
      ...deployment({ version: 10 }),
      kind: "PersistentVolumeClaim",
      spec: { storageClassName: "late" },
      status: { phase: "Pending" },
    };
    const { waiter, server, statuses } = await start({ rule, resource: claims }, (_, reply) =>
      reply.send(200, { volumeBindingMode: "WaitForFirstConsumer" }),
    );
    await waiter.until(claim, false);
    expect(statuses).toEqual(["it is bound when a pod first uses it"]);
    expect(server.requests.map(({ path }) => path)).toContain("/apis/storage.k8s.io/v1/storageclasses/late");
  });
});
