import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { UnknownKindError } from "./api-error.ts";
import { ApiClient } from "./client.ts";
import { collectionPath, Discovery, objectPath, placeOf } from "./discovery.ts";
import { FakeServer, type Handler } from "./testing/fake-server.ts";

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start() {
  const server = new FakeServer();
  const port = await server.listen();
  const client = new ApiClient(server.connection(port));
  closing.push(
    () => server.stop(),
    () => client.close(),
  );
  return { server, discovery: new Discovery(client, new AbortController().signal) };
}

/** What an API server with these groups says, besides the core group. */
function apiServer(groups: Readonly<Record<string, object>>): Handler {
  return ({ path }, reply) => {
    const answer = path === "/api/v1" ? { resources: [{ name: "pods", kind: "Pod", namespaced: true }] } : groups[path];
    if (answer === undefined) reply.send(404, "404 page not found\n");
    else reply.send(200, answer);
  };
}

const deployments = { name: "deployments", kind: "Deployment", namespaced: true };

describe("discovery", () => {
  it("asks once for each group version, however many kinds and callers", async () => {
    const { server, discovery } = await start();
    const resources = [
      deployments,
      { name: "deployments/scale", kind: "Scale", namespaced: true },
      { name: "daemonsets", kind: "DaemonSet", namespaced: true },
    ];
    server.answer((_, reply) => reply.send(200, { resources }));
    const found = await Promise.all([
      discovery.find("apps/v1", "Deployment"),
      discovery.find("apps/v1", "DaemonSet"),
      discovery.find("apps/v1", "Deployment"),
    ]);
    expect(found.map(({ plural }) => plural)).toEqual(["deployments", "daemonsets", "deployments"]);
    expect(server.requests.map(({ path }) => path)).toEqual(["/apis/apps/v1"]);
    await expect(discovery.find("apps/v1", "Scale")).rejects.toThrow("knows no apps/v1 Scale");
  });

  it("finds a kind that a definition added meanwhile", async () => {
    const { server, discovery } = await start();
    server.answer(apiServer({}));
    await expect(discovery.find("weft.dev/v1", "Widget")).rejects.toThrow("knows no weft.dev/v1 Widget");
    server.answer((_, reply) =>
      reply.send(200, { resources: [{ name: "widgets", kind: "Widget", namespaced: true }] }),
    );
    await sleep(600);
    expect(await discovery.find("weft.dev/v1", "Widget")).toMatchObject({ plural: "widgets", namespaced: true });
  });

  it("does not keep a failure for an answer", async () => {
    const { server, discovery } = await start();
    server.answer((_, reply) => reply.send(403, { message: "no" }));
    await expect(discovery.find("apps/v1", "Deployment")).rejects.toThrow("no");
    server.answer((_, reply) => reply.send(200, { resources: [deployments] }));
    expect(await discovery.find("apps/v1", "Deployment")).toMatchObject({ plural: "deployments" });
  });

  it("finds an object's kind in another version when its own is served no more", async () => {
    const { server, discovery } = await start();
    const autoscalers = { name: "horizontalpodautoscalers", kind: "HorizontalPodAutoscaler", namespaced: true };
    server.answer(
      apiServer({
        "/apis/autoscaling": { versions: [{ groupVersion: "autoscaling/v2" }] },
        "/apis/autoscaling/v2": { resources: [autoscalers] },
      }),
    );
    expect(await discovery.findServed("autoscaling/v2beta2", "HorizontalPodAutoscaler")).toMatchObject({
      apiVersion: "autoscaling/v2",
    });
    await expect(discovery.findServed("gone.dev/v1", "Widget")).rejects.toThrow("knows no gone.dev/v1 Widget");
  });

  it("takes no failure of another version for a kind that is unknown", async () => {
    const { server, discovery } = await start();
    const versions = { "/apis/weft.dev": { versions: [{ groupVersion: "weft.dev/v2" }] } };
    server.answer((request, reply) => {
      if (request.path === "/apis/weft.dev/v2") reply.send(403, { message: "no" });
      else return apiServer(versions)(request, reply);
    });
    await expect(discovery.findServed("weft.dev/v1", "Widget")).rejects.toThrow(/^no$/);
  });

  it("believes that a kind is unknown only from an API server", async () => {
    const { server, discovery } = await start();
    const stranger = /^https:\/\/127\.0\.0\.1:\d+ answers 404 for \/api\/v1: it is no Kubernetes API server\nFix: /;
    server.answer((_, reply) => reply.send(404, "default backend - 404"));
    await expect(discovery.find("apps/v1", "Deployment")).rejects.toThrow(stranger);
    await expect(discovery.findServed("apps/v1", "Deployment")).rejects.toThrow(stranger);
    await expect(discovery.find("v1", "Pod")).rejects.toThrow(stranger);
    // Not even when it was one before.
    server.answer(apiServer({}));
    await expect(discovery.find("v1", "Widget")).rejects.toThrow(UnknownKindError);
    server.answer((_, reply) => reply.send(404, "default backend - 404"));
    await expect(discovery.findServed("weft.dev/v1", "Widget")).rejects.toThrow(stranger);
    server.answer((_, reply) => reply.send(200, { status: "maintenance" }));
    await expect(discovery.find("batch/v1", "Job")).rejects.toThrow(/answers without resources for \/apis\/batch\/v1/);
  });

  it("knows whether a kind that was found is still there", async () => {
    const { server, discovery } = await start();
    const widgets = { resources: [{ name: "widgets", kind: "Widget", namespaced: true }] };
    server.answer(apiServer({ "/apis/weft.dev/v1": widgets }));
    const widget = await discovery.find("weft.dev/v1", "Widget");
    expect(await discovery.stillServes(widget)).toBe(true);
    server.answer(apiServer({}));
    expect(await discovery.stillServes(widget)).toBe(false);
  });

  it("makes paths of kinds and objects", () => {
    const pods = { apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true };
    const roles = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      plural: "clusterroles",
      namespaced: false,
    };
    const ref = { apiVersion: "", kind: "", namespace: "shop", name: "a:b" };
    expect(objectPath(pods, ref)).toBe("/api/v1/namespaces/shop/pods/a%3Ab");
    expect(objectPath(pods, { ...ref, namespace: undefined })).toBe("/api/v1/namespaces/default/pods/a%3Ab");
    expect(objectPath(roles, ref)).toBe("/apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Ab");
    expect(collectionPath(pods, undefined)).toBe("/api/v1/pods");
    expect([placeOf(pods, { ...ref, namespace: undefined }), placeOf(roles, ref)]).toEqual(["default", undefined]);
  });
});
