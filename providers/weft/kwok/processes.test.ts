import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clusterProcesses, endProcesses, processIdentity } from "./processes.ts";

// The real processes of this test play a cluster's: sleeping, started through links in a cluster's folder.

let folder: string;
let children: ChildProcess[] = [];

async function start(cluster: string, program: string): Promise<ChildProcess> {
  const bin = join(folder, cluster, "bin");
  await mkdir(bin, { recursive: true });
  await symlink("/bin/sleep", join(bin, program));
  return run(join(bin, program), "600");
}

function run(...[command = "", ...args]: string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: "ignore" });
  children.push(child);
  return new Promise((done, failed) => child.once("spawn", () => done(child)).once("error", failed));
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-processes-"));
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await rm(folder, { recursive: true });
});

describe("the processes of a cluster", () => {
  it("are those that were started from its folder, and no others", async () => {
    const etcd = await start("local", "etcd");
    await start("local-2", "etcd");
    await run("/bin/sh", "-c", `: ${join(folder, "local", "bin", "etcd")}; sleep 600`);
    expect(await clusterProcesses(join(folder, "local"))).toEqual([{ pid: etcd.pid, program: "etcd" }]);
  });

  it("are ended as chosen, and waited for", async () => {
    const etcd = await start("local", "etcd");
    const scheduler = await start("local", "kube-scheduler");
    const other = await start("other", "etcd");
    await endProcesses(join(folder, "local"), (program) => program === "etcd");
    expect(await processIdentity(etcd.pid ?? 0)).toBeUndefined();
    expect(await clusterProcesses(join(folder, "local"))).toEqual([{ pid: scheduler.pid, program: "kube-scheduler" }]);
    expect(await processIdentity(other.pid ?? 0)).toBeDefined();
  });

  it("are none where nothing runs", async () => {
    await endProcesses(join(folder, "local"), () => true);
    expect(await clusterProcesses(join(folder, "local"))).toEqual([]);
  });
});

describe("the identity of a process", () => {
  it("stays, and is that of no other process", async () => {
    const first = await processIdentity(process.pid);
    // Start times are counted in hundredths of a second.
    await sleep(30);
    const child = await start("local", "etcd");
    expect(await processIdentity(process.pid)).toBe(first);
    expect(await processIdentity(child.pid ?? 0)).not.toBe(first);
    expect(first).toBeDefined();
  });
});
