import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { describeExit, exitOf } from "./child.ts";
import { UserError } from "./errors.ts";

export interface PluginProcessOptions {
  /** For messages: "provider weft-native". */
  readonly what: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the process prints apart from its port, line by line. */
  readonly onOutput: (line: string) => void;
  /** Ends a start that is under way. */
  readonly signal: AbortSignal;
}

/** A process that serves gRPC on 127.0.0.1 and prints its port as its first line, as every Pulumi plugin does. */
export interface PluginProcess {
  readonly port: number;
  /** Resolves with a description of how it ended. */
  readonly ended: Promise<string>;
  /** Ends it: politely, and after a grace period by force. Resolves when it is gone. */
  stop(): Promise<void>;
}

/** How a process ended whose line broke, which shows before its end is known; `undefined` when it seems to live. */
export async function howItEnded({ ended }: PluginProcess): Promise<string | undefined> {
  return Promise.race([ended, new Promise<undefined>((resolve) => setTimeout(resolve, LINE_TO_END_MS, undefined))]);
}

const LINE_TO_END_MS = 1_000;
const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 5_000;
const KEPT_LINES = 20;

/**
 * Throws a `UserError` with the last lines that the process printed when it does not come up, and the signal's reason
 * when it is aborted before it has.
 */
export async function startPluginProcess(options: PluginProcessOptions): Promise<PluginProcess> {
  options.signal.throwIfAborted();
  // A process group of its own: Ctrl-C in the terminal is for the engine, which then stops its plugins in good order.
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const tail: string[] = [];
  const hear = (line: string): void => {
    tail.push(line);
    if (tail.length > KEPT_LINES) tail.shift();
    options.onOutput(line);
  };
  const ended = exitOf(child).then(describeExit, (error: Error) => error.message);
  const port = new Promise<number>((resolve) => {
    let announced = false;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (announced || !/^\d+$/.test(line)) return hear(line);
      announced = true;
      resolve(Number(line));
    });
    createInterface({ input: child.stderr }).on("line", hear);
  });
  const patience = Promise.withResolvers<undefined>();
  const giveUp = (): void => patience.resolve(undefined);
  const timeout = setTimeout(giveUp, START_TIMEOUT_MS);
  options.signal.addEventListener("abort", giveUp);
  const first = await Promise.race([port, ended, patience.promise]);
  clearTimeout(timeout);
  options.signal.removeEventListener("abort", giveUp);
  if (typeof first === "number") return { port: first, ended, stop: () => stop(child, ended) };

  await stop(child, ended);
  options.signal.throwIfAborted();
  const why = first === undefined ? `said nothing for ${START_TIMEOUT_MS / 1000} s` : `ended with ${first}`;
  throw new UserError([`${options.what} did not start: it ${why}`, ...tail].join("\n"));
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
  await ended;
  clearTimeout(force);
}
