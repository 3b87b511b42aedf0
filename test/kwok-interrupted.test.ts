import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./support/kube.ts";
import { Plugin, type Properties } from "./support/plugin.ts";
import { occupy, release } from "./support/ports.ts";
import { listeners, processesUnder, tree } from "./support/processes.ts";

// Creations that don't come to their end. Linux only, as processes are read from /proc.

const COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok-controller"];
const URN = "urn:pulumi:local::weft::weft-native:cluster:Kwok::cluster";

let folder: string;
let plugin: Plugin;
let inputs: Properties;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-interrupted-"));
  plugin = await Plugin.start();
  ({ inputs } = await plugin.check(URN, {}, { name: "local", directory: join(folder, "kwok"), nodes: 3 }));
});

afterAll(async () => {
  // Whatever failed: no process of this file stays.
  for (const { pid } of await processesUnder(folder)) process.kill(pid, "SIGKILL");
  await plugin.stop("SIGKILL");
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function running(): Promise<Map<string, number>> {
  return new Map((await processesUnder(folder)).map(({ program, pid }) => [program, pid]));
}

function underWay(): Promise<unknown> {
  return eventually("the API server is being started", async () => (await running()).has("kube-apiserver"));
}

async function expectNothingLeft(): Promise<void> {
  expect(await running()).toEqual(new Map());
  expect(await tree(folder)).toEqual([]);
}

describe("an interrupted creation", () => {
  it("is taken over by the next one when the provider was killed", async () => {
    const killed = await Plugin.start();
    const creation = killed.create(URN, inputs).catch(() => "failed");
    await underWay();
    await killed.stop("SIGKILL");
    expect(await creation).toBe("failed");

    const { id, properties } = await plugin.create(URN, inputs);
    expect([...(await running()).keys()].sort()).toEqual(COMPONENTS);
    await plugin.delete(URN, id, properties);
    await expectNothingLeft();
  });

  it.each(["SIGINT", "SIGTERM"] as const)("is undone when the plugin gets %s", async (signal) => {
    const interrupted = await Plugin.start();
    const creation = interrupted.create(URN, inputs).then(() => "created", String);
    await underWay();
    expect(await interrupted.stop(signal)).toBe(signal === "SIGINT" ? 130 : 143);
    expect(await creation).toBe("Error: cancelled");
    await expectNothingLeft();
  });

  it("is undone when the engine cancels", async () => {
    const cancelled = await Plugin.start();
    const creation = cancelled.create(URN, inputs).then(() => "created", String);
    await underWay();
    await cancelled.cancel();
    expect(await creation).toBe("Error: cancelled");
    await expectNothingLeft();
    await cancelled.stop();
  });

  it("is undone when the engine was killed", async () => {
    const orphaned = await Plugin.start({ underShell: true });
    const creation = orphaned.create(URN, inputs).then(() => "created", String);
    await underWay();
    orphaned.process.kill("SIGKILL");
    expect(await creation).toBe("Error: cancelled");
    await orphaned.stop();
    await expectNothingLeft();
  });

  it("is undone by the next run also when only its answer got lost", async () => {
    await plugin.create(URN, inputs);
    expect([...(await running()).keys()].sort()).toEqual(COMPONENTS);
    await plugin.delete(URN, "", inputs);
    await expectNothingLeft();
  });

  it("tries other ports when one is lost to another program", async () => {
    const racing = new AbortController();
    const thief = stealPort(join(folder, "kwok/clusters/local/kwok.yaml"), racing.signal);
    const { id, properties } = await plugin.create(URN, inputs);
    racing.abort();
    const stolen = await thief;
    const addresses = (await Promise.all([...(await running()).values()].map(listeners))).flat();
    expect(addresses).not.toContain(`127.0.0.1:${stolen.port}`);
    expect(plugin.messages.some(({ message }) => message.includes(`lost its port 127.0.0.1:${stolen.port}`))).toBe(
      true,
    );
    await release(stolen.server);
    await plugin.delete(URN, id, properties);
  });
});

/** Takes the API server's port as soon as kwokctl has written down which it is, before the server is started. */
async function stealPort(file: string, signal: AbortSignal): Promise<{ port: number; server: Server }> {
  while (!signal.aborted) {
    const port = /kubeApiserverPort: (\d+)/.exec(await readFile(file, "utf8").catch(() => ""))?.[1];
    if (port !== undefined) return { port: Number(port), server: await occupy(Number(port)) };
    await sleep(2);
  }
  throw new Error("kwokctl wrote no port");
}
