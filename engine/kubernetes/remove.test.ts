import { afterEach, describe, expect, it } from "vitest";
import { UNKNOWN } from "../property.ts";
import { Cluster } from "./cluster.ts";
import { parseConfig } from "./config.ts";
import type { JsonMap } from "./json.ts";
import { waitUntilGone } from "./remove.ts";
import { FakeServer, type Handler, type Reply } from "./testing/fake-server.ts";

// That objects really go, and what holds them, is proven by the integration test.

const CONFIG_MAPS = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };
const REF = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "web" };
const HELD: JsonMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "web", namespace: "shop", uid: "u", resourceVersion: "120", finalizers: ["weft.test/hold"] },
};
const NOT_FOUND = { message: 'configmaps "web" not found', reason: "NotFound" };
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A cluster that answers so, and the watches it was asked for. */
async function start(answer: Handler) {
  const server = new FakeServer();
  const streams: Reply[] = [];
  server.answer((request, reply) => {
    if (request.query.get("watch") !== "1") return answer(request, reply);
    reply.event("BOOKMARK", { metadata: { resourceVersion: "100" } });
    streams.push(reply);
  });
  const config = parseConfig({ kubeconfig: UNKNOWN });
  const cluster = new Cluster(config, server.connection(await server.listen()), new AbortController().signal);
  closing.push(
    () => server.stop(),
    () => cluster.close(),
  );
  return { server, cluster, streams };
}

describe("waiting until an object is gone", () => {
  it("takes no list from before its deletion for its end", async () => {
    let there = true;
    const { cluster, streams } = await start(({ path }, reply) => {
      if (!path.endsWith("/web")) reply.send(200, { items: [], metadata: { resourceVersion: "110" } });
      else if (there) reply.send(200, HELD);
      else reply.send(404, NOT_FOUND);
    });
    const job = { seconds: 20, signal: new AbortController().signal, status: () => {} };
    const waiting = waitUntilGone(cluster, CONFIG_MAPS, REF, HELD, job);
    await expect.poll(() => streams.length).toBe(1);
    streams[0]?.event("ERROR", { code: 410, reason: "Expired" });
    await expect.poll(() => streams.length).toBe(2);
    there = false;
    streams[1]?.event("DELETED", HELD);
    await waiting;
  });

  it("ends at once when the run is cancelled already", async () => {
    const { cluster, server } = await start(() => {});
    const job = { seconds: 20, signal: AbortSignal.abort(), status: () => {} };
    await expect(waitUntilGone(cluster, CONFIG_MAPS, REF, HELD, job)).rejects.toThrow("aborted");
    expect(server.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });
});
