import type { EventEmitter } from "node:events";
import type { Readable } from "node:stream";
import type { Driver } from "./driver.ts";

/** What the command sees of, and does to, the process that it runs in. Tests bring a world of their own. */
export interface World {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Where the process tells of itself: SIGINT, SIGTERM, SIGHUP, "uncaughtException" and "exit". */
  readonly signals: Pick<EventEmitter, "on" | "off">;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Ends the process at once. */
  exit(code: number): void;
  /** Loads the built-in engine: costly, so only when it is going to be used. */
  builtinEngine(): Promise<Driver>;
}

export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** The world of this very process. */
export function processWorld(): World {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreGoneReader);
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signals: process,
    now: () => performance.now(),
    exit: (code) => process.exit(code),
    builtinEngine: () => import("../engine/index.ts"),
  };
}

/** `weft … | head`, or a terminal that was closed: nobody reads on, and the work ends as it would have ended. */
function ignoreGoneReader(error: NodeJS.ErrnoException): void {
  if (!["EPIPE", "EIO", "ERR_STREAM_DESTROYED"].includes(error.code ?? "")) throw error;
}
