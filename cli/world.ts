import type { EventEmitter } from "node:events";
import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
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
  /** `taken` is called once whoever reads has taken the text and all before it, or will never read on. */
  write(text: string, taken?: () => void): unknown;
}

/** Resolves when nothing that was said waits for its reader any more: a pipe takes 64 KiB at a time. */
export async function allTaken({ stdout, stderr }: Pick<World, "stdout" | "stderr">): Promise<void> {
  await Promise.all([stdout, stderr].map((output) => new Promise<void>((taken) => output.write("", () => taken()))));
}

/** The world of this very process. */
export function processWorld(): World {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreGoneReader);
  return {
    env: withThisNode(process.env),
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

/** Plugins are started as `node …` by what starts them: it has to be the one that runs Weft, not an older one on PATH. */
function withThisNode(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const folders = (env.PATH ?? "").split(delimiter);
  const first = folders.map((folder) => join(folder, "node")).find(existsSync);
  if (first !== undefined && realpathSync(first) === realpathSync(process.execPath)) return env;
  return { ...env, PATH: [dirname(process.execPath), ...folders].join(delimiter) };
}

/** `weft … | head`, or a terminal that was closed: nobody reads on, and the work ends as it would have ended. */
function ignoreGoneReader(error: NodeJS.ErrnoException): void {
  if (!["EPIPE", "EIO", "ERR_STREAM_DESTROYED"].includes(error.code ?? "")) throw error;
}
