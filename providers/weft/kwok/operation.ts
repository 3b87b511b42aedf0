import { setTimeout as sleep } from "node:timers/promises";

/** One request of the engine while it runs. */
export interface Operation {
  readonly urn: string;
  /** Aborted by a cancellation of the whole run. */
  readonly signal: AbortSignal;
  /** What is going on right now; shown beside the resource, not kept. */
  status(message: string): void;
  /** Something the user should read and keep. */
  warn(message: string): void;
}

/** What to do about a machine that did not do its part in time. */
export const RUN_AGAIN = "Run again; if that does not help, `weft doctor` says what this machine lacks.";

/**
 * Asks every 100 ms until `check` returns a value; reports what is waited for once a second, with the time. Throws what
 * `late` makes once `seconds` have passed, and the signal's reason when the operation is cancelled.
 */
export async function until<T>(
  operation: Operation,
  waitingFor: () => string,
  seconds: number,
  check: () => Promise<T | undefined>,
  late: () => Promise<Error> | Error,
): Promise<T> {
  const since = performance.now();
  let told = -1;
  for (;;) {
    operation.signal.throwIfAborted();
    const result = await check();
    if (result !== undefined) return result;
    const elapsed = Math.floor((performance.now() - since) / 1000);
    if (elapsed >= seconds) throw await late();
    if (elapsed > told) {
      told = elapsed;
      operation.status(`waiting for ${waitingFor()} (${elapsed} s)`);
    }
    await sleep(100, undefined, { signal: operation.signal });
  }
}
