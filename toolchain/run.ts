import { spawn } from "node:child_process";
import { reasonOf } from "./errors.ts";

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds after which the program is killed; unlimited when absent. */
  readonly timeoutMs?: number;
  /** Called for each line the program writes to its standard error. */
  readonly onErrorLine?: (line: string) => void;
}

export interface Ran {
  /** Exit code; `undefined` when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Groups that are running now; they end with this process at the latest. */
const groups = new Set<() => void>();

/** How much of each stream is kept: enough for a version, or for the end of a compiler's complaint. */
const KEPT_CHARACTERS = 64 * 1024;

/**
 * Runs a program without a shell and waits for its end. It leads a process group of its own, and cancelling, the
 * timeout and the end of this process kill the whole group: a compiler that `go` started must not go on alone.
 *
 * @throws the signal's reason when cancelled; an Error when the program cannot be started or takes too long.
 */
export function run(file: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const { env, cwd, signal, timeoutMs, onErrorLine } = options;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = start(file, args, env, cwd);
    let stopped: unknown;
    const killGroup = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // The group is already gone.
      }
    };
    const stop = (reason: unknown) => {
      stopped ??= reason;
      killGroup();
      // A grandchild that left the group could keep the pipes open for ever; nobody reads them any more.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const onAbort = () => stop(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (groups.size === 0) process.on("exit", killAll);
    groups.add(killGroup);
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => stop(tooLong(file, timeoutMs)), timeoutMs);
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      groups.delete(killGroup);
      if (groups.size === 0) process.removeListener("exit", killAll);
    };

    let stdout = "";
    let stderr = "";
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(-KEPT_CHARACTERS);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-KEPT_CHARACTERS);
      if (onErrorLine === undefined) return;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onErrorLine(line);
    });
    child.once("error", (error) => {
      settle();
      reject(stopped ?? cannotRun(file, error));
    });
    child.once("close", (code) => {
      settle();
      if (stopped !== undefined) reject(stopped);
      else resolve({ code: code ?? undefined, stdout, stderr });
    });
  });
}

function start(file: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string | undefined) {
  try {
    return spawn(file, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    // Node throws some failures (a file of another architecture) and emits others (a missing file).
    throw cannotRun(file, error);
  }
}

function killAll(): void {
  for (const kill of groups) kill();
}

function cannotRun(file: string, error: unknown): Error {
  return new Error(`${file} cannot be run: ${reasonOf(error)}`);
}

function tooLong(file: string, timeoutMs: number): Error {
  return new Error(`${file} did not answer within ${timeoutMs / 1000} s`);
}
