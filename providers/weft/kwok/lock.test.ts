import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { withLock } from "./lock.ts";
import type { Operation } from "./operation.ts";
import { processIdentity } from "./processes.ts";
import { started } from "./testing/sleeper.ts";

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
  await mkdir(dirname(path));
  said = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const files = () => readdir(dirname(path));

async function fileOf(pid: number | undefined): Promise<string> {
  return `.local.lock.${pid}.${await processIdentity(pid ?? 0)}`;
}

/** The file of a process that had the lock, or waited for it, and was killed. */
async function leftByDead(): Promise<string> {
  const child = await started("/bin/sleep", "600");
  const name = await fileOf(child.pid);
  await writeFile(join(dirname(path), name), "");
  child.kill("SIGKILL");
  await once(child, "exit");
  return name;
}

describe("the lock of a cluster", () => {
  it("is held during the action and gone afterwards, also when that fails", async () => {
    await withLock(path, operation(), async () => expect(await files()).toEqual([await fileOf(process.pid)]));
    await expect(withLock(path, operation(), () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await files()).toEqual([]);
  });

  it("makes a second run wait until the first is done, and says for whom", async () => {
    const order: string[] = [];
    const first = withLock(path, operation(), async () => {
      await sleep(300);
      order.push("first");
    });
    await expect.poll(files).toHaveLength(1);
    await withLock(path, operation(), async () => void order.push("second"));
    await first;
    expect(order).toEqual(["first", "second"]);
    expect(said[0]).toBe(`waiting for another run that works on this cluster (pid ${process.pid})`);
  });

  it("is not that of another cluster, whatever its name starts with", async () => {
    await withLock(join(folder, "clusters", ".local-2.lock"), operation(), () =>
      withLock(path, operation(), async () => expect(await files()).toHaveLength(2)),
    );
    expect(said).toEqual([]);
  });

  it("is waited for while its holder lives, and not any longer", async () => {
    const child = await started("/bin/sleep", "600");
    await writeFile(join(dirname(path), await fileOf(child.pid)), "");
    const mine = withLock(path, operation(), async () => "mine");
    await expect.poll(() => said).toContain(`waiting for another run that works on this cluster (pid ${child.pid})`);
    child.kill("SIGKILL");
    expect(await mine).toBe("mine");
    expect(await files()).toEqual([]);
  });

  it("is free when its holder's pid now belongs to another process", async () => {
    await writeFile(`${path}.${process.pid}.1`, "");
    expect(await withLock(path, operation(), async () => "mine")).toBe("mine");
    expect(await files()).toEqual([]);
  });

  it("removes what killed processes left of theirs, be they many", async () => {
    await Promise.all([leftByDead(), leftByDead(), leftByDead()]);
    await withLock(path, operation(), async () => expect(await files()).toHaveLength(1));
    expect(await files()).toEqual([]);
  });

  it("is waited for no longer than the run goes on", async () => {
    const run = new AbortController();
    const first = withLock(path, operation(), () => sleep(500));
    await expect.poll(files).toHaveLength(1);
    const second = withLock(path, operation(run.signal), async () => "never");
    run.abort();
    await expect(second).rejects.toThrow(/abort/i);
    await first;
    expect(await files()).toEqual([]);
  });

  it("is taken while others remove the folder whenever it is empty", async () => {
    let going = true;
    const remover = (async () => {
      for (; going; await sleep(1)) await rmdir(dirname(path)).catch(() => undefined);
    })();
    try {
      for (let round = 0; round < 200; round++) await withLock(path, operation(), async () => undefined);
    } finally {
      going = false;
      await remover;
    }
  });

  it("lets in one of many processes at a time, though some are killed with it", async () => {
    const script = `
      import { readdirSync, rmSync, writeFileSync } from "node:fs";
      import { setTimeout as sleep } from "node:timers/promises";
      import { withLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
      const [path, room] = process.argv.slice(1);
      const operation = { urn: "u", signal: new AbortController().signal, status() {}, warn() {} };
      for (let round = 0; round < 4; round++) {
        await withLock(path, operation, async () => {
          if (readdirSync(room).length > 0) process.exit(66);
          writeFileSync(room + "/" + process.pid, "");
          await sleep(10);
          rmSync(room + "/" + process.pid);
          if (round === 1 && process.pid % 2 === 0) process.kill(process.pid, "SIGKILL");
        });
      }`;
    const room = join(folder, "room");
    await mkdir(room);
    const ends = Array.from({ length: 6 }, () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script, path, room], { stdio: "inherit" });
      onTestFinished(() => void child.kill("SIGKILL"));
      return once(child, "exit");
    });
    for (const [code, signal] of await Promise.all(ends)) expect(signal ?? code).toBeOneOf([0, "SIGKILL"]);
  }, 30_000);
});
