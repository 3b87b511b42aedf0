import fc from "fast-check";
import type { CallSpec, Catalog, PortSpec, ScaleSpec, ServiceSpec } from "../../catalog/spec.ts";
import { catalog, service } from "./fixtures.ts";

// For tests only: any catalog that the loader would accept, small but with every feature, and names of every length.

const dnsLabel = fc.stringMatching(/^[a-z](?:[a-z0-9-]{0,50}[a-z0-9])?$/);
const portName = fc.stringMatching(/^[a-z][a-z0-9]{0,14}$/);
/** Few numbers, so that different ports of a Service often lead to the same port of the pod. */
const portNumber = fc.constantFrom(53, 80, 443, 8080, 65535);

const port: fc.Arbitrary<PortSpec> = fc.record({
  name: portName,
  port: fc.integer({ min: 1, max: 65535 }),
  targetPort: portNumber,
  protocol: fc.constantFrom("TCP", "UDP"),
  appProtocol: fc.constantFrom("http", "grpc", "tcp", undefined),
});

const scale: fc.Arbitrary<ScaleSpec> = fc.oneof(
  fc.record({ kind: fc.constant("fixed"), replicas: fc.integer({ min: 1, max: 1000 }) }),
  fc
    .tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 100 }))
    .map(([a, b, cpu]): ScaleSpec => ({ kind: "auto", min: Math.min(a, b), max: Math.max(a, b), cpu })),
);

/** Requests no more than limits, in thousandths of a core and MiB, now and then written in another way. */
const resources: fc.Arbitrary<ServiceSpec["resources"]> = fc
  .tuple(
    fc.integer({ min: 1, max: 8000 }),
    fc.integer({ min: 0, max: 8000 }),
    fc.integer({ min: 4, max: 65536 }),
    fc.integer({ min: 0, max: 65536 }),
    fc.boolean(),
  )
  .map(([cpu, moreCpu, memory, moreMemory, plain]) => ({
    requests: { cpu: `${cpu}m`, memory: `${memory}Mi` },
    limits: {
      cpu: plain ? `${cpu + moreCpu}m` : `${(cpu + moreCpu) / 1000}`,
      memory: plain ? `${memory + moreMemory}Mi` : `${(memory + moreMemory) * 1024 * 1024}`,
    },
  }));

const alone: fc.Arbitrary<ServiceSpec> = fc
  .record({
    name: dnsLabel,
    team: fc.constantFrom("shop", "money", "search"),
    critical: fc.boolean(),
    ports: fc.uniqueArray(port, {
      maxLength: 3,
      comparator: (a, b) => a.name === b.name || (a.port === b.port && a.protocol === b.protocol),
    }),
    expose: fc.constantFrom("cluster", "load-balancer"),
    scale,
    resources,
    volumes: fc.uniqueArray(
      fc.record({
        name: dnsLabel,
        path: fc.constantFrom("/a", "/b", "/c"),
        size: fc.constantFrom("1Mi", "0.5Gi", "10G"),
        storageClass: fc.constantFrom("fast", undefined),
      }),
      { maxLength: 2, comparator: (a, b) => a.name === b.name || a.path === b.path },
    ),
    scratch: fc.uniqueArray(
      fc.record({ path: fc.constantFrom("/tmp", "/run"), size: fc.constantFrom("1Mi", "1024Mi") }),
      { maxLength: 2, selector: ({ path }) => path },
    ),
    environment: fc.dictionary(
      fc.stringMatching(/^[A-Z_]{1,8}$/),
      fc.string().map((value) => ({ kind: "value", value }) as const),
      { maxKeys: 3 },
    ),
    startupSeconds: fc.integer({ min: 1, max: 3600 }),
    timeoutSeconds: fc.integer({ min: 1, max: 60 }),
    terminationSeconds: fc.integer({ min: 1, max: 3600 }),
  })
  .map(({ name, startupSeconds, timeoutSeconds, ...overrides }) => {
    const [first] = overrides.ports;
    const check =
      first === undefined
        ? ({ kind: "exec", command: ["/bin/alive"] } as const)
        : ({ kind: "tcp", port: first.name } as const);
    const health = { readiness: check, liveness: check, startupSeconds, timeoutSeconds };
    return service(name, { ...overrides, health });
  });

/** Calls and callers are chosen from the services and ports that there are. */
export const anyCatalog: fc.Arbitrary<Catalog> = fc
  .uniqueArray(alone, { minLength: 1, maxLength: 5, selector: ({ name }) => name })
  .chain((services) => {
    const targets = services.flatMap(({ name, ports }) =>
      ports.map((target): CallSpec => ({ kind: "service", service: name, port: target.name })),
    );
    const outside: CallSpec[] = [
      { kind: "cidr", cidr: "203.0.113.0/24", port: 443, protocol: "TCP" },
      { kind: "cidr", cidr: "198.51.100.7/32", port: 53, protocol: "UDP" },
      { kind: "cidr", cidr: "0.0.0.0/0", port: 8443, protocol: "TCP" },
    ];
    const choice = fc.record({
      calls: fc.subarray([...targets, ...outside]),
      callers: fc.option(fc.subarray(services.map(({ name }) => name)), { nil: undefined }),
    });
    return fc
      .tuple(...services.map(() => choice))
      .map((choices) => catalog(...services.map((spec, index) => ({ ...spec, ...choices[index] }))));
  });
