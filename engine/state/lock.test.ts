import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Backend } from "./backend.ts";
import { LockedError } from "./error.ts";
import { STACK, temporaryBackend } from "./fixtures/support.ts";

const locksOf = (backend: Backend) => join(backend.directory, ".pulumi/locks/organization/weft/local");

async function holdersOf(backend: Backend): Promise<string[]> {
  return (await readdir(locksOf(backend)).catch(() => [])).sort();
}

/** A lock as the CLI would have written it. */
async function foreignLock(backend: Backend, pid: number, host = hostname()): Promise<string> {
  const path = join(locksOf(backend), "1b305104-af43-4654-93cc-ea9a3a7a22b1.json");
  await mkdir(locksOf(backend), { recursive: true });
  const content = { pid, username: "ada", hostname: host, timestamp: "2026-11-22T08:00:59.951342192Z" };
  await writeFile(path, JSON.stringify(content));
  await writeFile(`${path}.attrs`, "{}");
  return path;
}

async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid ?? expect.fail();
}

describe("a stack's lock", () => {
  it("is a file as the CLI writes it, and is gone when released, however often", async () => {
    const backend = await temporaryBackend();
    const lock = await backend.lockStack(STACK);
    const [name = "", ...others] = await holdersOf(backend);
    expect(others).toEqual([]);
    expect(name).toMatch(/^[0-9a-f-]{36}\.json$/);
    const content = JSON.parse(await readFile(join(locksOf(backend), name), "utf8"));
    const expected = { pid: process.pid, username: userInfo().username, hostname: hostname() };
    expect(content).toEqual({ ...expected, timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) });
    await lock.release();
    await lock.release();
    expect(await holdersOf(backend)).toEqual([]);
  });

  it("is released when its block ends with an error", async () => {
    const backend = await temporaryBackend();
    const run = async () => {
      await using lock = await backend.lockStack(STACK);
      throw new Error(`broke with the lock of ${lock.stack.stack}`);
    };
    await expect(run()).rejects.toThrow("broke with the lock of local");
    expect(await holdersOf(backend)).toEqual([]);
  });

  it("leaves other stacks alone", async () => {
    const backend = await temporaryBackend();
    await using first = await backend.lockStack(STACK);
    await using second = await backend.lockStack({ ...STACK, stack: "dev" });
    expect([first.notice, second.notice]).toEqual([undefined, undefined]);
  });

  it("rejects a second run, names the first, and leaves its lock", async () => {
    const backend = await temporaryBackend();
    await using first = await backend.lockStack(STACK);
    const second = backend.lockStack(STACK);
    await expect(second).rejects.toThrow(LockedError);
    await expect(second).rejects.toThrow(`process ${process.pid}, since `);
    expect(await holdersOf(backend)).toHaveLength(1);
    await first.release();
    await (await backend.lockStack(STACK)).release();
  });

  it("rejects while a process of another program is alive on this host", async () => {
    const backend = await temporaryBackend();
    await foreignLock(backend, process.ppid);
    const locked = backend.lockStack(STACK);
    const message = `ada@${hostname()}, process ${process.ppid}, since 2026-11-22T08:00:59.951342192Z`;
    await expect(locked).rejects.toThrow(message);
    await expect(locked).rejects.toThrow("alive on this machine");
    expect(await holdersOf(backend)).toHaveLength(2);
  });

  it("rejects for a lock of another host, whose process nobody here can see", async () => {
    const backend = await temporaryBackend();
    const path = await foreignLock(backend, await deadProcess(), "elsewhere");
    const locked = backend.lockStack(STACK);
    await expect(locked).rejects.toThrow("on another machine is alive can't be seen from here");
    await expect(locked).rejects.toThrow(path);
    expect(await holdersOf(backend)).toHaveLength(2);
  });

  it("rejects for a lock that can't be read, and says what to remove", async () => {
    const backend = await temporaryBackend();
    const path = await foreignLock(backend, 1);
    await writeFile(path, "{");
    await expect(backend.lockStack(STACK)).rejects.toThrow(`rm '${path}'`);
  });

  it("is taken over from a process that is dead on this host, and says so", async () => {
    const backend = await temporaryBackend();
    const pid = await deadProcess();
    await foreignLock(backend, pid);
    await using lock = await backend.lockStack(STACK);
    expect(lock.notice).toContain(`ada@${hostname()}, process ${pid}`);
    expect(lock.notice).toContain("was taken over");
    const [name, ...others] = await holdersOf(backend);
    expect(others).toEqual([]);
    expect(name).not.toContain("1b305104");
  });

  it("is taken over from a process that has ended and that its parent has not looked at yet", async () => {
    const parent = spawn("sh", ["-c", "true & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => void parent.kill());
    const [id] = await once(parent.stdout, "data");
    const backend = await temporaryBackend();
    await foreignLock(backend, Number(id));
    // Elsewhere than on Linux such a process counts as alive, and the lock stays.
    if (process.platform !== "linux") return console.log("not tested: only Linux tells of such a process");
    await vi.waitFor(async () => (await backend.lockStack(STACK)).release());
  });

  it("is taken over from a run that had this very process id, as in a restarted container", async () => {
    const backend = await temporaryBackend();
    await foreignLock(backend, process.pid);
    await using lock = await backend.lockStack(STACK);
    expect(lock.notice).toContain(`process ${process.pid}`);
  });

  it("goes to exactly one of several processes that want it at the same moment", { timeout: 60_000 }, async () => {
    const backend = await temporaryBackend();
    for (let round = 0; round < 3; round++) {
      const racers = await Promise.all(Array.from({ length: 4 }, () => startRacer(backend)));
      for (const { child } of racers) child.stdin?.write("go\n");
      const results = await Promise.all(racers.map(({ next }) => next()));
      expect(results.toSorted()).toEqual(["lost", "lost", "lost", "won"]);
      expect(await holdersOf(backend)).toHaveLength(1);
      for (const { child } of racers) child.stdin?.end("done\n");
      await Promise.all(racers.map(({ exit }) => exit));
      expect(await holdersOf(backend)).toEqual([]);
    }
  });

  it("of a killed process is taken over by the next", async () => {
    const backend = await temporaryBackend();
    const { child, next, exit } = await startRacer(backend);
    child.stdin?.write("go\n");
    expect(await next()).toBe("won");
    child.kill("SIGKILL");
    await exit;
    await using lock = await backend.lockStack(STACK);
    expect(lock.notice).toContain(`process ${child.pid}`);
  });
});

interface Racer {
  readonly child: ChildProcess;
  readonly next: () => Promise<string>;
  readonly exit: Promise<unknown>;
}

async function startRacer(backend: Backend): Promise<Racer> {
  const script = join(import.meta.dirname, "fixtures/child.ts");
  const child = spawn(process.execPath, [script, "race", backend.directory], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  // A racer that lost has gone before its second line comes.
  child.stdin.on("error", () => {});
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value);
  const racer = { child, next, exit: once(child, "exit") };
  expect(await next()).toBe("ready");
  return racer;
}
