import { link, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { present, removeFile } from "./layout.ts";
import type { Operation } from "./operation.ts";
import { processIdentity } from "./processes.ts";

/**
 * Runs an action while no other process works on the same cluster. A lock whose holder has died is taken over at once:
 * the holder is known by its pid and start time. Waits for a living holder until the operation is cancelled.
 */
export async function withLock<T>(path: string, operation: Operation, action: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const mine = JSON.stringify({ pid: process.pid, identity: await processIdentity(process.pid) });
  const draft = `${path}.${process.pid}`;
  try {
    for (;;) {
      // Written aside and linked into place, so that nobody reads half a lock.
      await writeFile(draft, mine, { mode: 0o600 });
      if (await linked(draft, path)) break;
      const holder = await readFile(path, "utf8").catch(() => undefined);
      if (holder !== undefined && (await alive(holder))) {
        operation.status(`waiting for another run that works on this cluster (pid ${pidOf(holder)})`);
        await sleep(200, undefined, { signal: operation.signal });
      } else if (holder !== undefined) {
        await takeAway(path, holder);
      }
    }
  } finally {
    await removeFile(draft);
  }
  try {
    return await action();
  } finally {
    await removeFile(path);
  }
}

/** Removes a dead holder's lock, and puts it back if another process has meanwhile taken it over. */
async function takeAway(path: string, dead: string): Promise<void> {
  const aside = `${path}.${process.pid}.dead`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if ((await readFile(aside, "utf8")) !== dead && !(await present(path))) await linked(aside, path);
  await removeFile(aside);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function alive(holder: string): Promise<boolean> {
  const pid = pidOf(holder);
  if (pid === undefined) return false;
  const identity = await processIdentity(pid);
  return identity !== undefined && holder === JSON.stringify({ pid, identity });
}

function pidOf(holder: string): number | undefined {
  const match = /^\{"pid":(\d+),/.exec(holder);
  return match === null ? undefined : Number(match[1]);
}
