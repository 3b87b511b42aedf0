import { describe, expect, it } from "vitest";
import { port, service } from "../fixtures.ts";
import { clusterService, externalService, headlessService } from "./service.ts";

const volumes = [{ name: "data", path: "/data", size: "1Gi", storageClass: undefined }];
const twoPorts = [port("http", 80, 8080, { appProtocol: "http" }), port("gossip", 7946, 7947, { protocol: "UDP" })];

describe("the address inside the cluster", () => {
  it("is named for the service and leads to the ports of its pods", () => {
    const manifest = clusterService(service("cart", { ports: twoPorts }));
    expect(manifest?.metadata).toMatchObject({ name: "cart", namespace: "shop" });
    expect(manifest?.spec).toEqual({
      type: "ClusterIP",
      selector: { "app.kubernetes.io/name": "cart", "weft.dev/team": "shop" },
      ports: [
        { name: "http", port: 80, targetPort: 8080, protocol: "TCP", appProtocol: "http" },
        { name: "gossip", port: 7946, targetPort: 7947, protocol: "UDP" },
      ],
    });
  });

  it("is not made for a service that listens on nothing", () => {
    expect(clusterService(service("worker", { ports: [] }))).toBeUndefined();
  });

  it("stays the same when the service is exposed", () => {
    const hidden = clusterService(service("web"));
    expect(clusterService(service("web", { expose: "load-balancer" }))).toEqual(hidden);
  });
});

describe("the address outside the cluster", () => {
  it("is a second Service, made only when it is declared", () => {
    expect(externalService(service("cart"))).toBeUndefined();
    const manifest = externalService(service("web", { expose: "load-balancer", ports: twoPorts }));
    expect(manifest?.metadata.name).toBe("web-external");
    expect(manifest?.spec.type).toBe("LoadBalancer");
    expect(manifest?.spec.ports?.map((exposed) => exposed.port)).toEqual([80, 7946]);
  });

  it("is not made for a service that listens on nothing", () => {
    expect(externalService(service("worker", { expose: "load-balancer", ports: [] }))).toBeUndefined();
  });
});

describe("the Service that governs a StatefulSet", () => {
  it("gives names and no address", () => {
    const manifest = headlessService(service("ledger", { volumes, ports: twoPorts }));
    expect(manifest?.metadata.name).toBe("ledger-headless");
    expect(manifest?.spec.clusterIP).toBe("None");
  });

  it("is made without ports where the service has none", () => {
    const manifest = headlessService(service("indexer", { volumes, ports: [] }));
    expect(Object.keys(manifest?.spec ?? {})).not.toContain("ports");
  });

  it("is not made for a Deployment", () => {
    expect(headlessService(service("cart"))).toBeUndefined();
  });
});
