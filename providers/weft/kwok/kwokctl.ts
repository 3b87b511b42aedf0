import { spawn } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { COMPONENTS, type Component } from "./configuration.ts";
import { type Layout, logFile, removeFile, replaceFile } from "./layout.ts";
import type { Operation } from "./operation.ts";
import { clusterProcesses } from "./processes.ts";

/** A port was taken between choosing it and listening on it. */
export class PortTaken extends Error {
  override readonly name = "PortTaken";
}

/**
 * Runs kwokctl until it is done, or until a component that it started has ended again: kwokctl would wait two minutes
 * for an API server that is dead already.
 *
 * It runs in a session of its own, as do the components it starts, so that neither Ctrl-C in the terminal nor the end
 * of the terminal or of this process reaches them. They get a bare environment: KWOK_* and ETCD_* variables would
 * change what they do, and no component needs to inherit a passphrase.
 */
export async function kwokctl(at: Layout, operation: Operation, args: string[], input = ""): Promise<void> {
  const stop = new AbortController();
  const { HOME, TMPDIR } = process.env;
  const child = spawn(join(at.cluster, "bin", "kwokctl"), ["--name", at.name, ...args], {
    cwd: at.cluster,
    detached: true,
    // kwokctl takes kubectl from PATH if there is one.
    env: { PATH: join(at.cluster, "bin"), ...(HOME && { HOME }), ...(TMPDIR && { TMPDIR }), KWOK_WORKDIR: at.root },
    stdio: ["pipe", "pipe", "pipe"],
    signal: AbortSignal.any([operation.signal, stop.signal]),
    killSignal: "SIGKILL",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      output = (output + chunk).slice(-20_000);
    });
  }
  // It may end before it has read everything; its exit says why.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);

  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    // Not "close": the components hold no pipe of ours, but a stray kubectl might for a moment.
    child.on("exit", (code, signal) => {
      const why = signal === null ? kwokctlErrors(output) : `it was ended by ${signal}`;
      if (code === 0) resolve();
      else reject(new Error(`kwokctl ${args[0]} failed: ${why}`));
    });
  });
  const watch = watchStart(at, operation, stop);
  // It is awaited only when kwokctl has ended; failing before, it must not end this process.
  watch.catch(() => undefined);
  try {
    await ended;
  } catch (error) {
    operation.signal.throwIfAborted();
    if (!stop.signal.aborted) throw error;
  } finally {
    stop.abort();
    child.stdout.destroy();
    child.stderr.destroy();
    await watch;
  }
}

/** Says how far it is, and gives up as soon as etcd or the API server has ended. */
async function watchStart(at: Layout, operation: Operation, stop: AbortController): Promise<void> {
  let since: number | undefined;
  while (!stop.signal.aborted) {
    await sleep(200, undefined, { signal: stop.signal }).catch(() => undefined);
    if (stop.signal.aborted) return;
    const running = (await clusterProcesses(at.cluster)).map(({ program }) => program);
    for (const component of ["etcd", "kube-apiserver"] as const) {
      if ((await readPid(at, component)) !== undefined && !running.includes(component)) stop.abort();
    }
    if (!running.includes("kube-apiserver")) continue;
    since ??= performance.now();
    operation.status(`waiting for kube-apiserver (${Math.floor((performance.now() - since) / 1000)} s)`);
  }
}

/**
 * Makes the pid files say what is true, because kwokctl believes them: it would leave a component dead whose old pid
 * now belongs to some other process, and start a second one of a component whose pid file was not written any more.
 */
export async function correctPidFiles(at: Layout): Promise<void> {
  const processes = await clusterProcesses(at.cluster);
  for (const component of COMPONENTS) {
    const running = processes.find(({ program }) => program === component);
    if ((await readPid(at, component)) === running?.pid) continue;
    if (running === undefined) await removeFile(pidFile(at, component));
    else await replaceFile(pidFile(at, component), String(running.pid));
  }
}

/** Sizes of the components' logs now, so that {@link logSince} shows only what was written later. */
export async function logSizes(at: Layout): Promise<Record<Component, number>> {
  const sizes = await Promise.all(
    COMPONENTS.map(async (component) => {
      const found = await stat(logFile(at, component)).catch(() => undefined);
      return [component, found?.size ?? 0] as const;
    }),
  );
  return Object.fromEntries(sizes) as Record<Component, number>;
}

export async function logSince(at: Layout, component: Component, size: number): Promise<string> {
  const log = await readFile(logFile(at, component)).catch(() => Buffer.alloc(0));
  return log.subarray(size).toString("utf8");
}

/** Where a component's log is and how it ends, for a message. */
export async function logEnd(at: Layout, component: Component, since = 0): Promise<string> {
  return `The end of ${logFile(at, component)}:\n${tail(await logSince(at, component, since))}`;
}

/** The last lines of a log. */
export function tail(log: string, lines = 5): string {
  return log
    .trimEnd()
    .split("\n")
    .slice(-lines)
    .map((line) => `    ${line.slice(0, 400)}`)
    .join("\n");
}

/** kwokctl logs JSON lines; its errors hold the cause in `msg` and `err`. */
export function kwokctlErrors(output: string): string {
  const errors = output.split("\n").flatMap((line) => {
    try {
      const { level, msg, err } = JSON.parse(line) as { level?: string; msg?: string; err?: string };
      return level === "ERROR" ? [[msg, err].filter((part) => part !== undefined).join(": ")] : [];
    } catch {
      return [];
    }
  });
  return errors.length > 0 ? errors.join("; ") : output.trim().slice(-2000) || "it said nothing";
}

async function readPid(at: Layout, component: Component): Promise<number | undefined> {
  const text = await readFile(pidFile(at, component), "utf8").catch(() => "");
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function pidFile(at: Layout, component: Component): string {
  return join(at.cluster, "pids", `${component}.pid`);
}
