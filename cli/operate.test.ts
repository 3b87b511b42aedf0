import { access } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../engine/index.ts";
import { LockedError } from "../engine/state/index.ts";
import { main } from "./index.ts";
import { begin, end, kwok, namespace, outcome, phase, planOf, stackUrn, violation } from "./testing/events.ts";
import { fakeEngine, inspectionOf, tells } from "./testing/fake-engine.ts";
import { testProject } from "./testing/project.ts";
import { operations, weft } from "./testing/run.ts";
import { type TestWorld, testWorld } from "./testing/world.ts";

// A fake engine: what these prove is what the command makes of an engine's answers, not that an engine gives them.

const terminal = { columns: 100, rows: 30 };
const toCreate = tells([...planOf(["web"])], { phase: "plan", changes: { create: 9 } });

const recorded = inspectionOf([
  { urn: stackUrn, type: "pulumi:pulumi:Stack", custom: false },
  { ...kwok, custom: true },
]);

describe("an operation", () => {
  it("gets the project, the stack, the environment and the policy packs", async () => {
    await using project = await testProject();
    await project.write("policies/PulumiPolicy.yaml", "runtime: nodejs\n");
    await project.write("strict/PulumiPolicy.yaml", "runtime: nodejs\n");
    const engine = fakeEngine();
    const world = testWorld({ cwd: join(project.directory, "stacks"), engine, env: { MARK: "1" } });
    expect(await main(["preview", "shop"], world)).toBe(0);
    expect(await main(["up", "--yes", "--refresh", "--policy-pack", "../strict", "local"], world)).toBe(0);
    const [preview, up] = engine.calls.map(({ options }) => options);
    expect(preview).toMatchObject({ directory: project.directory, stack: "shop", env: { MARK: "1" } });
    expect(preview?.policyPacks).toEqual([join(project.directory, "policies")]);
    expect(up).toMatchObject({ stack: "local", refresh: true, policyPacks: [join(project.directory, "strict")] });
  });

  it.each([
    ["succeeds", outcome(), 0],
    ["fails", outcome({ result: "failed" }), 1],
    ["is forbidden by a policy", outcome({ result: "failed", phase: "plan", mandatoryViolations: 2 }), 3],
    ["is cancelled", outcome({ result: "cancelled" }), 130],
  ])("that %s ends with its own exit code", async (_, how, code) => {
    const engine = fakeEngine({ up: async () => how });
    expect((await weft(["up", "--yes"], engine)).code).toBe(code);
  });

  it.each([
    ["locked", new LockedError("the stack local is locked by another run"), 4],
    ["refused", new UserError("no provider for aws"), 1],
  ])("that is %s says so without a stack", async (_, error, code) => {
    const { code: ended, world } = await weft(["up", "--yes"], fakeEngine({ up: () => Promise.reject(error) }));
    expect(ended).toBe(code);
    expect(world.stdout.text).toContain(error.message);
    expect(world.stdout.text).not.toMatch(/bug|operate\.test/);
  });

  it("tells of a bug as one, and with --verbose where it struck", async () => {
    const engine = fakeEngine({ up: () => Promise.reject(new TypeError("x is undefined")) });
    const short = await weft(["up", "--yes"], engine);
    expect(short.code).toBe(1);
    expect(short.world.stdout.text).toMatch(/bug in Weft: x is undefined\n.*--verbose/);
    expect((await weft(["up", "--yes", "--verbose"], engine)).world.stdout.text).toContain("operate.test.ts");
  });

  it("prints JSON and nothing else with --json", async () => {
    const engine = fakeEngine({
      up: tells([phase("plan"), violation()], { result: "failed", mandatoryViolations: 1 }),
    });
    const { code, world } = await weft(["up", "--yes", "--json"], engine);
    const lines = world.stdout.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ kind }) => kind)).toEqual(["start", "phase", "policy-violation", "summary"]);
    expect(lines.at(-1)).toMatchObject({ exitCode: 3, result: "failed", violations: { mandatory: 1 } });
    expect([code, world.stderr.text]).toEqual([3, ""]);
  });

  it("stops at a signal, and says how to go on", async () => {
    let world: TestWorld | undefined;
    const engine = fakeEngine({
      up: async ({ emit, signal }) => {
        for (const event of [phase("apply"), begin(kwok)]) emit(event);
        world?.signals.emit("SIGTERM");
        expect(signal.aborted).toBe(true);
        emit(end(kwok));
        throw signal.reason;
      },
    });
    await using project = await testProject();
    world = testWorld({ cwd: project.directory, engine });
    expect(await main(["up", "--yes"], world)).toBe(130);
    expect(world.stdout.text).toContain("SIGTERM: stopping, nothing new is begun; waiting for cluster-kwok");
    expect(world.stdout.text).toMatch(/local: cancelled[\s\S]*the same command goes on from here/);
    expect(world.stdout.text).not.toContain("bug");
  });
});

describe("a plan that deletes a namespace", () => {
  const deleting = [phase("plan"), begin(namespace, "delete", "plan"), end(namespace, "delete", { phase: "plan" })];
  const engine = () =>
    fakeEngine({
      preview: tells(deleting, { phase: "plan", changes: { delete: 1 } }),
      up: tells([...deleting, phase("apply"), begin(namespace, "delete"), end(namespace, "delete")]),
      destroy: tells([phase("apply"), begin(namespace, "delete"), end(namespace, "delete")]),
    });

  it.each([["preview"], ["up", "--yes"]])("warns once of what goes along: %s", async (...args) => {
    const { code, world } = await weft(args, engine());
    expect(code).toBe(0);
    expect(world.stdout.text.match(/^! .*shop-namespace.*everything in it.*disks too$/gm)).toHaveLength(1);
  });

  it("warns on a terminal before it asks, and in JSON", async () => {
    const { world } = await weft(["up"], engine(), { terminal, answer: "n" });
    expect(world.stdout.text).toMatch(/shop-namespace.*disks too[\s\S]*Apply this to local\?/);
    const json = (await weft(["preview", "--json"], engine())).world.stdout.text.trimEnd().split("\n");
    const messages = json.map((line) => JSON.parse(line)).filter(({ kind }) => kind === "message");
    expect(messages).toEqual([expect.objectContaining({ severity: "warning" })]);
  });

  it("is no news in a destruction", async () => {
    expect((await weft(["destroy", "--yes"], engine())).world.stdout.text).not.toContain("disks");
  });
});

describe("up, on a terminal", () => {
  it("shows what it would do, asks, and does it", async () => {
    const engine = fakeEngine({ preview: toCreate });
    const { code, world } = await weft(["up"], engine, { terminal, answer: "y" });
    expect(code).toBe(0);
    expect(operations(engine)).toEqual(["preview", "up"]);
    expect(world.stdout.text).toMatch(/\+ create cluster-kwok[\s\S]*Apply this to local\? \[y\/N\]/);
  });

  it.each(["", "n", "nope"])("does nothing unless the answer is yes: %j", async (answer) => {
    const engine = fakeEngine({ preview: toCreate });
    const { code, world } = await weft(["up"], engine, { terminal, answer });
    expect([code, operations(engine)]).toEqual([130, ["preview"]]);
    expect(world.stdout.text).toContain("Nothing was applied.");
  });

  it("asks nothing when there is nothing to change, or when it can't be", async () => {
    const same = fakeEngine({ preview: tells([], { phase: "plan", changes: { same: 3 } }) });
    expect((await weft(["up"], same, { terminal })).code).toBe(0);
    expect(operations(same)).toEqual(["preview", "up"]);
    const forbidden = fakeEngine({ preview: tells([], { result: "failed", phase: "plan", mandatoryViolations: 1 }) });
    expect((await weft(["up"], forbidden, { terminal })).code).toBe(3);
    expect(operations(forbidden)).toEqual(["preview"]);
  });

  it("refreshes first where it is to refresh, and asks about what that found", async () => {
    for (const [answer, code, expected] of [
      ["n", 130, ["refresh", "preview"]],
      ["y", 0, ["refresh", "preview", "up"]],
    ] as const) {
      await using project = await testProject();
      await project.deploy("local");
      // Only a refresh shows that something is missing.
      let looked = false;
      const same = tells([], { phase: "plan", changes: { same: 3 } });
      const engine = fakeEngine({
        preview: (options) => (looked ? toCreate : same)(options),
        refresh: (options) => {
          looked = true;
          return tells([phase("apply"), end(kwok, "delete")], { changes: { delete: 1 } })(options);
        },
      });
      const world = testWorld({ cwd: project.directory, engine, terminal });
      world.stdin.write(`${answer}\n`);
      expect(await main(["up", "--refresh"], world)).toBe(code);
      expect(operations(engine)).toEqual(expected);
      // It is not looked a second time: what that would find, nobody was asked about.
      if (answer === "y") expect(engine.calls.at(-1)?.options.refresh).toBe(false);
      expect(world.stdout.text).toMatch(/1 gone[\s\S]*9 to create[\s\S]*Apply this to local\?/);
      expect(world.stdout.text.includes("Nothing was applied. The state holds what the refresh found.")).toBe(
        answer === "n",
      );
    }
  });

  it("asks nothing with --yes", async () => {
    const engine = fakeEngine();
    await weft(["up", "--yes"], engine, { terminal });
    expect(operations(engine)).toEqual(["up"]);
  });
});

describe("destroy", () => {
  it("asks for the stack's name, and tells how much there is to delete", async () => {
    const engine = fakeEngine({ destroy: tells([phase("apply")], { changes: { delete: 2 } }) }, recorded);
    const { code, world } = await weft(["destroy", "--remove"], engine, { terminal, answer: "local" });
    expect(code).toBe(0);
    expect(world.stdout.text).toContain("This deletes 1 resource of local. Type local to go on:");
    expect(engine.calls.at(-1)).toMatchObject({ operation: "destroy", options: { remove: true } });
  });

  it("asks also where it can't be told what there is to delete", async () => {
    const engine = { ...fakeEngine(), inspect: () => Promise.reject(new UserError("no answer")) };
    const { code, world } = await weft(["destroy"], engine, { terminal, answer: "y" });
    expect(code).toBe(130);
    expect(world.stdout.text).toContain("This deletes everything of local. Type local to go on:");
    expect(operations(engine)).toEqual([]);
  });

  it("deletes nothing at any other answer", async () => {
    const engine = fakeEngine({}, recorded);
    const { code } = await weft(["destroy"], engine, { terminal, answer: "y" });
    expect([code, operations(engine)]).toEqual([130, ["inspect"]]);
  });

  it("takes the written kubeconfig and the Pulumi CLI's copy along, only when it worked", async () => {
    await using project = await testProject();
    const kubeconfig = await project.write(".weft/local.kubeconfig", "key");
    const other = await project.write(".weft/shop.kubeconfig", "key");
    const copy = await project.write(".weft/pulumi/Pulumi.local.yaml", "");
    const failing = fakeEngine({ destroy: tells([], { result: "failed" }) });
    const args = ["destroy", "--yes", "--remove"];
    expect(await main(args, testWorld({ cwd: project.directory, engine: failing }))).toBe(1);
    await access(kubeconfig);
    expect(await main(args, testWorld({ cwd: project.directory, engine: fakeEngine() }))).toBe(0);
    await expect(access(kubeconfig)).rejects.toThrow("ENOENT");
    await expect(access(copy)).rejects.toThrow("ENOENT");
    await access(other);
  });
});
