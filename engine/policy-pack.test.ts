import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { UnsupportedError, UserError } from "./errors.ts";
import {
  type AnalyzedResource,
  type AnalyzedStackResource,
  type PolicyPack,
  type PolicyPackOptions,
  startPolicyPack,
} from "./policy-pack.ts";
import { type PropertyMap, Secret, UNKNOWN } from "./property.ts";

// Every test here runs real processes, started as the official language host starts them.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const root = fileURLToPath(new URL("..", import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), "weft-policy-pack-"));
const open: PolicyPack[] = [];
let output: string[] = [];

/** Writes a pack into a folder of its own; `index` is its index.js. */
function writePack(
  name: string,
  index: string,
  { yaml = "name: x\nruntime: nodejs\n", installed = true } = {},
): string {
  const directory = join(temporary, name);
  mkdirSync(directory);
  writeFileSync(
    join(directory, "package.json"),
    JSON.stringify({ name, version: "1.2.3", type: "module", main: "index.js" }),
  );
  writeFileSync(join(directory, "PulumiPolicy.yaml"), yaml);
  writeFileSync(join(directory, "index.js"), index);
  if (installed) symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  return directory;
}

/** A pack with these rules, as the text of an array. */
function packOf(rules: string): string {
  return `import { PolicyPack } from "@pulumi/policy";\nnew PolicyPack("fixture", { policies: ${rules} });\n`;
}

function rule(validate: string, more = ""): string {
  return `{ name: "a-rule", description: "Rules.", enforcementLevel: "mandatory", ${more}
    validateResource: (args, report) => { ${validate} } }`;
}

async function start(directory: string, changes: Partial<PolicyPackOptions> = {}): Promise<PolicyPack> {
  const pack = await startPolicyPack({
    directory,
    projectDirectory: root,
    project: "shop",
    stack: "local",
    organization: "organization",
    dryRun: true,
    config: {},
    configSecretKeys: [],
    env: process.env,
    onOutput: (line) => output.push(line),
    signal: new AbortController().signal,
    ...changes,
  });
  open.push(pack);
  return pack;
}

function resource(type: string, properties: PropertyMap, changes: Partial<AnalyzedResource> = {}): AnalyzedResource {
  return {
    urn: `urn:pulumi:local::shop::${type}::orders`,
    type,
    name: "orders",
    properties,
    parent: undefined,
    protect: false,
    ignoreChanges: [],
    deleteBeforeReplace: undefined,
    additionalSecretOutputs: [],
    aliases: [],
    customTimeouts: undefined,
    provider: undefined,
    ...changes,
  };
}

function inStack(analyzed: AnalyzedResource, changes: Partial<AnalyzedStackResource> = {}): AnalyzedStackResource {
  return { ...analyzed, dependencies: [], propertyDependencies: {}, ...changes };
}

async function gone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), { timeout: 20_000, interval: 50 });
}

afterEach(() => {
  output = [];
});

afterAll(async () => {
  await Promise.all(open.map((pack) => pack.close()));
  rmSync(temporary, { recursive: true });
});

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

describe("a pack that can't be started", () => {
  const failure = async (directory: string): Promise<Error> => {
    const started = start(directory);
    await expect(started).rejects.toThrow(UserError);
    return started.then(
      () => new Error("it started"),
      (error: Error) => error,
    );
  };

  it.each([
    ["without PulumiPolicy.yaml", "docs", /^there is no policy pack in .*docs: it has no PulumiPolicy.yaml$/],
    ["in a folder that is not there", "nowhere", /^there is no policy pack in .*nowhere/],
  ])("rejects one %s", async (_, directory, message) => {
    expect((await failure(directory)).message).toMatch(message);
  });

  it.each([
    [
      "of another runtime",
      "python",
      "runtime: python\n",
      /has the runtime "python", which the built-in engine does not do/,
    ],
    ["without a runtime", "none", "name: x\n", /has the runtime undefined, which/],
    [
      "with runtime options",
      "options",
      "runtime:\n  name: nodejs\n  options:\n    nodeargs: --trace-gc\n",
      /has runtime options, which/,
    ],
  ])("rejects one %s", async (_, name, yaml, message) => {
    const error = await failure(writePack(name, "", { yaml }));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toMatch(message);
  });

  it("rejects one whose packages are not installed", async () => {
    const directory = writePack("bare", packOf("[]"), { installed: false });
    expect((await failure(directory)).message).toBe(
      `the packages of policy pack ${directory} are not installed; run "npm install" there`,
    );
  });

  it("rejects one that fails to load, with what it printed", async () => {
    const directory = writePack("broken", 'throw new Error("no such luck");');
    const { message } = await failure(directory);
    expect(message).toMatch(new RegExp(`^policy pack ${directory} did not start: it ended with exit code 32\\n`));
    expect(message).toContain("no such luck");
  });

  it.each([
    [
      "remediates",
      rule("", "remediateResource: () => {},").replace("mandatory", "remediate"),
      /rule a-rule of policy pack .* remediates/,
    ],
    [
      "takes configuration",
      rule("", "configSchema: { properties: { max: { type: 'integer' } } },"),
      /rule a-rule of policy pack .* takes configuration/,
    ],
  ])("rejects one with a rule that %s, and ends its process", async (name, text, message) => {
    const directory = writePack(name.replace(" ", "-"), `console.log("pid", process.pid);\n${packOf(`[${text}]`)}`);
    const error = await failure(directory);
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toMatch(message);
    await gone(Number(output[0]?.split(" ")[1]));
  });
});

describe("a pack that ends or hangs", () => {
  const fatal = packOf(
    `[${rule(`
    if (args.type === "test:exits") process.exit(7);
    if (args.type === "test:hangs") return new Promise(() => {});
    console.log("pid", process.pid);
  `)}]`,
  );
  const pidOf = async (pack: PolicyPack): Promise<number> => {
    await pack.analyze(resource("test:tells", {}));
    await vi.waitFor(() => expect(output).toHaveLength(1));
    return Number(output[0]?.split(" ")[1]);
  };

  it("rejects the call in which it ends, and every call after", async () => {
    const directory = writePack("exits", fatal);
    const pack = await start(directory);
    await expect(pack.analyze(resource("test:exits", {}))).rejects.toThrow(
      `policy pack ${directory} ended while judging urn:pulumi:local::shop::test:exits::orders (exit code 7). ` +
        "The run stops, because its rules can't be skipped",
    );
    await expect(pack.analyze(resource("test:tells", {}))).rejects.toThrow("(exit code 7)");
    await expect(pack.analyzeStack([])).rejects.toThrow("ended while judging the stack (exit code 7)");
  });

  it("rejects calls that wait, and those that come after, when it is killed", async () => {
    const pack = await start(writePack("killed", fatal));
    const pid = await pidOf(pack);
    const waiting = expect(pack.analyze(resource("test:hangs", {}))).rejects.toThrow("(signal SIGKILL)");
    process.kill(pid, "SIGKILL");
    await waiting;
    await expect(pack.analyze(resource("test:tells", {}))).rejects.toThrow("(signal SIGKILL)");
  });

  it("rejects calls that wait with the reason of an abort, and is gone once closed", async () => {
    const controller = new AbortController();
    const pack = await start(writePack("aborted", fatal), { signal: controller.signal });
    const pid = await pidOf(pack);
    const waiting = expect(pack.analyze(resource("test:hangs", {}))).rejects.toThrow("interrupted");
    controller.abort(new Error("interrupted"));
    await waiting;
    await expect(pack.analyze(resource("test:tells", {}))).rejects.toThrow("interrupted");
    await pack.close();
    await gone(pid);
    await pack.close();
  });

  it("rejects to start for a run that is aborted already", async () => {
    const signal = AbortSignal.abort(new Error("interrupted"));
    await expect(start("policies", { signal })).rejects.toThrow("interrupted");
  });

  it("ends with an engine that is killed", async () => {
    const directory = writePack("leashed", `console.log("pid", process.pid);\n${packOf(`[${rule("")}]`)}`);
    const script = `
      import { startPolicyPack } from ${JSON.stringify(new URL("./policy-pack.ts", import.meta.url).href)};
      await startPolicyPack({
        directory: ${JSON.stringify(directory)}, projectDirectory: "/", project: "p", stack: "s", organization: "o",
        dryRun: false, config: {}, configSecretKeys: [], env: process.env, signal: new AbortController().signal,
        onOutput: (line) => console.log(line),
      });
      console.log("ready");
      setInterval(() => {}, 1000);`;
    const engine: ChildProcess = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    if (engine.stdout === null) throw new Error("no stdout");
    const reader = createInterface({ input: engine.stdout }).on("line", (line) => lines.push(line));
    await vi.waitFor(() => expect(lines).toContain("ready"), { timeout: 20_000 });
    const pid = Number(lines.find((line) => line.startsWith("pid"))?.split(" ")[1]);
    process.kill(pid, 0);
    engine.kill("SIGKILL");
    await once(engine, "exit");
    reader.close();
    await gone(pid);
  });
});

describe("a pack that does not speak the protocol as the SDK does", () => {
  /** A server of its own: `methods` are the methods that it implements. */
  const server = (methods: string) => `
    import { Server, ServerCredentials } from "@grpc/grpc-js";
    import rpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
    import pb from "@pulumi/pulumi/proto/analyzer_pb.js";
    const info = new pb.AnalyzerInfo();
    info.setName("own");
    info.setVersion("9");
    const rule = new pb.PolicyInfo();
    rule.setName("odd");
    rule.setEnforcementlevel(pb.EnforcementLevel.MANDATORY);
    info.addPolicies(rule);
    const server = new Server();
    server.addService(rpc.AnalyzerService, { ${methods} });
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => console.log(String(port)));`;
  const answersInfo = "getAnalyzerInfo: (call, done) => done(null, info)";
  const level = (number: number) => `${answersInfo}, analyze: (call, done) => {
    const answer = new pb.AnalyzeResponse();
    const diagnostic = new pb.AnalyzeDiagnostic();
    diagnostic.setPolicyname("odd");
    diagnostic.setMessage("just so");
    diagnostic.setEnforcementlevel(${number});
    answer.addDiagnostics(diagnostic);
    done(null, answer);
  }`;

  it("may leave out what a pack need not implement", async () => {
    const pack = await start(writePack("minimal", server(level(1))));
    expect(pack).toMatchObject({ name: "own", version: "9" });
    expect((await pack.analyze(resource("test:any", {}))).violations).toMatchObject([
      { rule: "odd", enforcementLevel: "mandatory", message: "just so", severity: undefined, remediation: "" },
    ]);
  });

  it("rejects a verdict of a level that is not known", async () => {
    const pack = await start(writePack("level", server(level(9))));
    await expect(pack.analyze(resource("test:any", {}))).rejects.toThrow(
      "a violation of rule odd has the enforcement level 9, which the built-in engine does not do",
    );
  });

  it.each([
    ["lists no rules", "", "failed while listing its rules: The server does not implement the method"],
    [
      "can't list its rules",
      'getAnalyzerInfo: (call, done) => done(new Error("lost them"))',
      "failed while listing its rules: lost them",
    ],
    [
      "refuses the stack",
      `${answersInfo}, configureStack: (call, done) => done(new Error("not this one"))`,
      "failed while starting: not this one",
    ],
  ])("rejects one that %s", async (name, methods, message) => {
    const directory = writePack(name.replaceAll(/\W/g, "-"), server(methods));
    await expect(start(directory)).rejects.toThrow(`policy pack ${directory} ${message}`);
  });

  it("rejects one that can judge no stack, rather than leave the stack unjudged", async () => {
    const pack = await start(writePack("no-stack", server(level(1))));
    await expect(pack.analyzeStack([])).rejects.toThrow(
      "failed while judging the stack: The server does not implement",
    );
  });
});
