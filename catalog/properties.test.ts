import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseCatalog } from "./catalog.ts";
import { files, load, service } from "./fixtures.ts";
import { decode } from "./folder.ts";
import { CatalogError } from "./problem.ts";
import { serviceFile } from "./schema.ts";
import type { HealthSpec, ProbeCheck, ServiceSpec } from "./spec.ts";

// Whether parsing ends in time is left to the time limit of the test: one document that hung would exceed it.
const limit = 120_000;

/** Either services or well-formed problems; anything thrown fails the test by itself. */
function expectOutcome(texts: Readonly<Record<string, string>>): void {
  const { catalog, problems } = parseCatalog(files(texts));
  expect(catalog === undefined).toBe(problems.length > 0);
  for (const { file, position, message } of problems) {
    const lines = (texts[file] ?? "").split("\n");
    expect(message).toMatch(/\S/);
    expect(position?.line).toBeGreaterThanOrEqual(1);
    expect(position?.line).toBeLessThanOrEqual(lines.length);
    expect(position?.column).toBeGreaterThanOrEqual(1);
    expect(position?.column).toBeLessThanOrEqual((lines[(position?.line ?? 1) - 1]?.length ?? 0) + 1);
  }
  const report = new CatalogError(".", problems).message;
  expect(report).not.toMatch(/undefined|\[object|NaN/);
}

const sample = service({
  ports: "[{name: grpc, port: 7000, targetPort: 8080}, {name: http, port: 80}]",
  health: '{readiness: {grpc: {port: grpc}}, liveness: {http: {path: /live, port: http, headers: {A: "b"}}}}',
  resources: "{requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 0.5, memory: 1Gi}}",
  scale: "{min: 2, max: 9, cpu: 50}",
  environment: "&env\n  A: 1\n  B: text\n  C: true\n",
  secrets: "{KEY: {secret: s, key: k}}",
  calls: '[{cidr: "2001:db8::/32", port: 443}]',
  callers: "[]",
  volumes: "[{name: data, path: /data, size: 1Gi}]",
  scratch: "\n  - path: /tmp\n    size: 10Mi\n",
  runAs: "{user: 1000}",
  args: "\n  - --x\n  - |-\n    block\n    of text\n",
});

const scraps = [
  "\t",
  "\n",
  " ",
  "- ",
  ": ",
  "&a ",
  "*a",
  "<<",
  "!x ",
  "---\n",
  "{",
  "}",
  "[",
  "]",
  "'",
  '"',
  "|",
  ">",
  "#",
  "%",
]
  .concat(["? ", "~", "null", "on", "010", "1e3", "-1", "0", ".inf", "latest", "__proto__: 1\n", "constructor: 1\n"])
  .concat([
    "\u0000",
    "\u001b[31m",
    "\u202e",
    "é",
    "😀",
    "\ufeff",
    "\r",
    "name",
    "calls: [orders]\n",
    "publishes: []\n",
  ]);

const edit = fc.record({
  at: fc.nat({ max: 2000 }),
  remove: fc.nat({ max: 12 }),
  insert: fc.oneof(fc.constantFrom(...scraps, ""), fc.string({ unit: "binary", maxLength: 6 })),
});

function applied(text: string, edits: readonly { at: number; remove: number; insert: string }[]): string {
  return edits.reduce((result, { at, remove, insert }) => {
    const from = at % (result.length + 1);
    return result.slice(0, from) + insert + result.slice(from + remove);
  }, text);
}

const words = [...Object.keys(serviceFile.shape), "http", "grpc", "exec", "command", "path", "port", "cidr", "service"]
  .concat([
    "requests",
    "limits",
    "cpu",
    "memory",
    "min",
    "replicas",
    "secret",
    "key",
    "size",
    "user",
    "publishes",
    "env",
  ])
  .concat(["constructor", "toString", "hasOwnProperty", "", "a b", "😀"]);

/** Documents out of the right words in the wrong places. */
const { anything } = fc.letrec<{ anything: unknown }>((tie) => ({
  anything: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      fc.constantFrom<unknown>(
        null,
        true,
        0,
        -1,
        8080,
        0.5,
        1e300,
        "100m",
        "1Gi",
        "orders",
        "/tmp",
        "x:1",
        "10.0.0.0/8",
      ),
      fc.string({ maxLength: 20 }),
      fc.constantFrom("x".repeat(300), "ü".repeat(300), "\u202e".repeat(300), "a-".repeat(5000)),
    ),
    fc.array(tie("anything"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...words), tie("anything"), { maxKeys: 6 }),
  ),
}));

describe("any document", () => {
  it("starts from one that is sound", () => {
    expect(load(sample)).toHaveLength(1);
  });

  it("loads or has problems: edited service files", { timeout: limit }, () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        expectOutcome({ "a.yaml": applied(sample, edits), "b.yaml": service({ name: "web", calls: "[orders]" }) });
      }),
      { numRuns: 3000 },
    );
  });

  it("loads or has problems: the right words in the wrong places", { timeout: limit }, () => {
    const whole = fc.dictionary(fc.constantFrom(...words), anything, { maxKeys: 12 });
    fc.assert(
      fc.property(whole, (fields) => {
        const text = stringify({ name: "a", team: "t", image: "i:1", health: { exec: { command: ["x"] } }, ...fields });
        expectOutcome({ "a.yaml": text });
      }),
      { numRuns: 2000 },
    );
  });

  it("loads or has problems: scraps of YAML, and any text", { timeout: limit }, () => {
    const soup = fc.array(fc.constantFrom(...scraps, ...words), { maxLength: 200 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ unit: "binary", maxLength: 300 })), (text) =>
        expectOutcome({ "a.yaml": text }),
      ),
      { numRuns: 3000 },
    );
  });

  it("is text or has a problem: any bytes", { timeout: limit }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 200 }), (noise, at) => {
        const bytes = Buffer.concat([Buffer.from(sample.slice(0, at)), noise, Buffer.from(sample.slice(at))]);
        const text = decode("a.yaml", bytes);
        if (typeof text === "string") expectOutcome({ "a.yaml": text });
        else expect(text.position?.line).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });
});

// From numbers, because strings that match a pattern take fast-check most of the time of the test.
const label = fc
  .tuple(fc.nat({ max: 1e6 }), fc.nat({ max: 20 }))
  .map(([a, b]) => `s${a.toString(36)}${b > 9 ? `-${b}` : ""}`);
const cpu = fc.integer({ min: 1, max: 4000 });
const mebibytes = fc.integer({ min: 4, max: 4000 });
const variable = fc.nat({ max: 1e6 }).map((number) => `_V${number.toString(36)}`);
const text = fc.string({ unit: "grapheme", maxLength: 12 }).filter((value) => !value.includes("\0"));
const command = fc.array(
  text.filter((value) => value !== ""),
  { minLength: 1, maxLength: 4 },
);

const ports = fc
  .uniqueArray(
    fc.record({
      name: label.filter((name) => name.length <= 15),
      port: fc.integer({ min: 1, max: 65535 }),
      targetPort: fc.integer({ min: 1, max: 65535 }),
      protocol: fc.constant("TCP" as const),
      appProtocol: fc.constantFrom("http" as const, "grpc" as const, "tcp" as const),
    }),
    { selector: ({ port }) => port, maxLength: 4 },
  )
  .map((all) => all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index));

function check(names: readonly string[]): fc.Arbitrary<ProbeCheck> {
  const exec = fc.record({ kind: fc.constant("exec" as const), command });
  if (names.length === 0) return exec;
  const port = fc.constantFrom(...names);
  const path = label.map((name) => `/${name}/live?a=b`);
  const headers = fc.dictionary(
    label.map((name) => `X-${name}`),
    fc.string({ maxLength: 12 }),
    {
      maxKeys: 2,
    },
  );
  const name = fc.option(
    label.map((part) => `${part}.v1.Health`),
    { nil: undefined },
  );
  return fc.oneof(
    exec,
    fc.record({ kind: fc.constant("http" as const), path, port, headers }),
    fc.record({ kind: fc.constant("grpc" as const), port, service: name }),
    fc.record({ kind: fc.constant("tcp" as const), port }),
  );
}

const spec: fc.Arbitrary<ServiceSpec> = ports.chain((all) => {
  const names = all.map(({ name }) => name);
  const health: fc.Arbitrary<HealthSpec> = fc.record({
    readiness: check(names),
    liveness: check(names),
    startupSeconds: fc.integer({ min: 1, max: 3600 }),
    timeoutSeconds: fc.integer({ min: 1, max: 60 }),
  });
  const resources = fc.tuple(cpu, cpu, mebibytes, mebibytes).map(([c1, c2, m1, m2]) => ({
    requests: { cpu: `${Math.min(c1, c2)}m`, memory: `${Math.min(m1, m2)}Mi` },
    limits: { cpu: `${Math.max(c1, c2)}m`, memory: `${Math.max(m1, m2)}Mi` },
  }));
  const scale = fc.oneof(
    fc.record({ kind: fc.constant("fixed" as const), replicas: fc.integer({ min: 1, max: 1000 }) }),
    fc
      .tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 100 }))
      .map(([a, b, use]) => ({ kind: "auto" as const, min: Math.min(a, b), max: Math.max(a, b), cpu: use })),
  );
  const any = fc.record({
    name: label,
    team: label.filter((name) => name !== "default" && !name.startsWith("kube-")),
    image: label.map((name) => `example.com/${name}:1.0`),
    command: fc.array(text, { maxLength: 3 }),
    args: fc.array(text, { maxLength: 3 }),
    critical: fc.boolean(),
    ports: fc.constant(all),
    expose:
      all.length === 0
        ? fc.constant("cluster" as const)
        : fc.constantFrom("cluster" as const, "load-balancer" as const),
    health,
    resources,
    scale,
    environment: fc.dictionary(
      variable.map((name) => `E${name}`),
      text.map((value) => ({ kind: "value" as const, value })),
      { maxKeys: 4 },
    ),
    secrets: fc.dictionary(
      variable.map((name) => `S${name}`),
      fc.record({ secret: label, key: label }),
      { maxKeys: 3 },
    ),
    calls: fc.uniqueArray(
      fc.record({
        kind: fc.constant("cidr" as const),
        cidr: fc.integer({ min: 0, max: 255 }).map((part) => `203.0.${part}.0/24`),
        port: fc.integer({ min: 1, max: 65535 }),
        protocol: fc.constantFrom("TCP" as const, "UDP" as const),
      }),
      { selector: ({ cidr }) => cidr, maxLength: 3 },
    ),
    callers: fc.constantFrom(undefined, []),
    volumes: fc.uniqueArray(
      fc.record({
        name: label,
        path: label.map((name) => `/volumes/${name}`),
        size: mebibytes.map((size) => `${size}Gi`),
        storageClass: fc.option(label, { nil: undefined }),
      }),
      { selector: ({ name }) => name, comparator: (a, b) => a === b, maxLength: 1 },
    ),
    scratch: fc.uniqueArray(
      fc.record({ path: label.map((name) => `/scratch/${name}`), size: mebibytes.map((size) => `${size}Mi`) }),
      { selector: ({ path }) => path, maxLength: 3 },
    ),
    runAs: fc.record({ user: fc.integer({ min: 1, max: 65535 }), group: fc.integer({ min: 1, max: 65535 }) }),
    terminationSeconds: fc.integer({ min: 1, max: 3600 }),
    file: fc.constant("0.yaml"),
  });
  return any.map((one) => (one.expose === "load-balancer" ? { ...one, callers: undefined } : one));
});

/** A service as its owner could have written it, in full. */
function written({ file: _file, ...service }: ServiceSpec): string {
  const probe = ({ kind, ...rest }: ProbeCheck) => ({ [kind]: rest });
  const { readiness, liveness, ...seconds } = service.health;
  const { kind: _kind, ...scale } = service.scale;
  return stringify({
    ...service,
    health: { readiness: probe(readiness), liveness: probe(liveness), ...seconds },
    scale,
    environment: Object.fromEntries(
      Object.entries(service.environment).map(([name, value]) => [name, value.kind === "value" ? value.value : value]),
    ),
    calls: service.calls.map(({ kind: _, ...call }) => call),
  });
}

describe("a valid service", () => {
  it("is read as it was meant", { timeout: limit }, () => {
    fc.assert(
      fc.property(spec, (service) => {
        expect(load(written(service))).toEqual([service]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("any graph of calls", () => {
  const graph = fc.integer({ min: 2, max: 8 }).chain((size) =>
    fc.record({
      size: fc.constant(size),
      edges: fc.uniqueArray(
        fc.tuple(fc.nat({ max: size - 1 }), fc.nat({ max: size - 1 })).filter(([from, to]) => from !== to),
        { selector: ([from, to]) => `${from}-${to}`, maxLength: 20 },
      ),
      removed: fc.nat({ max: size - 1 }),
    }),
  );

  it("loads, and without one of its services names exactly the calls that went there", { timeout: limit }, () => {
    fc.assert(
      fc.property(graph, ({ size, edges, removed }) => {
        const texts = Array.from({ length: size }, (_, from) => {
          const calls = edges.filter(([caller]) => caller === from).map(([, to]) => `s${to}`);
          return service({ name: `s${from}`, ports: "[80]", calls: JSON.stringify(calls) });
        });
        const specs = load(...texts);
        expect(
          specs
            .flatMap(({ name, calls }) => calls.map((call) => `${name}-${"service" in call ? call.service : ""}`))
            .sort(),
        ).toEqual(edges.map(([from, to]) => `s${from}-s${to}`).sort());
        const left = Object.fromEntries(texts.map((each, index) => [`${index}.yaml`, each]));
        delete left[`${removed}.yaml`];
        const dangling = edges
          .filter(([from, to]) => to === removed && from !== removed)
          .map(([from]) => `${from}.yaml`);
        expect(
          parseCatalog(files(left))
            .problems.map(({ file }) => file)
            .sort(),
        ).toEqual(dangling.sort());
      }),
      { numRuns: 500 },
    );
  });
});
