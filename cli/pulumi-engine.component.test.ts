import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type ChangeOptions, type EngineEvent, Secret } from "../engine/index.ts";
import { LockedError } from "../engine/state/index.ts";
import { pulumiDriver } from "./pulumi-engine.ts";
import { type TestProject, testProject } from "./testing/project.ts";

// A program that answers like the Pulumi CLI: what these prove is how it is called, and what is made of its answers. That
// the real one is content with these arguments was tried by hand (with a build of its sources, 3.260.0-dev); no test does
// it. The program writes the event log of older releases, a file and not a socket, because that needs no gRPC.

const FAKE = join(import.meta.dirname, "testing", "fake-pulumi.js");
const VERSION = "3.200.0";
const urn = "urn:pulumi:local::weft::kubernetes:core/v1:ConfigMap::c";

interface Call {
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly group: string;
  readonly signals: number;
}

async function setUp(project: TestProject, script: object) {
  const log = join(project.directory, "calls.jsonl");
  const stackFile = join(project.directory, "stacks/config/Pulumi.local.yaml");
  const hanging = join(project.directory, "hanging");
  const path = await project.write("script.json", JSON.stringify({ log, stackFile, hanging, ...script }));
  const events: EngineEvent[] = [];
  const controller = new AbortController();
  const options: ChangeOptions = {
    directory: project.directory,
    stack: "local",
    env: { PATH: process.env.PATH, FAKE_PULUMI: path, HOME: project.directory },
    emit: (event) => void events.push(event),
    signal: controller.signal,
    policyPacks: ["/packs/strict"],
    refresh: false,
  };
  const calls = async (): Promise<Call[]> =>
    (await readFile(log, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { driver: pulumiDriver(FAKE, VERSION), options, events, controller, calls, stackFile, hanging };
}

const step = (op: string, more = {}) => ({
  metadata: {
    op,
    urn,
    type: "kubernetes:core/v1:ConfigMap",
    old: null,
    new: { custom: true, parent: "", inputs: {} },
    ...more,
  },
});
const created = [
  { resourcePreEvent: step("create") },
  { resOutputsEvent: step("create") },
  { summaryEvent: { resourceChanges: { create: 1 } } },
];
const failed = [
  { resourcePreEvent: step("create") },
  { diagnosticEvent: { urn, severity: "error", message: "not valid", color: "never" } },
  { resOpFailedEvent: step("create") },
];

describe("the Pulumi CLI as an engine", () => {
  it("plans with the policies, then applies, and tells of both", async () => {
    await using project = await testProject();
    const outputs = { kubeconfig: { value: "s3cr3t-canary", secret: true }, nodes: { value: 3, secret: false } };
    const { driver, options, events, calls } = await setUp(project, {
      preview: { events: created },
      up: { events: created },
      outputs,
    });
    const outcome = await driver.up({ ...options, refresh: true });
    expect(outcome).toMatchObject({
      result: "succeeded",
      phase: "apply",
      changes: { create: 1 },
      mandatoryViolations: 0,
    });
    expect(outcome.outputs).toEqual({ kubeconfig: new Secret("s3cr3t-canary"), nodes: 3 });
    expect(events.filter(({ kind }) => kind === "phase")).toEqual([
      { kind: "phase", phase: "plan" },
      { kind: "phase", phase: "apply" },
    ]);
    expect(events.filter(({ kind }) => kind === "resource-end")).toHaveLength(2);
    const [preview, up] = (await calls()).filter(({ args }) => ["preview", "up"].includes(args[0] ?? ""));
    for (const call of [preview, up]) {
      expect(call?.args.join(" ")).toContain("--policy-pack /packs/strict");
      expect(call?.args).toEqual(expect.arrayContaining(["--refresh", "--stack", "local", "--non-interactive"]));
    }
    expect(up?.args).toContain("--skip-preview");
  });

  it("gives the CLI the project's passphrase by its file, and leaves the backend to the project", async () => {
    await using project = await testProject();
    const { driver, options, calls } = await setUp(project, {});
    await driver.preview(options);
    for (const { env } of await calls()) {
      expect(env.PULUMI_CONFIG_PASSPHRASE_FILE).toBe(join(project.directory, ".weft/passphrase"));
      expect(env).not.toHaveProperty("PULUMI_BACKEND_URL");
      expect(env).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
    }
  });

  it("keeps the salt that the CLI writes out of the stack's own file", async () => {
    await using project = await testProject();
    const { driver, options, calls, stackFile } = await setUp(project, {});
    const before = await readFile(stackFile, "utf8");
    await driver.preview(options);
    await driver.up(options);
    await driver.refresh(options);
    await driver.destroy({ ...options, remove: false });
    expect(await readFile(stackFile, "utf8")).toBe(before);
    const copy = join(project.directory, ".weft/pulumi/Pulumi.local.yaml");
    expect(await readFile(copy, "utf8")).toContain("encryptionsalt");
    expect((await stat(copy)).mode & 0o777).toBe(0o600);
    const working = (await calls()).filter(({ args }) => args[0] !== "stack");
    expect(working.every(({ args }) => args[args.indexOf("--config-file") + 1] === copy)).toBe(true);
    expect(working.every(({ env }) => env.PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER === "true")).toBe(true);
  });

  it("uses a stack's own file where the salt is in it already, and has the CLI make a stack that is missing", async () => {
    await using project = await testProject();
    await project.write("stacks/config/Pulumi.local.yaml", "encryptionsalt: v1:shared\nconfig: {}\n");
    const { driver, options, calls } = await setUp(project, { unknown: true });
    await driver.preview(options);
    const all = await calls();
    expect(all.map(({ args }) => args.slice(0, 2).join(" ")).slice(0, 2)).toEqual(["stack select", "stack init"]);
    expect(all.some(({ args }) => args.includes("--config-file"))).toBe(false);
  });

  it("applies nothing when the plan fails, or a policy forbids it", async () => {
    await using project = await testProject();
    const policyEvent = {
      policyName: "p",
      policyPackName: "pack",
      policyPackVersion: "1",
      message: "no",
      enforcementLevel: "mandatory",
    };
    for (const [events, mandatoryViolations] of [
      [failed, 0],
      [[{ policyEvent }], 1],
    ] as const) {
      const { driver, options, calls } = await setUp(project, { preview: { events, error: "preview failed" } });
      const outcome = await driver.up(options);
      expect(outcome).toMatchObject({ result: "failed", phase: "plan", mandatoryViolations });
      expect((await calls()).some(({ args }) => args[0] === "up")).toBe(false);
    }
  });

  it("says in the CLI's own words what no event told of", async () => {
    await using project = await testProject();
    const { driver, options } = await setUp(project, { preview: { error: "could not load plugin for nodejs" } });
    await expect(driver.preview(options)).rejects.toThrow(/^could not load plugin for nodejs$/);
    const locked = await setUp(project, { preview: { error: "the stack is currently locked by 1 lock(s)" } });
    await expect(locked.driver.preview(options)).rejects.toThrow(LockedError);
  });

  it("interrupts the CLI once, in a process group where the terminal's own Ctrl-C does not reach it", async () => {
    await using project = await testProject();
    const { driver, options, controller, calls, hanging } = await setUp(project, {
      up: { hang: true, events: failed },
    });
    const running = driver.up(options);
    while (!existsSync(hanging)) await sleep(20);
    controller.abort(new Error("cancelled"));
    expect(await running).toMatchObject({ result: "cancelled", phase: "apply" });
    const up = (await calls()).find(({ args }) => args[0] === "up");
    expect(up?.signals).toBe(1);
    expect(["own", "unknown"]).toContain(up?.group);
  });

  it("forgets a stack without a trace, and keeps its configuration", async () => {
    await using project = await testProject();
    const { driver, options, stackFile } = await setUp(project, { destroy: { events: [] } });
    expect(await driver.destroy({ ...options, remove: true })).toMatchObject({ result: "succeeded" });
    expect(existsSync(stackFile)).toBe(true);
    expect(await project.exists(".weft/state/.pulumi")).toBe(false);
    expect(await project.exists(".weft/passphrase")).toBe(false);
  });

  it("keeps the passphrase that a stack in another place needs, when the project's last one goes", async () => {
    await using project = await testProject();
    await using other = await testProject();
    const { driver, options } = await setUp(project, { up: { events: created }, preview: { events: created } });
    const elsewhere = `file://${other.directory}`;
    await driver.up({ ...options, env: { ...options.env, PULUMI_BACKEND_URL: elsewhere } });
    await driver.destroy({ ...options, remove: true });
    expect(existsSync(join(project.directory, ".weft/passphrase"))).toBe(true);
  });

  it("shows what is on record, with secrets masked but for the stack's outputs", async () => {
    await using project = await testProject();
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
    const resources = [
      {
        urn: "urn:pulumi:local::weft::pulumi:pulumi:Stack::weft-local",
        type: "pulumi:pulumi:Stack",
        outputs: { key: secret },
      },
      { urn, type: "kubernetes:core/v1:ConfigMap", custom: true, outputs: { data: secret } },
    ];
    const outputs = { key: { value: "s3cr3t-canary", secret: true } };
    const { driver, options } = await setUp(project, { deployment: { resources }, outputs });
    const { snapshot, resources: inspected } = await driver.inspect(options, ({ custom }) => custom);
    expect(snapshot?.resources.map(({ outputs }) => outputs)).toEqual([
      { key: new Secret("s3cr3t-canary") },
      { data: "[secret]" },
    ]);
    expect(inspected).toEqual([
      expect.objectContaining({ now: undefined, error: expect.stringContaining("--engine builtin") }),
    ]);
  });
});
