import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds to go on, and to pause at first; pauses double up to `longestPause`. */
export interface Patience {
  readonly total: number;
  readonly firstPause: number;
  readonly longestPause: number;
}

/**
 * What a program does not order (an object before its namespace, a custom resource before its definition) is tolerated
 * for about as long as the official provider does.
 */
export const MISORDER_PATIENCE: Patience = { total: 30_000, firstPause: 250, longestPause: 4_000 };

/** Does `work` again while its failure is one that time may cure. Throws the last failure. */
export async function patiently<T>(
  work: () => Promise<T>,
  mayPass: (error: unknown) => boolean,
  patience: Patience,
  signal: AbortSignal,
  onPause: (error: unknown) => void,
): Promise<T> {
  const started = performance.now();
  for (let pause = patience.firstPause; ; pause = Math.min(pause * 2, patience.longestPause)) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error) || performance.now() - started + pause > patience.total) throw error;
      onPause(error);
      await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
