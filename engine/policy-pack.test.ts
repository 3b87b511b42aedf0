import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { UserError } from "./errors.ts";
import type { AnalyzedResource, PolicyPack } from "./policy.ts";
import { type PropertyMap, Secret, UNKNOWN } from "./property.ts";
import { inStack, output, packOf, resource, root, rule, start, writePack } from "./testing/policy-packs.ts";

describe("Weft's own pack", () => {
  let pack: PolicyPack;
  beforeAll(async () => {
    pack = await start("policies");
  });

  const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
  const CONTAINER = {
    name: "app",
    image: "example/orders:2",
    env: [{ name: "PASSWORD", value: new Secret("s3cr3t-canary") }],
    resources: { limits: { cpu: "500m", memory: "1Gi" }, requests: { cpu: "100m", memory: "500Mi" } },
    readinessProbe: { grpc: { port: 8080 } },
    livenessProbe: { grpc: { port: 8080 } },
  };
  /** As the official engine was seen to send it: the namespace comes from a resource that isn't there yet. */
  const deployment = (containers: PropertyMap[string] = [CONTAINER], labels: PropertyMap = { app: "orders" }) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { labels, name: "orders", namespace: UNKNOWN },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "orders" } },
      template: { metadata: { labels: { app: "orders" } }, spec: { containers } },
    },
  });

  it("says what it is and what its rules are", () => {
    const { version } = JSON.parse(readFileSync(join(root, "policies/package.json"), "utf8"));
    expect(pack).toMatchObject({ name: "weft-policies", version });
    expect(pack.policies).toHaveLength(13);
    expect(pack.policies.find(({ name }) => name === "images-fixed-tag")).toEqual({
      name: "images-fixed-tag",
      description: "Every container image names what runs: by a digest, or by a tag other than latest.",
      enforcementLevel: "mandatory",
      severity: "high",
      remediation: expect.stringMatching(/^Write the version that was tested/),
    });
  });

  it("passes a good Deployment, secrets and all", async () => {
    const report = await pack.analyze(resource(DEPLOYMENT, deployment()));
    expect(report.violations).toEqual([]);
  });

  it("rejects a bad one: rule, level, resource, and the fix", async () => {
    const { readinessProbe: _, ...bare } = CONTAINER;
    const report = await pack.analyze(resource(DEPLOYMENT, deployment([bare])));
    expect(report.violations).toEqual([
      {
        rule: "probes-readiness",
        enforcementLevel: "mandatory",
        severity: "high",
        description: "Every long-running container has a readiness probe.",
        message: expect.stringMatching(/^Deployment orders, container "app": it has no readinessProbe\.\nFix: spec\./),
        remediation: expect.stringMatching(/^Add a check/),
        urn: `urn:pulumi:local::shop::${DEPLOYMENT}::orders`,
        undecided: false,
      },
    ]);
    expect(JSON.stringify(report)).not.toContain("s3cr3t-canary");
  });

  it("reads a value that is secret like any other", async () => {
    const secret = new Secret([{ ...CONTAINER, image: new Secret("example/orders") }]);
    const report = await pack.analyze(resource(DEPLOYMENT, deployment(secret)));
    expect(report.violations.map((violation) => violation.rule)).toEqual(["images-fixed-tag"]);
  });

  it.each([
    ["an unknown list of containers", UNKNOWN],
    ["a secret list of containers that is unknown", new Secret(UNKNOWN)],
  ])("ends undecided about %s", async (_, containers) => {
    const { violations } = await pack.analyze(resource(DEPLOYMENT, deployment(containers)));
    expect(violations).toHaveLength(8);
    for (const violation of violations) {
      expect(violation).toMatchObject({ enforcementLevel: "advisory", undecided: true });
      expect(violation.message).toMatch(/^can't run policy .*undecided until this is known: Deployment orders: spec\./);
    }
  });

  it("has nothing to say of what holds no pods", async () => {
    const report = await pack.analyze(resource("pulumi:pulumi:Stack", {}));
    expect(report.violations).toEqual([]);
    expect(report.notApplicable).toHaveLength(11);
    expect(report.notApplicable).toContainEqual({ rule: "host-port", reason: "it holds no pods" });
  });

  it("judges a stack as a whole, and names the resource", async () => {
    const labels = { app: "orders", "weft.dev/critical": "true" };
    const critical = inStack(resource(DEPLOYMENT, deployment([CONTAINER], labels)));
    const { violations } = await pack.analyzeStack([critical]);
    expect(violations).toMatchObject([
      { rule: "availability-critical-budget", enforcementLevel: "mandatory", urn: critical.urn, undecided: false },
      { rule: "availability-critical-replicas", enforcementLevel: "mandatory", urn: critical.urn, undecided: false },
    ]);
    const plain = inStack(resource(DEPLOYMENT, deployment()));
    expect((await pack.analyzeStack([plain])).violations).toEqual([]);
  });

  it("ends undecided about a stack whose cluster is not there: the official engine then shows empty objects", async () => {
    const { violations } = await pack.analyzeStack([inStack(resource(DEPLOYMENT, {}))]);
    expect(violations.map(({ rule, undecided, urn }) => ({ rule, undecided, urn }))).toEqual([
      { rule: "availability-critical-budget", undecided: true, urn: "" },
      { rule: "availability-critical-replicas", undecided: true, urn: "" },
    ]);
  });

  it("judges many resources at once", async () => {
    const bad = deployment([{ ...CONTAINER, image: "example/orders" }]);
    const reports = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        pack.analyze(resource(DEPLOYMENT, index % 2 === 0 ? deployment() : bad, { urn: `urn:${index}` })),
      ),
    );
    expect(reports.map(({ violations }) => violations.map(({ urn }) => urn))).toEqual(
      reports.map((_, index) => (index % 2 === 0 ? [] : [`urn:${index}`])),
    );
  });
});

describe("what a pack is told", () => {
  const echo = `[
    ${rule(`
      if (args.type === "test:throws") throw new Error("broken rule");
      if (args.type === "test:prints") { console.log("from the rule"); console.error("to stderr"); return; }
      const { type, name, urn, props, opts, provider } = args;
      report(JSON.stringify({ type, name, urn, props, opts, provider, cwd: process.cwd(), env: process.env }));
    `)},
    { name: "a-stack-rule", description: "Stacks.", enforcementLevel: "advisory", severity: "low",
      validateStack: (args, report) => report(JSON.stringify(args.resources.map((r) => ({
        urn: r.urn, props: r.props, parent: r.parent?.urn, dependencies: r.dependencies.map((d) => d.urn),
        byProperty: Object.entries(r.propertyDependencies).map(([key, deps]) => [key, deps.map((d) => d.urn)]) })))) },
    { name: "a-disabled-rule", description: "Nothing.", enforcementLevel: "disabled", validateResource: () => {} },
  ]`;
  let pack: PolicyPack;
  let directory: string;
  beforeAll(async () => {
    directory = writePack("echo", packOf(echo));
    pack = await start(directory, {
      config: { "shop:replicas": "3", "shop:password": "s3cr3t" },
      configSecretKeys: ["shop:password"],
      env: { ...process.env, HELLO: "world", PULUMI_CONFIG_PASSPHRASE: "key", PULUMI_CONFIG_PASSPHRASE_FILE: "/key" },
    });
  });

  const told = async (analyzed: AnalyzedResource) =>
    JSON.parse((await pack.analyze(analyzed)).violations[0]?.message ?? "null");

  it("is the stack and its configuration, in the pack's own folder, without the passphrase", async () => {
    const { cwd, env } = await told(resource("test:echo", {}));
    expect(cwd).toBe(directory);
    expect(env).toMatchObject({
      HELLO: "world",
      TS_NODE_CACHE: "false",
      PULUMI_NODEJS_ORGANIZATION: "organization",
      PULUMI_NODEJS_PROJECT: "shop",
      PULUMI_NODEJS_STACK: "local",
      PULUMI_NODEJS_DRY_RUN: "true",
      PULUMI_CONFIG: '{"shop:replicas":"3","shop:password":"s3cr3t"}',
    });
    expect(Object.keys(env).filter((key) => key.includes("PASSPHRASE"))).toEqual([]);
  });

  it("is a resource with its properties, options and provider", async () => {
    const properties = {
      plain: { list: [1, "two", null, true] },
      secret: new Secret({ inner: new Secret("x"), __note: 1 }),
      __inputs: { plain: 1 },
      nested: [{ __fieldManager: "m", kept: 1 }],
    };
    const provider = {
      urn: "urn:provider",
      type: "pulumi:providers:test",
      name: "p",
      properties: { key: new Secret("k") },
    };
    const analyzed = resource("test:echo", properties, {
      parent: "urn:parent",
      protect: true,
      ignoreChanges: ["a.b"],
      deleteBeforeReplace: false,
      additionalSecretOutputs: ["out"],
      aliases: ["urn:old"],
      customTimeouts: { create: 60 },
      provider,
    });
    expect(await told(analyzed)).toMatchObject({
      urn: analyzed.urn,
      type: "test:echo",
      name: "orders",
      opts: {
        parent: "urn:parent",
        protect: true,
        ignoreChanges: ["a.b"],
        deleteBeforeReplace: false,
        additionalSecretOutputs: ["out"],
        aliases: ["urn:old"],
        customTimeouts: { createSeconds: 60, updateSeconds: 0, deleteSeconds: 0 },
      },
      provider: { urn: "urn:provider", type: "pulumi:providers:test", name: "p", props: { key: "k" } },
    });
    // Notes of engine and providers stay out.
    expect((await told(analyzed)).props).toEqual({
      plain: { list: [1, "two", null, true] },
      secret: { inner: "x" },
      nested: [{ kept: 1 }],
    });
    expect((await told(resource("test:echo", {}))).opts).not.toHaveProperty("deleteBeforeReplace");
  });

  it("is a stack with what depends on what", async () => {
    const first = inStack(resource("test:first", { a: 1 }));
    const second = inStack(resource("test:second", { b: new Secret(2) }), {
      parent: first.urn,
      dependencies: [first.urn],
      propertyDependencies: { b: [first.urn], none: [] },
    });
    const { violations } = await pack.analyzeStack([first, second]);
    expect(violations).toMatchObject([
      { rule: "a-stack-rule", enforcementLevel: "advisory", severity: "low", urn: "", undecided: false },
    ]);
    expect(JSON.parse(violations[0]?.message ?? "")).toEqual([
      { urn: first.urn, props: { a: 1 }, dependencies: [], byProperty: [] },
      {
        urn: second.urn,
        props: { b: 2 },
        parent: first.urn,
        dependencies: [first.urn],
        byProperty: [["b", [first.urn]]],
      },
    ]);
  });

  it("is not what a rule of another level is: levels come with the rules", () => {
    expect(pack.policies.map(({ name, enforcementLevel }) => [name, enforcementLevel])).toEqual([
      ["a-rule", "mandatory"],
      ["a-stack-rule", "advisory"],
      ["a-disabled-rule", "disabled"],
    ]);
  });

  it("ends undecided where the rule touches an unknown", async () => {
    const { violations } = await pack.analyze(resource("test:echo", { a: UNKNOWN }));
    expect(violations).toMatchObject([{ rule: "a-rule", enforcementLevel: "advisory", undecided: true }]);
  });

  it("passes on what a rule prints, line by line", async () => {
    await pack.analyze(resource("test:prints", {}));
    await vi.waitFor(() => expect([...output].sort()).toEqual(["from the rule", "to stderr"]));
  });

  it("rejects when a rule throws, and goes on with the next resource", async () => {
    const judged = pack.analyze(resource("test:throws", {}));
    await expect(judged).rejects.toThrow(UserError);
    await expect(judged).rejects.toThrow(
      new RegExp(
        `^policy pack ${directory} failed while judging urn:.*::test:throws::orders: .*'a-rule'.*\\n.*broken rule`,
      ),
    );
    expect((await pack.analyze(resource("test:echo", {}))).violations).toHaveLength(1);
  });
});
