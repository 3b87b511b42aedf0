import { describe, expect, it } from "vitest";
import type { Inspected } from "../../engine/index.ts";
import { resourceState } from "../../engine/testing/resource-state.ts";
import { main } from "../index.ts";
import { renderStatus } from "../show/status.ts";
import { styleFor } from "../show/style.ts";
import { kwok, namespace, service, stackUrn } from "../testing/events.ts";
import { fakeEngine, inspectionOf } from "../testing/fake-engine.ts";
import { PLATFORM } from "../testing/platform.ts";
import { testProject } from "../testing/project.ts";
import { type TestWorld, testWorld } from "../testing/world.ts";
import { type Status, statusOf } from "./status.ts";

const record = resourceState({ ...kwok });
const resources = [
  resourceState({ urn: stackUrn, type: "pulumi:pulumi:Stack", custom: false, outputs: PLATFORM }),
  record,
  resourceState({ ...namespace }),
  resourceState({ ...service("web").deployment }),
  resourceState({ ...service("orders").deployment }),
];
const there: Inspected = { resource: record, now: { id: "1", inputs: {}, outputs: { nodes: 5 } } };
const scheduler = 'cluster "local": kube-scheduler is not running. The next update repairs it.';

function found(inspected: readonly Inspected[], warnings: readonly string[] = [], of = resources): Status {
  return { ...statusOf("local", of, inspected, warnings), pending: 0 };
}

const cases: Record<string, Status> = {
  up: found([there]),
  degraded: found([there], [scheduler]),
  gone: found([{ resource: record, now: undefined }]),
  unknown: found([{ resource: record, now: undefined, error: "the provider did not start" }]),
  interrupted: { ...found([there], [], resources.slice(1)), pending: 2 },
  nothing: found([], [], []),
};

describe("the status of a stack", () => {
  it.each(Object.entries(cases))("reads as it did: %s", async (name, status) => {
    const lines = renderStatus(status, { style: styleFor(false), width: 100, caller: "weft" });
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`../show/golden/status-${name}.txt`);
  });

  it("tells a whole cluster from a half-dead one, from one that is gone, and from one that could not be asked", () => {
    const health = (name: string) => cases[name]?.cluster.health;
    expect(["up", "degraded", "gone", "unknown", "nothing"].map(health)).toEqual([
      "up",
      "degraded",
      "gone",
      "unknown",
      "none",
    ]);
    expect(cases.degraded?.cluster.problems).toEqual([scheduler]);
  });

  it("counts what is on record by type, without what only holds it together", () => {
    expect(cases.up?.resources).toEqual({
      "kubernetes:apps/v1:Deployment": 2,
      "weft-native:cluster:Kwok": 1,
      "kubernetes:core/v1:Namespace": 1,
    });
    expect(cases.up?.components).toBe(1);
  });

  it("wraps a note that has no room, and cuts none", () => {
    const lines = renderStatus(cases.up as Status, { style: styleFor(false), width: 60, caller: "weft" });
    expect(lines.join(" ").replace(/\s+/g, " ")).toContain(
      "API server, etcd and controllers are the released programs.",
    );
    expect(Math.max(...lines.filter((line) => line.includes("real  ")).map((line) => line.length))).toBeLessThanOrEqual(
      66,
    );
  });

  it("shows no secret, in JSON neither", () => {
    expect(JSON.stringify(cases)).not.toContain("s3cr3t-canary");
  });
});

describe("weft status", () => {
  it("says that nothing is deployed, asks no engine and makes no file", async () => {
    await using project = await testProject();
    const engine = fakeEngine();
    const world = testWorld({ cwd: project.directory, engine });
    expect(await main(["status"], world)).toBe(0);
    expect(world.stdout.text).toContain("local: nothing is deployed");
    expect(engine.calls).toEqual([]);
    await expect(project.exists(".weft/passphrase")).resolves.toBe(false);
    await expect(project.exists(".weft/state/.pulumi")).resolves.toBe(false);
  });

  it.each([
    ["as text", []],
    ["as JSON", ["--json"]],
  ])("that is cancelled says so %s, and nothing of the cluster", async (_, flags) => {
    await using project = await testProject();
    await project.deploy("local");
    let world: TestWorld | undefined;
    const inspect = async () => {
      world?.signals.emit("SIGTERM");
      return inspectionOf(resources, [{ resource: record, now: undefined, error: "cancelled" }]);
    };
    world = testWorld({ cwd: project.directory, engine: { ...fakeEngine(), inspect } });
    expect(await main(["status", ...flags], world)).toBe(130);
    expect(world.stderr.text).toBe("SIGTERM: stopping\n");
    if (flags.length === 0) expect(world.stdout.text).toBe("");
    else expect(JSON.parse(world.stdout.text)).toMatchObject({ kind: "problem", exitCode: 130 });
  });

  it("that is cancelled while something fails has failed for no other reason", async () => {
    await using project = await testProject();
    await project.deploy("local");
    let world: TestWorld | undefined;
    const inspect = () => {
      world?.signals.emit("SIGINT");
      return Promise.reject(new TypeError("the other end is gone"));
    };
    world = testWorld({ cwd: project.directory, engine: { ...fakeEngine(), inspect } });
    expect(await main(["outputs"], world)).toBe(130);
    expect(world.stderr.text).toBe("SIGINT: stopping\n");
  });

  it.each([
    ["up", [there], 0],
    ["gone", [{ resource: record, now: undefined }], 1],
  ])("ends with 1 when the cluster is not whole: %s", async (health, inspected, code) => {
    await using project = await testProject();
    await project.deploy("local");
    const engine = fakeEngine({}, inspectionOf(resources, inspected));
    const world = testWorld({ cwd: project.directory, engine });
    expect(await main(["status", "--json"], world)).toBe(code);
    const status: Status = JSON.parse(world.stdout.text);
    expect(status).toMatchObject({ stack: "local", deployed: true, cluster: { health }, pending: 0 });
    expect(status.platform?.capabilities).toHaveLength(3);
    expect(world.stdout.text).not.toContain("s3cr3t-canary");
  });
});
