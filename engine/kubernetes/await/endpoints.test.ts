import { afterEach, describe, expect, it } from "vitest";
import { ApiClient } from "../client.ts";
import type { JsonMap } from "../json.ts";
import { SharedLists } from "../lists.ts";
import { FakeServer, type Handler, type Reply } from "../testing/fake-server.ts";
import { Watches } from "../watch.ts";
import { ServiceEndpoints } from "./endpoints.ts";

const SERVICE: JsonMap = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "shop", uid: "u", resourceVersion: "10" },
  spec: { selector: { app: "web" } },
};
const DEPLOYMENT = { metadata: { name: "web" }, spec: { template: { metadata: { labels: { app: "web" } } } } };
const { signal } = new AbortController();
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function slice(version: number, endpoints: readonly JsonMap[] = []): JsonMap {
  const labels = { "kubernetes.io/service-name": "web" };
  return { metadata: { name: "web-1", uid: "s", resourceVersion: String(version), labels }, endpoints };
}

/** What several Services named "web" know, and the stream they listen to. */
async function start(answer: Handler, count = 1) {
  const server = new FakeServer();
  const streams: Reply[] = [];
  server.answer((request, reply) => {
    if (request.query.get("watch") !== "1") return answer(request, reply);
    reply.event("BOOKMARK", { metadata: { resourceVersion: "10" } });
    streams.push(reply);
  });
  const client = new ApiClient(server.connection(await server.listen()));
  const stop = new AbortController();
  const watches = new Watches(client, stop.signal, { linger: 0 });
  const shared = { client, watches, lists: new SharedLists(client, stop.signal) };
  const listeners = { onTrouble() {}, onFailure() {}, onChange() {} };
  const services = Array.from({ length: count }, () => new ServiceEndpoints(shared, "shop", "web", listeners));
  closing.push(
    () => server.stop(),
    () => client.close(),
    () => stop.abort(),
  );
  const lists = () => server.requests.filter(({ query }) => query.get("watch") === null).map(({ path }) => path);
  return { services, streams, lists };
}

describe("looking for who makes a Service's pods", () => {
  it("asks nothing as long as that is not the question", async () => {
    const { services, streams, lists } = await start((_, reply) => reply.send(200, { items: [DEPLOYMENT] }));
    const [web] = services;
    await web?.start(SERVICE, false, signal);
    await web?.look(SERVICE, signal);
    await expect.poll(() => streams.length).toBe(1);
    streams[0]?.event("ADDED", slice(11, [{ conditions: { ready: false } }]));
    await expect.poll(() => web?.known.slices.length).toBe(1);
    await web?.look(SERVICE, signal);
    expect(lists()).toEqual([]);
  });

  it("ends with the first that is found, and asks once for all Services of a namespace", async () => {
    const { services, streams, lists } = await start((_, reply) => reply.send(200, { items: [DEPLOYMENT] }), 5);
    for (const service of services) await service.start(SERVICE, false, signal);
    await expect.poll(() => streams.length).toBe(1);
    streams[0]?.event("ADDED", slice(11));
    await expect.poll(() => services.map(({ known }) => known.slices.length)).toEqual([1, 1, 1, 1, 1]);
    await Promise.all(services.map((service) => service.look(SERVICE, signal)));
    expect(services.map(({ known }) => known.workload)).toEqual(Array(5).fill("Deployment web"));
    expect(lists()).toEqual(["/apis/apps/v1/namespaces/shop/deployments"]);
  });
});

describe("a Service that was there before", () => {
  it("gets back no slice from a late list that was deleted meanwhile", async () => {
    const asked = Promise.withResolvers<Reply>();
    const { services, streams } = await start((_, reply) => asked.resolve(reply));
    const [web] = services;
    const starting = web?.start(SERVICE, true, signal);
    const list = await asked.promise;
    await expect.poll(() => streams.length).toBe(1);
    streams[0]?.event("ADDED", slice(11));
    await expect.poll(() => web?.known.slices.length).toBe(1);
    streams[0]?.event("DELETED", slice(12));
    await expect.poll(() => web?.known.slices.length).toBe(0);
    list.send(200, { items: [slice(11)] });
    await starting;
    expect(web?.known.slices).toEqual([]);
  });
});
