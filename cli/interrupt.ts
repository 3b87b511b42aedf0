import type { World } from "./world.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * One Ctrl-C can arrive twice: from the terminal, and once more from npm, which hands it on to its script. A person who
 * means a second one takes longer than this.
 */
const SAME_SIGNAL_MS = 500;

/** The operation was asked to stop. The reason of the signal that operations get. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
}

export interface Interruption {
  /** The first signal: work goes on until it can stop in good order. */
  stopping(signal: string): void;
  /** The second: the process ends when this returns. */
  leaving(): void;
}

/** Runs `work` such that the first signal asks it to stop and the second ends the process at once, with exit code 130. */
export async function interruptible<T>(
  world: Pick<World, "signals" | "now" | "exit">,
  handlers: Interruption,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let first: number | undefined;
  const onSignal = (name: string): void => {
    if (first === undefined) {
      first = world.now();
      handlers.stopping(name);
      controller.abort(new Cancelled(`cancelled by ${name}`));
    } else if (world.now() - first >= SAME_SIGNAL_MS) {
      handlers.leaving();
      world.exit(130);
    }
  };
  const listeners = SIGNALS.map((name) => [name, () => onSignal(name)] as const);
  for (const [name, listener] of listeners) world.signals.on(name, listener);
  try {
    return await work(controller.signal);
  } finally {
    for (const [name, listener] of listeners) world.signals.off(name, listener);
  }
}
