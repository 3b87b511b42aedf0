import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeFile } from "./layout.ts";
import type { Operation } from "./operation.ts";
import { processIdentity } from "./processes.ts";

/** How often the folder may go away between making it and using it: others remove it when it is empty. */
const FOLDER_TRIES = 100;

/**
 * Runs an action while no other process works on the same cluster. Who wants in puts down a file of its own, named by
 * its pid and start time, and is in if there is no other one of a living process; else it takes the file back and waits.
 * So no lock is ever taken over: nobody but its owner has it, and what a dead one left is simply removed.
 * Waits for a living holder until the operation is cancelled.
 */
export async function withLock<T>(path: string, operation: Operation, action: () => Promise<T>): Promise<T> {
  const mine = `${path}.${process.pid}.${encodeURIComponent((await processIdentity(process.pid)) ?? "")}`;
  for (let lost = 0; ; ) {
    try {
      const holder = await enter(path, mine);
      if (holder === undefined) break;
      operation.status(`waiting for another run that works on this cluster (pid ${holder})`);
      // Two that come at once both step back; unequal pauses let one of them be first.
      await sleep(100 + Math.random() * 200, undefined, { signal: operation.signal });
    } catch (error) {
      if (codeOf(error) !== "ENOENT" || ++lost > FOLDER_TRIES) throw error;
    }
  }
  try {
    return await action();
  } finally {
    await removeFile(mine);
  }
}

/** Takes the lock, or tells the pid of a process that has it. */
async function enter(path: string, mine: string): Promise<number | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const before = await livingHolder(path, mine);
  if (before !== undefined) return before;
  let holder: number | undefined = process.pid;
  try {
    await writeFile(mine, "", { flag: "wx", mode: 0o600 });
  } catch (error) {
    // Another operation of this very process has it.
    if (codeOf(error) === "EEXIST") return holder;
    throw error;
  }
  try {
    // Of two that have both put down their files, the later one can't overlook the other.
    holder = await livingHolder(path, mine);
    return holder;
  } finally {
    if (holder !== undefined) await removeFile(mine);
  }
}

/** The pid of a living process, other than this one, with a file; files of dead ones are removed. */
async function livingHolder(path: string, mine: string): Promise<number | undefined> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    const file = join(dirname(path), name);
    if (!name.startsWith(prefix) || file === mine) continue;
    const [, pid, identity] = /^(\d+)\.(.*)$/.exec(name.slice(prefix.length)) ?? [];
    if (pid === undefined) continue;
    const now = await processIdentity(Number(pid));
    if (now !== undefined && encodeURIComponent(now) === identity) return Number(pid);
    await removeFile(file);
  }
  return undefined;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
