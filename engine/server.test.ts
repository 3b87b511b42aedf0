import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Goal } from "./goal.ts";
import { runProgram } from "./program.ts";
import { type PropertyMap, Secret, UNKNOWN } from "./property.ts";
import { makeUrn } from "./resource.ts";
import { type EngineServer, type LogEntry, startServer } from "./server.ts";

// The SDK's own runner runs real programs here; what they register is answered without an engine. What an engine does
// with registrations is tested in deployment.test.ts.

const PROGRAMS = join(import.meta.dirname, "testing/programs");
const ROOT = dirname(import.meta.dirname);
const servers: EngineServer[] = [];

interface Run {
  readonly goals: Map<string, Goal>;
  readonly outputs: Map<string, PropertyMap>;
  readonly logs: LogEntry[];
  readonly printed: string[];
  readonly error: string | undefined;
}

async function run(
  entryPoint: string,
  config: Record<string, string>,
  options: { dryRun?: boolean } = {},
): Promise<Run> {
  const result = { goals: new Map(), outputs: new Map(), logs: [] as LogEntry[], printed: [] as string[] };
  const server = await startServer((entry) => {
    if (entry.severity !== "debug") result.logs.push(entry);
  });
  servers.push(server);
  const info = {
    project: "weft",
    stack: "test",
    organization: "organization",
    config,
    configSecretKeys: ["weft:password"],
    dryRun: options.dryRun ?? false,
    parallel: 16,
  };
  server.serve({
    info,
    async register(goal) {
      const urn = makeUrn("test", "weft", goal.parent, goal.type, goal.name);
      result.goals.set(goal.name, goal);
      const outputs = goal.type === "fake:index:Thing" ? { ...goal.inputs, arn: info.dryRun ? UNKNOWN : "arn:1" } : {};
      return { urn, id: goal.custom ? `id-${goal.name}` : "", outputs };
    },
    registerOutputs: (urn, outputs) => void result.outputs.set(urn.split("::").at(-1) ?? "", outputs),
    programEnded: async () => {},
  });
  const program = runProgram({
    rootDirectory: ROOT,
    directory: PROGRAMS,
    entryPoint,
    info,
    serverAddress: server.address,
    env: process.env,
    onOutput: (line) => result.printed.push(line),
  });
  const error = await program.ended.then(
    () => undefined,
    (failure: Error) => failure.message,
  );
  return { ...result, error };
}

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

describe("a program run by the SDK's own runner", () => {
  it("registers what it says, with every option", async () => {
    const { goals, outputs, logs, printed, error } = await run("options.ts", {
      "weft:password": "hunter2",
      "weft:plain": "text",
    });
    expect(error).toBeUndefined();
    const group = "urn:pulumi:test::weft::weft:test:Group::group";
    const first = "urn:pulumi:test::weft::weft:test:Group$fake:index:Thing::first";
    expect(goals.get("first")).toMatchObject({ custom: true, parent: group, protect: false, deletedWith: undefined });
    expect(goals.get("first")?.inputs).toEqual({ size: 1, password: new Secret("hunter2") });
    expect(goals.get("second")).toMatchObject({
      inputs: { from: "arn:1", plain: "text" },
      dependencies: expect.arrayContaining([first]),
      propertyDependencies: { from: [first], plain: [] },
      protect: true,
      retainOnDelete: true,
      deletedWith: first,
      deleteBeforeReplace: false,
      ignoreChanges: ["spec.replicas"],
      replaceOnChanges: ["spec.image"],
      additionalSecretOutputs: ["arn"],
      customTimeouts: { create: 90, delete: 7200 },
      version: "1.2.3",
    });
    expect(goals.get("second")?.aliases).toEqual([
      { name: "old", type: undefined, project: undefined, stack: undefined, parent: expect.any(String) },
      expect.objectContaining({ type: "fake:index:Old" }),
    ]);
    expect(outputs.get("group")).toEqual({ url: "http://group" });
    expect(outputs.get("weft-test")).toEqual({ arn: "arn:1", stack: "organization/weft/test" });
    expect(logs.map((entry) => entry.text)).toContain("hello from the program");
    expect(printed).toContain("printed by the program");
  });

  it("sees unknown outputs as such in a plan", async () => {
    const config = { "weft:password": "hunter2", "weft:plain": "text" };
    const { goals, outputs } = await run("options.ts", config, { dryRun: true });
    expect(goals.get("second")?.inputs.from).toBe(UNKNOWN);
    expect(outputs.get("weft-test")?.arn).toBe(UNKNOWN);
  });

  it.each([
    ["import", "uses import"],
    ["transforms", "uses transforms"],
    ["hooks", "uses resource hooks"],
    ["replaceWith", "uses replaceWith"],
    ["get", "uses resources that are only read (get)"],
    ["invoke", "uses provider functions (invoke)"],
    ["asset", "is an asset"],
  ])("rejects %s, which the built-in engine does not do, and says what does", async (use, message) => {
    const { error, logs } = await run("unsupported.ts", { "weft:use": use });
    expect(error).toBe("the program failed");
    const said = logs.map(({ text }) => text).join("\n");
    expect(said).toContain(message);
    expect(said).toContain("the Pulumi CLI");
  });

  it("rejects a program that is not there", async () => {
    const { error, printed, logs } = await run("absent.ts", {});
    expect(error).toMatch(/^the program/);
    expect([...printed, ...logs.map(({ text }) => text)].join("\n")).toContain("absent.ts");
  });
});
