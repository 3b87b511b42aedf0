import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { ApiClient } from "./client.ts";
import { collectionPath, Discovery, objectPath, placeOf } from "./discovery.ts";
import { FakeServer } from "./testing/fake-server.ts";

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
    server.answer((_, reply) => reply.send(404, {}));
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
    server.answer(({ path }, reply) => {
      if (path === "/apis/autoscaling") reply.send(200, { versions: [{ groupVersion: "autoscaling/v2" }] });
      else if (path === "/apis/autoscaling/v2") {
        reply.send(200, {
          resources: [{ name: "horizontalpodautoscalers", kind: "HorizontalPodAutoscaler", namespaced: true }],
        });
      } else reply.send(404, {});
    });
    expect(await discovery.findServed("autoscaling/v2beta2", "HorizontalPodAutoscaler")).toMatchObject({
      apiVersion: "autoscaling/v2",
    });
    await expect(discovery.findServed("gone.dev/v1", "Widget")).rejects.toThrow("knows no gone.dev/v1 Widget");
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
