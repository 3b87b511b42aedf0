import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clusterProcesses, endProcesses, processIdentity } from "./processes.ts";
import { sleeper, started, stillRuns } from "./testing/sleeper.ts";

let folder: string;
const start = (cluster: string, program: string) => sleeper(join(folder, cluster), program);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-processes-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the processes of a cluster", () => {
  it("are those that were started from its folder, and no others", async () => {
    const etcd = await start("local", "etcd");
    await start("local-2", "etcd");
    await started("/bin/sh", "-c", `: ${join(folder, "local", "bin", "etcd")}; sleep 600`);
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

  it("of another user are named, with what to do", async () => {
    const etcd = await start("local", "etcd");
    // Only root could start a process of another user; the system's refusal is played.
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
    });
    try {
      await expect(endProcesses(join(folder, "local"), () => true)).rejects.toThrow(
        new RegExp(`^etcd \\(process ${etcd.pid}\\) was started by \\S.* and run again\\.$`),
      );
    } finally {
      kill.mockRestore();
    }
    expect(await stillRuns(etcd)).toBe(true);
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
