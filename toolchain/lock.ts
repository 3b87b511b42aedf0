import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { codeOf } from "./errors.ts";

/** Without a sign of life for so long, a lock's owner is taken for dead. It gives one a second. */
const STALE_MS = 5_000;
const HEARTBEAT_MS = 1_000;
const POLL_MS = 200;

/**
 * Runs `work` while no other process on this cache installs the same program. Only thrift hangs on it: should two
 * processes ever get in at once (one was suspended for longer than the stale time), each installs in its own stage, and
 * the first rename wins. That is why a lock that was taken over is no error here, and why
 * heartbeats were chosen over process numbers, which mean nothing across containers that share a cache.
 *
 * @param waiting is called once when somebody else has the lock; it is given the wait itself.
 */
export async function withLock<T>(
  root: string,
  name: string,
  signal: AbortSignal | undefined,
  waiting: (wait: () => Promise<void>) => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  const folder = join(root, ".locks");
  await mkdir(folder, { recursive: true });
  const attempt = () => tryLock(join(folder, name));
  let release = await attempt();
  if (release === undefined) {
    await waiting(async () => {
      while (release === undefined) {
        await sleep(POLL_MS, undefined, { signal }).catch(() => signal?.throwIfAborted());
        release = await attempt();
      }
    });
  }
  try {
    return await work();
  } finally {
    // A lock that was taken over is not ours to release.
    await release?.().catch((error: unknown) => {
      if (!["ERELEASED", "ENOTACQUIRED"].includes(codeOf(error) ?? "")) throw error;
    });
  }
}

async function tryLock(path: string): Promise<(() => Promise<void>) | undefined> {
  try {
    return await lock(path, {
      realpath: false,
      stale: STALE_MS,
      update: HEARTBEAT_MS,
      onCompromised: () => {},
    });
  } catch (error) {
    if (codeOf(error) === "ELOCKED") return undefined;
    throw error;
  }
}
