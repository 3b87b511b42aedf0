import type { ChildProcess } from "node:child_process";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Time for the last lines of a process that has ended to arrive. */
const LAST_LINES_MS = 100;

/**
 * Resolves when a process has ended and its last lines have been read; rejects when it could not be started. A child of
 * its own may live on with its standard output: Node's "close" would wait for that one, too.
 */
export function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.once("exit", (code, signal) => {
      const end = (): void => {
        clearTimeout(patience);
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ code, signal });
      };
      // An engine that was busy for that long reads what has arrived before it does what is immediate.
      const patience = setTimeout(() => setImmediate(end), LAST_LINES_MS);
      child.once("close", end);
    });
  });
}

/** "exit code 1", "signal SIGKILL". */
export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}
