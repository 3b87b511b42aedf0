import { describe, expect, it } from "vitest";
import { parseCatalog } from "./catalog.ts";
import { defaults, faults, files, loadOne, service } from "./fixtures.ts";

describe("parseCatalog", () => {
  it("fills in every default", () => {
    expect(loadOne(service())).toEqual({
      name: "orders",
      team: "shop",
      image: "example.com/orders:1.0.0",
      ...defaults,
      health: {
        readiness: { kind: "exec", command: ["ok"] },
        liveness: { kind: "exec", command: ["ok"] },
        startupSeconds: 60,
        timeoutSeconds: 2,
      },
      file: "0.yaml",
    });
  });

  it("puts services in the order of their names, whatever their files are called", () => {
    const texts = { "a.yaml": service({ name: "zoo" }), "b.yaml": service({ name: "ant" }) };
    expect(parseCatalog(files(texts)).catalog?.services.map(({ name, file }) => [name, file])).toEqual([
      ["ant", "b.yaml"],
      ["zoo", "a.yaml"],
    ]);
  });

  it("keeps the order of environment variables, because one may refer to an earlier one", () => {
    const { environment } = loadOne(service({ environment: "{Z: 1, A: true, M: x, constructor: c}" }));
    expect(Object.entries(environment)).toEqual([
      ["Z", { kind: "value", value: "1" }],
      ["A", { kind: "value", value: "true" }],
      ["M", { kind: "value", value: "x" }],
      ["constructor", { kind: "value", value: "c" }],
    ]);
  });

  it("reports every problem of every file at once, by file and line", () => {
    const { catalog, problems } = parseCatalog(
      files({
        "b.yaml": service({ name: "b", image: "b", calls: "[nowhere]", scale: "{replicas: 0}" }),
        "a.yaml": "name: a\n\tteam: x\n",
        "c.yaml": "",
      }),
    );
    expect(catalog).toBeUndefined();
    expect(problems.map(({ file, position, path }) => [file, position?.line, path])).toEqual([
      ["a.yaml", 2, ""],
      ["b.yaml", 3, "image"],
      ["b.yaml", 5, "calls[0]"],
      ["b.yaml", 6, "scale.replicas"],
      ["c.yaml", 1, ""],
    ]);
  });

  it("does not hold a call against a service whose own file can't be read", () => {
    const caller = service({ calls: "[payments]", environment: "{P: {service: payments}}" });
    const { problems } = parseCatalog(files({ "orders.yaml": caller, "payments.yaml": "a: 'x" }));
    expect(problems.map(({ file }) => file)).toEqual(["payments.yaml"]);
    expect(parseCatalog(files({ "orders.yaml": caller }), ["team/payments.yml"]).problems).toEqual([]);
    expect(parseCatalog(files({ "orders.yaml": caller })).problems).not.toEqual([]);
  });

  it("never shows what stands where a secret may stand", () => {
    const literal = service({ secrets: '{API_KEY: hunter2, OTHER: {secret: Vault, key: k, value: "hunter3"}}' });
    const repeated = service({ secrets: "\n  A: {secret: s, key: k}\n  A: hunter4" });
    const report = [...faults(literal), ...faults(repeated)].join("\n");
    expect(report).toMatch(/secrets\.API_KEY\n.*API_KEY: •••••••,/);
    expect(report).toMatch(/found: Vault/);
    expect(report).not.toMatch(/hunter/);
  });

  it.each([
    ["name", "Orders", "a DNS label", "orders"],
    ["name", "order_service", "a DNS label", "order-service"],
    ["name", "OrderService", "a DNS label", "order-service"],
    ["name", "ordürs", "a DNS label", undefined],
    ["name", "x".repeat(300), "(300 characters)", undefined],
    ["name", "x".repeat(53), "at most 52 characters", undefined],
    ["name", "1st", "a letter first", undefined],
    ["name", "orders-", "a DNS label", undefined],
    ["name", "web-external", "Names that end in -external", undefined],
    ["name", "files-headless", "Names that end in -headless", undefined],
    ["name", "42", "This is a number, and not text.", undefined],
    ["name", "", "name has no value.", undefined],
    ["team", "default", "belongs to the cluster", undefined],
    ["team", "kube-system", "belongs to the cluster", undefined],
    ["image", "example.com/orders", 'Without a tag or digest this means "latest"', undefined],
    ["image", "example.com/orders:latest", 'The tag "latest"', undefined],
    ["critical", "on", "write true: in YAML 1.2 this word is text", undefined],
    ["critical", '"false"', "write false", undefined],
    ["expose", "loadbalancer", "cluster or load-balancer", "load-balancer"],
    ["expose", "load-balancer", "There is no port to expose.", undefined],
    ["ports", "8080", "This is a number, and not a list.", undefined],
    ["ports", '["8080"]', "write it without quotes: 8080", undefined],
    ["ports", "[0]", "a whole number from 1 to 65535", undefined],
    ["ports", "[65536]", "a whole number from 1 to 65535", undefined],
    ["ports", "[80.5]", "This is a number, which does not fit here.", undefined],
    ["ports", "[{port: 80, targetport: 8080}]", "There is no such field.", "targetPort"],
    ["ports", "[{name: an-extremely-long, port: 80}]", "at most 15 characters", undefined],
    ["ports", '[{name: "8080", port: 80}]', "with a letter among them", undefined],
    ["ports", "[80, {name: b, port: 81}]", "names each of them", undefined],
    ["ports", "[{name: a, port: 80}, {name: b, port: 80}]", "The port 80/TCP is already taken.", undefined],
    ["ports", "[{name: a, port: 80}, {name: a, port: 81}]", "The port name a is already taken.", undefined],
    ["ports", "[{port: 53, protocol: UDP, appProtocol: http}]", "this port is UDP", undefined],
    ["ports", "[{port: 53, protocol: udp}]", "TCP or UDP", "UDP"],
    ["health", "{}", "It does not say what to ask.", undefined],
    ["health", "{htpp: {path: /}}", "There is no such field.", "http"],
    ["health", "{exec: {command: [a]}, tcp: {}}", "These are 2 checks: tcp, exec.", undefined],
    ["health", "{readiness: {exec: {command: [a]}}}", "There is readiness without liveness.", undefined],
    [
      "health",
      "{exec: {command: [a]}, liveness: {exec: {command: [a]}}}",
      "There are both exec and liveness.",
      undefined,
    ],
    ["health", "{readiness: {}, liveness: {exec: {command: [a]}}}", "The check does not say what to ask.", undefined],
    ["health", "{exec: {command: []}}", "This is empty.", undefined],
    ["health", "{exec: {command: ok}}", "write it as a list", undefined],
    ["health", "{http: {path: healthz}}", "begins with /", "/healthz"],
    [
      "health",
      "{http: {path: /, headers: {Host: a, X-A: b, host: c}}}",
      "The header host stands here twice: case does not tell headers apart.",
      undefined,
    ],
    ["health", "{http: {path: /healthz}}", "The service has no port that could be asked.", undefined],
    ["health", "{exec: {command: [a]}, startupSeconds: 0}", "a whole number from 1 to 3600", undefined],
    ["resources", "{limits: {memory: 0}}", "Nothing fits in zero bytes.", undefined],
    ["resources", "{limits: {memory: -1Gi}}", "can't be negative", undefined],
    ["resources", "{limits: {memory: 512}}", "A number without a unit is a number of bytes.", "512Mi"],
    ["resources", "{limits: {memory: 500m}}", "not an amount of bytes", "500Mi"],
    ["resources", "{limits: {memory: 010}}", "read as 10", undefined],
    ["resources", "{limits: {memory: 1e9}}", "read as 1000000000", undefined],
    ["resources", "{limits: {cpu: 0}}", "No process runs on zero CPU.", undefined],
    ["resources", "{limits: {cpu: 500}}", "This is 500 whole cores", "500m"],
    ["resources", "{limits: {memory: 256Mi}}", "also set resources.requests.memory", undefined],
    ["resources", "{requests: {cpu: 800m}}", "The default limit of 500m is less than the request of 800m.", undefined],
    ["resources", "{requests: {cpu: 1}, limits: {cpu: 0.5}}", "raise the limit to 1, or lower the request", undefined],
    ["resources", "{requests: {ephemeral: 1}}", "There is no such field.", undefined],
    ["scale", "{min: 5, max: 4}", "min 5 is more than max 4.", undefined],
    ["scale", "{min: 101}", "min 101 is more than the default max 100.", undefined],
    ["scale", "{max: 1}", "the default min 2 is more than max 1.", undefined],
    ["scale", "{replicas: 3, max: 4}", "leaves nothing to an autoscaler", undefined],
    ["scale", "{min: 0}", "a whole number from 1 to 1000", undefined],
    ["scale", "{cpu: 0.7}", "a whole number from 1 to 100", undefined],
    ["environment", "[{name: A, value: b}]", "This is a list, and not a mapping.", undefined],
    ["environment", "{LOG-LEVEL: info}", "a variable name", "LOG_LEVEL"],
    ["environment", "{A: }", 'or "" for an empty one', undefined],
    ["environment", "{A: [1]}", "This is a list, which does not fit here.", undefined],
    ["environment", "{VERSION: 1.10}", 'put it in quotes if it is text: "1.10"', undefined],
    ["environment", "{A: {servce: payments}}", "There is no such field.", "service"],
    ["environment", "{8080: x}", "The key is not text.", undefined],
    ["secrets", "{A: {secret: s}}", "key is missing.", undefined],
    ["secrets", "{A: {secret: Nope, key: k}}", "a Kubernetes object name", "nope"],
    ["calls", "[{cidr: 203.0.113.7/24, port: 443}]", "Bits are set after the first 24", "203.0.113.0/24"],
    ["calls", "[{cidr: 203.0.113.0/24}]", "port is missing.", undefined],
    ["calls", "[{cidr: 0.0.0.0/0, prt: 443}]", "There is no such field.", "port"],
    ["calls", "[17]", "This is a number, which does not fit here.", undefined],
    ["volumes", "[{name: a, path: data, size: 1Gi}]", "an absolute path", "/data"],
    ["volumes", "[{name: a, path: /, size: 1Gi}]", "an absolute path", undefined],
    ["volumes", "[{name: a, path: /a/../etc, size: 1Gi}]", "an absolute path", undefined],
    ["volumes", "[{name: a, path: /proc/x, size: 1Gi}]", "an absolute path", undefined],
    ["volumes", "[{name: a, path: /a, size: 0}]", "Nothing fits in zero bytes.", undefined],
    ["volumes", "[{name: a, path: /a}]", "size is missing.", undefined],
    ["scratch", "[{path: /a}, {path: /a}]", "The path /a is already taken.", undefined],
    ["runAs", "{user: 0}", "a whole number from 1 to 2147483647", undefined],
    ["terminationSeconds", "0", "a whole number from 1 to 3600", undefined],
    ["args", "[8080]", 'put it in quotes: "8080"', undefined],
  ])("rejects %s: %s", (field, value, message, suggestion) => {
    const found = faults(service({ [field]: value }));
    expect(found.join("\n")).toContain(message);
    expect(found).toHaveLength(1);
    if (suggestion !== undefined) expect(found[0]).toContain(`did you mean: ${suggestion}?`);
    else expect(found[0]).not.toContain("did you mean");
  });

  it.each([
    ["publishes", "infra/messaging"],
    ["consumes", "infra/messaging"],
    ["stores", "data stores"],
    ["routes", "infra/gateway"],
    ["slo", "infra/observability"],
    ["burst", "infra/burst"],
  ])("rejects %s by name, because no room implements it yet", (field, room) => {
    const found = faults(service({ [field]: "[x]" }));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`Not implemented yet: ${field} belongs to`);
    expect(found[0]).toContain(room);
    expect(found[0]).not.toContain("no such field");
  });

  it("rejects an unknown field with what is allowed and what was meant", () => {
    const [misspelt] = faults(service({ enviroment: "{}" }));
    expect(misspelt).toContain("did you mean: environment?");
    expect(misspelt).toContain("allowed: name, team, image, command");
    expect(faults(service({ replicas: "3" }))[0]).toContain("did you mean: scale: {replicas: 3}");
    expect(faults(service({ route: "[]" }))[0]).toContain("routes is not implemented yet");
    expect(faults(service({ constructor: "1" }))[0]).toContain("There is no such field.");
    expect(faults(service({ __proto__x: "1" }))[0]).toContain("There is no such field.");
  });

  it("rejects a document that is not a mapping", () => {
    for (const text of ["- name: a\n", "text\n", "42\n"]) expect(faults(text)[0]).toContain("and not a mapping");
  });

  it("rejects two services of one name and names both places", () => {
    const { problems } = parseCatalog(files({ "a.yaml": service(), "b/c.yaml": `# mine\n${service()}` }));
    expect(problems).toMatchObject([
      { file: "b/c.yaml", position: { line: 2 }, related: [{ file: "a.yaml", line: 1, column: 7 }] },
    ]);
  });
});
