import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { Catalog, ServiceSpec } from "../catalog/index.ts";
import { loadCatalog } from "../catalog/index.ts";

const folder = (name: string) => new URL(`${name}/`, import.meta.url).pathname;

function callsOf({ services }: Catalog): Record<string, string[]> {
  const calls = services.map(({ name, calls }): [string, string[]] => [
    name,
    calls.map((call) => (call.kind === "service" ? call.service : `${call.cidr}:${call.port}`)),
  ]);
  return Object.fromEntries(calls.filter(([, targets]) => targets.length > 0));
}

function service({ services }: Catalog, name: string): ServiceSpec {
  const found = services.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
}

describe.each(["online-boutique", "shop"])("examples/%s", (name) => {
  it("tells editors where the schema is, in every file", async () => {
    for (const file of await readdir(folder(name))) {
      const [first] = (await readFile(folder(name) + file, "utf8")).split("\n");
      expect([file, first]).toEqual([file, "# yaml-language-server: $schema=../../catalog/service.schema.json"]);
    }
  });

  it("names each file for its service", async () => {
    const { services } = await loadCatalog(folder(name));
    expect(services.map(({ file }) => file)).toEqual(services.map((each) => `${each.name}.yaml`));
  });

  it("passes a variable with an address for every service that is called", async () => {
    const { services } = await loadCatalog(folder(name));
    for (const { name, calls, environment } of services) {
      const addresses = Object.values(environment).flatMap((value) =>
        value.kind === "address" ? [value.service] : [],
      );
      const called = calls.flatMap((call) => (call.kind === "service" ? [call.service] : []));
      expect([name, addresses.sort()]).toEqual([name, called.sort()]);
    }
  });
});

// Whether these images really serve pages is not proved here: nothing is pulled and nothing runs.
describe("examples/online-boutique", () => {
  it("declares the twelve workloads with the ports and resources of the release", async () => {
    const { services } = await loadCatalog(folder("online-boutique"));
    const facts = services.map(({ name, ports, resources: { requests, limits } }) => {
      const port = ports.map((each) => `${each.name} ${each.port} ${each.targetPort}`).join();
      return [name, port, requests.cpu, requests.memory, limits.cpu, limits.memory];
    });
    expect(facts).toEqual([
      ["adservice", "grpc 9555 9555", "200m", "180Mi", "300m", "300Mi"],
      ["cartservice", "grpc 7070 7070", "200m", "64Mi", "300m", "128Mi"],
      ["checkoutservice", "grpc 5050 5050", "100m", "64Mi", "200m", "128Mi"],
      ["currencyservice", "grpc 7000 7000", "100m", "64Mi", "200m", "128Mi"],
      ["emailservice", "grpc 5000 8080", "100m", "64Mi", "200m", "128Mi"],
      ["frontend", "http 80 8080", "100m", "64Mi", "200m", "128Mi"],
      ["loadgenerator", "", "300m", "256Mi", "500m", "512Mi"],
      ["paymentservice", "grpc 50051 50051", "100m", "64Mi", "200m", "128Mi"],
      ["productcatalogservice", "grpc 3550 3550", "100m", "64Mi", "200m", "128Mi"],
      ["recommendationservice", "grpc 8080 8080", "100m", "220Mi", "200m", "450Mi"],
      ["redis-cart", "tcp-redis 6379 6379", "70m", "200Mi", "125m", "256Mi"],
      ["shippingservice", "grpc 50051 50051", "100m", "64Mi", "200m", "128Mi"],
    ]);
  });

  it("calls what the processes really call", async () => {
    expect(callsOf(await loadCatalog(folder("online-boutique")))).toEqual({
      cartservice: ["redis-cart"],
      checkoutservice: [
        "cartservice",
        "currencyservice",
        "emailservice",
        "paymentservice",
        "productcatalogservice",
        "shippingservice",
      ],
      frontend: [
        "adservice",
        "cartservice",
        "checkoutservice",
        "currencyservice",
        "productcatalogservice",
        "recommendationservice",
        "shippingservice",
      ],
      loadgenerator: ["frontend"],
      recommendationservice: ["productcatalogservice"],
    });
  });

  it("runs one release, in one namespace, as the user the images are made for", async () => {
    const { services } = await loadCatalog(folder("online-boutique"));
    const own = services.filter(({ name }) => name !== "redis-cart");
    const registry = "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo";
    expect(own.map(({ image }) => image)).toEqual(own.map(({ name }) => `${registry}/${name}:v0.10.6`));
    expect(new Set(services.map(({ team }) => team))).toEqual(new Set(["online-boutique"]));
    expect(services.every(({ runAs }) => runAs.user === 1000 && runAs.group === 1000)).toBe(true);
  });

  it("asks every service in its own protocol, and the frontend with a session of its own", async () => {
    const catalog = await loadCatalog(folder("online-boutique"));
    const others = catalog.services.filter(({ ports }) => ports[0]?.name === "grpc");
    expect(others).toHaveLength(9);
    for (const { health } of others) {
      expect(health.readiness).toEqual({ kind: "grpc", port: "grpc", service: undefined });
    }
    expect(service(catalog, "frontend").health).toMatchObject({
      readiness: { kind: "http", path: "/_healthz", headers: { Cookie: "shop_session-id=x-readiness-probe" } },
      liveness: { kind: "http", path: "/_healthz", headers: { Cookie: "shop_session-id=x-liveness-probe" } },
    });
    expect(service(catalog, "loadgenerator").health.readiness.kind).toBe("exec");
    expect(service(catalog, "redis-cart").health.readiness).toEqual({ kind: "tcp", port: "tcp-redis" });
  });

  it("opens only the frontend to the outside, and keeps one Redis", async () => {
    const catalog = await loadCatalog(folder("online-boutique"));
    const open = catalog.services.filter(({ expose }) => expose === "load-balancer");
    expect(open.map(({ name, critical }) => [name, critical])).toEqual([["frontend", true]]);
    expect(service(catalog, "redis-cart")).toMatchObject({
      scale: { kind: "fixed", replicas: 1 },
      scratch: [{ path: "/data" }],
      callers: ["cartservice"],
      volumes: [],
    });
    const scaled = catalog.services.filter(({ scale }) => scale.kind === "auto");
    expect(scaled.map(({ scale }) => scale)).toEqual(scaled.map(() => ({ kind: "auto", min: 2, max: 100, cpu: 70 })));
    expect(scaled).toHaveLength(10);
  });

  it("switches profilers off and gives the frontend the address it will not start without", async () => {
    const catalog = await loadCatalog(folder("online-boutique"));
    const switched = catalog.services.filter(({ environment }) => "DISABLE_PROFILER" in environment);
    expect(switched.map(({ name }) => name)).toEqual([
      "currencyservice",
      "emailservice",
      "paymentservice",
      "productcatalogservice",
      "recommendationservice",
      "shippingservice",
    ]);
    const { environment } = service(catalog, "frontend");
    expect(environment.SHOPPING_ASSISTANT_SERVICE_ADDR).toMatchObject({ kind: "value" });
    expect(environment.CART_SERVICE_ADDR).toMatchObject({ kind: "address", service: "cartservice", scheme: undefined });
  });
});

describe("examples/shop", () => {
  it("tells the story of an order across four teams", async () => {
    const catalog = await loadCatalog(folder("shop"));
    expect(catalog.services.map(({ name, team }) => `${team}/${name}`)).toEqual([
      "fulfilment/inventory",
      "commerce/invoices",
      "storefront/notifications",
      "commerce/orders",
      "commerce/payments",
      "fulfilment/shipping",
      "media/uploads",
      "storefront/web",
    ]);
    expect(callsOf(catalog)).toEqual({
      invoices: ["orders"],
      notifications: ["192.0.2.25/32:587"],
      orders: ["payments", "inventory", "shipping", "notifications"],
      payments: ["203.0.113.0/24:443"],
      shipping: ["inventory", "notifications", "198.51.100.0/24:443"],
      web: ["orders", "inventory", "uploads"],
    });
  });

  it("uses every kind of health check, scale, disk and secret", async () => {
    const { services } = await loadCatalog(folder("shop"));
    const kinds = new Set(services.flatMap(({ health }) => [health.readiness.kind, health.liveness.kind]));
    expect(kinds).toEqual(new Set(["http", "grpc", "tcp", "exec"]));
    expect(services.filter(({ critical }) => critical).map(({ name }) => name)).toEqual(["orders", "payments", "web"]);
    expect(services.filter(({ volumes }) => volumes.length > 0).map(({ name }) => name)).toEqual(["uploads"]);
    expect(services.filter(({ scale }) => scale.kind === "fixed").map(({ name }) => name)).toEqual([
      "invoices",
      "notifications",
      "uploads",
    ]);
    expect(services.filter(({ ports }) => ports.length === 0).map(({ name }) => name)).toEqual(["invoices"]);
    expect(services.flatMap(({ secrets }) => Object.keys(secrets)).sort()).toEqual([
      "CARRIER_TOKEN",
      "PROVIDER_API_KEY",
      "RELAY_PASSWORD",
      "SESSION_KEY",
      "WEBHOOK_SECRET",
    ]);
  });
});
