import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { isAlive } from "./alive.ts";
import { errorCode, LockedError, reasonOf, StateError } from "./error.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { LOCKS, locksFolder } from "./layout.ts";
import type { StackReference } from "./names.ts";

/** The right to write a stack's state, against other runs of Weft and of the Pulumi CLI. */
export interface StackLock extends AsyncDisposable {
  readonly stack: StackReference;
  /** What to tell the user when the lock of a dead run was taken over. */
  readonly notice: string | undefined;
  /** Lets go. Safe to call twice; a process that exits lets go too, unless it is killed. */
  release(): Promise<void>;
}

const holderSchema = z.object({ pid: z.number(), username: z.string(), hostname: z.string(), timestamp: z.string() });
type Holder = z.infer<typeof holderSchema> & { readonly path: string };

/** Milliseconds in which a run that came second in a race has surely seen so and gone. */
const RACE_TIMEOUT = 2000;
const RACE_POLL = 20;
/** Ids of the locks of this very process. */
const own = new Set<string>();

/**
 * Takes the lock of a stack, or throws a `LockedError` that names its holder.
 *
 * The protocol is the CLI's: look for locks, write one, look again; whoever then sees another lock steps back. Where
 * the CLI lets both step back, of two runs of Weft the one with the smaller id waits for the other to go. A lock whose
 * process is dead on this host is taken over.
 */
export async function lockStack(folder: Folder, stack: StackReference): Promise<StackLock> {
  const id = randomUUID();
  const path = folder.path(`${locksFolder(stack)}/${id}.json`);
  const dead = await refuseLiving(folder, stack, id);
  await write(folder, stack, id, path);
  own.add(id);
  const onExit = () => rmSync(path, { force: true });
  process.once("exit", onExit);
  const release = async () => {
    process.removeListener("exit", onExit);
    own.delete(id);
    await rm(path, { force: true });
  };
  try {
    await outlastRivals(folder, stack, id);
    for (const holder of dead) await folder.delete(`${locksFolder(stack)}/${idOf(holder)}.json`);
  } catch (error) {
    await release();
    throw error;
  }
  return { stack, notice: noticeOf(stack, dead), release, [Symbol.asyncDispose]: release };
}

async function write(folder: Folder, stack: StackReference, id: string, path: string): Promise<void> {
  const content = { pid: process.pid, username: username(), hostname: hostname(), timestamp: new Date().toISOString() };
  // Written elsewhere first: the CLI takes any file among the locks for a lock, a half-written one too.
  const temporary = folder.path(`${LOCKS}/${id}.tmp`);
  try {
    await makeFolder(folder.path(locksFolder(stack)));
    await writeFile(temporary, JSON.stringify(content));
    await rename(temporary, path);
  } catch (error) {
    throw new StateError(`can't lock the stack ${stack.stack}: ${reasonOf(error)}`);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Returns the dead holders; throws when a living one is there. */
async function refuseLiving(folder: Folder, stack: StackReference, id: string): Promise<readonly Holder[]> {
  const holders = await others(folder, stack, id);
  const living = holders.filter((holder) => !isDead(holder));
  if (living.length > 0) throw new LockedError(refusal(stack, living));
  return holders;
}

async function outlastRivals(folder: Folder, stack: StackReference, id: string): Promise<void> {
  const deadline = performance.now() + RACE_TIMEOUT;
  for (;;) {
    const rivals = (await others(folder, stack, id)).filter((holder) => !isDead(holder));
    if (rivals.length === 0) return;
    if (rivals.some((rival) => idOf(rival) < id) || performance.now() > deadline) {
      throw new LockedError(refusal(stack, rivals));
    }
    await sleep(RACE_POLL);
  }
}

async function others(folder: Folder, stack: StackReference, id: string): Promise<Holder[]> {
  const holders: Holder[] = [];
  for (const name of await folder.list(locksFolder(stack))) {
    if (!name.endsWith(".json") || name === `${id}.json`) continue;
    const path = folder.path(`${locksFolder(stack)}/${name}`);
    const holder = await readHolder(path);
    if (holder !== undefined) holders.push(holder);
  }
  return holders;
}

/** `undefined` when the lock was released meanwhile. */
async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    return { ...holderSchema.parse(JSON.parse(text)), path };
  } catch {
    throw new LockedError(
      `the lock ${path} can't be read, so nobody knows whose it is. When no run is under way, remove it: rm '${path}'`,
    );
  }
}

function isDead({ hostname: host, pid, path }: Holder): boolean {
  if (host !== hostname()) return false;
  // A restarted container has the host name and often the process id of the one before.
  if (pid === process.pid) return !own.has(idOf({ path }));
  return !isAlive(pid);
}

function refusal({ stack }: StackReference, holders: readonly Holder[]): string {
  const here = holders.every((holder) => holder.hostname === hostname());
  return [
    `the stack ${stack} is locked by another run; nothing was read or written`,
    ...holders.map((holder) => `  ${describe(holder)}\n  ${holder.path}`),
    here
      ? "That process is alive on this machine. Wait until it has ended, or stop it, and run again."
      : "Wait until it has ended, and run again. Whether a process on another machine is alive can't be seen from here;",
    here
      ? "If it is something else that got the same process id, remove the lock: delete the file, or run pulumi cancel."
      : "when you are sure that it is gone, remove its lock: delete the file, or run pulumi cancel.",
  ].join("\n");
}

function noticeOf({ stack }: StackReference, dead: readonly Holder[]): string | undefined {
  if (dead.length === 0) return undefined;
  return `the last run on the stack ${stack} died without letting go of its lock (${dead.map(describe).join("; ")}): the lock was taken over. What that run had begun and not recorded is listed as pending`;
}

function describe(holder: Holder): string {
  return `${holder.username}@${holder.hostname}, process ${holder.pid}, since ${holder.timestamp}`;
}

function idOf({ path }: { readonly path: string }): string {
  return path.slice(path.lastIndexOf("/") + 1, -".json".length);
}

function username(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user that has no name.
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
