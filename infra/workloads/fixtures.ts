import { defaults } from "../../catalog/fixtures.ts";
import type { Catalog, PortSpec, ServiceSpec } from "../../catalog/spec.ts";

// For tests only: services as the loader would give them, and a catalog that uses every feature of this room.

/** A service with one HTTP port and the loader's defaults, unless said otherwise. */
export function service(name: string, overrides: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name,
    team: "shop",
    image: `example.com/${name}:1.0.0`,
    ...defaults,
    ports: [port("http", 80, 8080)],
    health: {
      readiness: { kind: "http", path: "/ready", port: "http", headers: {} },
      liveness: { kind: "http", path: "/live", port: "http", headers: {} },
      startupSeconds: 60,
      timeoutSeconds: 1,
    },
    file: `${name}.yaml`,
    ...overrides,
  };
}

export function port(name: string, number: number, targetPort = number, more: Partial<PortSpec> = {}): PortSpec {
  return { name, port: number, targetPort, protocol: "TCP", appProtocol: undefined, ...more };
}

export function catalog(...services: readonly ServiceSpec[]): Catalog {
  return { services: [...services].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

const exec = { kind: "exec", command: ["/bin/alive", "--quiet"] } as const;

/** Three teams: an exposed critical web, a gRPC service with two ports, a worker without any, two with disks. */
export const everyFeature: Catalog = catalog(
  service("web", {
    critical: true,
    expose: "load-balancer",
    ports: [port("http", 80, 8080, { appProtocol: "http" })],
    health: {
      readiness: { kind: "http", path: "/ready", port: "http", headers: { "X-Probe": "ready", Cookie: "probe=1" } },
      liveness: { kind: "http", path: "/live", port: "http", headers: {} },
      startupSeconds: 20,
      timeoutSeconds: 3,
    },
    environment: {
      CART_ADDRESS: { kind: "address", service: "cart", port: "grpc", scheme: undefined },
      LEDGER_URL: { kind: "address", service: "ledger", port: "sql", scheme: "postgres" },
      PRICE_FORMAT: { kind: "value", value: "$(CURRENCY) and $$" },
      LOCALE: { kind: "value", value: "de-DE" },
    },
    secrets: { LEDGER_PASSWORD: { secret: "ledger-login", key: "password" } },
    calls: [
      { kind: "service", service: "cart", port: "grpc" },
      { kind: "service", service: "ledger", port: "sql" },
      { kind: "cidr", cidr: "203.0.113.0/24", port: 443, protocol: "TCP" },
    ],
    scratch: [
      { path: "/tmp", size: "64Mi" },
      { path: "/var/cache", size: "1024Mi" },
    ],
    terminationSeconds: 60,
  }),
  service("cart", {
    image: "example.com:5000/cart@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ports: [
      port("grpc", 7070, 7070, { appProtocol: "grpc" }),
      port("metrics", 9090, 7071, { appProtocol: "http" }),
      port("gossip", 7946, 7946, { protocol: "UDP" }),
    ],
    health: {
      readiness: { kind: "grpc", port: "grpc", service: "cart.v1.Cart" },
      liveness: { kind: "grpc", port: "grpc", service: undefined },
      startupSeconds: 60,
      timeoutSeconds: 1,
    },
    resources: { requests: { cpu: "0.25", memory: "512Mi" }, limits: { cpu: "1000m", memory: "2048Mi" } },
    scale: { kind: "fixed", replicas: 3 },
    calls: [{ kind: "cidr", cidr: "198.51.100.7/32", port: 123, protocol: "UDP" }],
    callers: ["web", "worker"],
  }),
  service("worker", {
    command: ["/bin/worker"],
    args: ["--queue", "orders", "--greeting=$(WHO)"],
    ports: [],
    health: { readiness: exec, liveness: exec, startupSeconds: 400, timeoutSeconds: 15 },
    scale: { kind: "fixed", replicas: 1 },
    calls: [{ kind: "service", service: "cart", port: "metrics" }],
    runAs: { user: 10001, group: 10002 },
  }),
  service("ledger", {
    team: "money",
    critical: true,
    image: "example.com/ledger:16.4@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ports: [port("sql", 5432, 5432, { appProtocol: "tcp" })],
    health: {
      readiness: { kind: "tcp", port: "sql" },
      liveness: { kind: "tcp", port: "sql" },
      startupSeconds: 120,
      timeoutSeconds: 2,
    },
    scale: { kind: "auto", min: 2, max: 4, cpu: 60 },
    volumes: [
      { name: "data", path: "/var/lib/ledger", size: "10Gi", storageClass: "fast" },
      { name: "log", path: "/var/log/ledger", size: "0.5Gi", storageClass: undefined },
    ],
    scratch: [{ path: "/run/ledger", size: "1Mi" }],
  }),
  service("indexer", {
    team: "search",
    ports: [],
    health: { readiness: exec, liveness: exec, startupSeconds: 30, timeoutSeconds: 1 },
    scale: { kind: "fixed", replicas: 1 },
    volumes: [{ name: "index", path: "/index", size: "1Gi", storageClass: undefined }],
  }),
);
