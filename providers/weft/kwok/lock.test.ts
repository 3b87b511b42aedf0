import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withLock } from "./lock.ts";
import type { Operation } from "./operation.ts";
import { processIdentity } from "./processes.ts";

let folder: string;
let path: string;
let said: string[];

const operation = (signal = new AbortController().signal): Operation => ({
  urn: "urn",
  signal,
  status: (message) => said.push(message),
  warn: (message) => said.push(message),
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-lock-"));
  path = join(folder, "clusters", ".local.lock");
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function holder(pid: number): Promise<string> {
  return JSON.stringify({ pid, identity: await processIdentity(pid) });
}

describe("the lock of a cluster", () => {
  it("is held during the action and gone afterwards, also when that fails", async () => {
    await withLock(path, operation(), async () => {
      expect(await readFile(path, "utf8")).toBe(await holder(process.pid));
    });
    await expect(withLock(path, operation(), () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await readdir(join(folder, "clusters"))).toEqual([]);
  });

  it("makes a second run wait until the first is done, and says for whom", async () => {
    const order: string[] = [];
    const first = withLock(path, operation(), async () => {
      await new Promise((done) => setTimeout(done, 300));
      order.push("first");
    });
    await expect.poll(() => readFile(path, "utf8").catch(() => "")).not.toBe("");
    await withLock(path, operation(), async () => void order.push("second"));
    await first;
    expect(order).toEqual(["first", "second"]);
    expect(said[0]).toBe(`waiting for another run that works on this cluster (pid ${process.pid})`);
  });

  it("is taken over from a process that has died", async () => {
    const child = spawn("/bin/sleep", ["600"], { stdio: "ignore" });
    await once(child, "spawn");
    const dead = await holder(child.pid ?? 0);
    child.kill("SIGKILL");
    await once(child, "exit");
    await withLock(path, operation(), async () => undefined);
    await writeFile(path, dead);
    await withLock(path, operation(), async () => expect(await readFile(path, "utf8")).not.toBe(dead));
  });

  it("is taken over when its holder's pid now belongs to another process", async () => {
    await withLock(path, operation(), async () => undefined);
    await writeFile(path, JSON.stringify({ pid: process.pid, identity: "some time ago" }));
    expect(await withLock(path, operation(), async () => "mine")).toBe("mine");
  });

  it("is taken over when it can't be read", async () => {
    await withLock(path, operation(), async () => undefined);
    await writeFile(path, "{");
    expect(await withLock(path, operation(), async () => "mine")).toBe("mine");
  });

  it("is waited for no longer than the run goes on", async () => {
    const run = new AbortController();
    const first = withLock(path, operation(), () => new Promise((done) => setTimeout(done, 500)));
    await expect.poll(() => readFile(path, "utf8").catch(() => "")).not.toBe("");
    const second = withLock(path, operation(run.signal), async () => "never");
    run.abort();
    await expect(second).rejects.toThrow(/abort/i);
    await first;
    expect(await readdir(join(folder, "clusters"))).toEqual([]);
  });
});
