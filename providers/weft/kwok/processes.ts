import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { COMPONENTS, type Component } from "./configuration.ts";

const run = promisify(execFile);

export interface ClusterProcess {
  readonly pid: number;
  /** File name of the program in the cluster's `bin`. */
  readonly program: string;
}

/**
 * The living processes of a cluster, found by the program path in their own arguments: every program is started through
 * a link in the cluster's `bin`. Pid files are not asked, because a pid is given to another process after a restart.
 */
export async function clusterProcesses(clusterDirectory: string): Promise<ClusterProcess[]> {
  const bin = join(clusterDirectory, "bin/");
  const all = process.platform === "linux" ? await fromProc() : await fromPs();
  return all.flatMap(({ pid, command }) => {
    if (!command.startsWith(bin)) return [];
    // `ps` joins the arguments with spaces; a program's name has none.
    const program = /^[\w-]+/.exec(command.slice(bin.length))?.[0];
    return program === undefined ? [] : [{ pid, program }];
  });
}

export function isComponent(program: string): program is Component {
  return (COMPONENTS as readonly string[]).includes(program);
}

/** Ends processes of the cluster and waits until they are gone. kwokctl goes first: it would start others. */
export async function endProcesses(clusterDirectory: string, which: (program: string) => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  const killed = new Map<number, string | undefined>();
  for (;;) {
    const left = (await clusterProcesses(clusterDirectory)).filter(({ program }) => which(program));
    // A dying process loses its arguments before it gives up its ports, so it is waited for by its pid.
    for (const [pid, identity] of killed) {
      if (identity === undefined || (await processIdentity(pid)) !== identity) killed.delete(pid);
    }
    if (left.length === 0 && killed.size === 0) return;
    if (performance.now() > deadline) {
      const pids = [...killed.keys()].join(",");
      throw new Error(
        `processes ${pids} did not end after being killed, as happens when a disk hangs. ` +
          `See what they wait for with "ps -o pid,stat,wchan,args -p ${pids}", and run again once they are gone.`,
      );
    }
    // Always the hard way: the files of a cluster that ends are removed, and etcd's log makes a restart safe.
    const launchers = left.filter(({ program }) => !isComponent(program));
    for (const { pid, program } of launchers.length > 0 ? launchers : left) {
      if (!killed.has(pid)) killed.set(pid, await processIdentity(pid));
      await kill(pid, program);
    }
    await sleep(20);
  }
}

async function kill(pid: number, program: string): Promise<void> {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ESRCH") return;
    if (code !== "EPERM") throw error;
    throw new Error(
      `${program} (process ${pid}) was started by ${await ownerOf(pid)} and can't be ended by you. ` +
        `Run again as that user, or end it with "sudo kill -9 ${pid}" and run again.`,
      { cause: error },
    );
  }
}

async function ownerOf(pid: number): Promise<string> {
  const { stdout } = await run("ps", ["-o", "user=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.trim() || "another user";
}

/** What tells a process from a later one with the same pid; `undefined` when there is none. */
export async function processIdentity(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    // The command name, in parentheses, may hold spaces: the next field is the third of proc_pid_stat(5).
    const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, threads, started] = [fields?.[0], fields?.[17], fields?.[19]];
    // Dead, but for the exit code that nobody asked for yet. Until its last thread has ended it keeps its ports.
    return state === "Z" && Number(threads) <= 1 ? undefined : started;
  }
  // The same words and hours for everybody who asks.
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  const { stdout } = await run("ps", ["-o", "lstart=", "-p", String(pid)], { env }).catch(() => ({ stdout: "" }));
  return stdout.trim() === "" ? undefined : stdout.trim();
}

async function fromProc(): Promise<{ pid: number; command: string }[]> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // Empty for a zombie and for the kernel's own threads; gone for a process that has just ended.
      const cmdline = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      return { pid: Number(pid), command: cmdline.split("\0")[0] ?? "" };
    }),
  );
  return found.filter(({ command }) => command !== "");
}

async function fromPs(): Promise<{ pid: number; command: string }[]> {
  const { stdout } = await run("ps", ["-axww", "-o", "pid=,command="], { maxBuffer: 64 * 2 ** 20 });
  return stdout.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(.*)$/.exec(line);
    return match === null ? [] : [{ pid: Number(match[1]), command: match[2] ?? "" }];
  });
}
