import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

export interface Measured {
  /** Seconds from start to end. */
  readonly wall: number;
  /**
   * Most memory that the command and what it started had resident at one moment, in MB; pages that they share count for
   * each. `undefined` where /proc does not tell.
   */
  readonly peak: number | undefined;
  readonly lines: readonly string[];
}

const SAMPLE_MS = 50;

/** Runs a command to its end. Throws with what it printed when it fails. */
export async function measure(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Measured> {
  const started = performance.now();
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  const errors: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => errors.push(line));
  let peak: number | undefined;
  const sampler = setInterval(async () => {
    const now = child.pid === undefined ? undefined : await residentTree(child.pid);
    if (now !== undefined) peak = Math.max(peak ?? 0, now);
  }, SAMPLE_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => clearInterval(sampler));
  if (code !== 0) {
    throw new Error(
      [
        `${command} ${args.join(" ")} ended with ${code}`,
        ...lines.filter((line) => /"error"|"summary"/.test(line)),
        ...errors,
      ].join("\n"),
    );
  }
  return { wall: (performance.now() - started) / 1000, peak, lines };
}

/** MB resident in a process and its descendants. An embedded cluster is not among them: it has no parent but init. */
async function residentTree(root: number): Promise<number | undefined> {
  const entries = await readdir("/proc").catch(() => undefined);
  if (entries === undefined) return undefined;
  const children = new Map<number, number[]>();
  const resident = new Map<number, number>();
  await Promise.all(
    entries
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        const [stat, statm] = await Promise.all(
          ["stat", "statm"].map((file) => readFile(`/proc/${name}/${file}`, "utf8").catch(() => "")),
        );
        // The second field is the program's name in brackets and may hold anything.
        const parent = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
        resident.set(Number(name), (Number(statm?.split(" ")[1] ?? 0) * 4096) / 1e6);
      }),
  );
  const sum = (pid: number): number =>
    (resident.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0);
  return sum(root);
}
