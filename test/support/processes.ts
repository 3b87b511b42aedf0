import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

export interface RunningProgram {
  readonly pid: number;
  readonly program: string;
  readonly args: readonly string[];
}

/** Processes whose program or an argument lies in a folder. Linux only. */
export function processesUnder(folder: string): Promise<RunningProgram[]> {
  return processesWhere(async (_, args) => args.some((arg) => arg.includes(`${folder}/`)));
}

/** The same, and those that work in the folder or below it. Linux only. */
export function processesIn(folder: string): Promise<RunningProgram[]> {
  return processesWhere(async (pid, args) => {
    const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    return [...args, `${workingFolder}/`].some((path) => path.includes(`${folder}/`));
  });
}

async function processesWhere(wanted: (pid: number, args: string[]) => Promise<boolean>): Promise<RunningProgram[]> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const args = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0").slice(0, -1);
      if (pid === process.pid || !(await wanted(pid, args))) return [];
      return [{ pid, program: args[0]?.split("/").at(-1) ?? "", args }];
    }),
  );
  return found.flat();
}

/** Addresses a process listens on, as "127.0.0.1:443" or "[<hex>]:443". Linux only. */
export async function listeners(pid: number): Promise<string[]> {
  const sockets = new Set<string>();
  for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) sockets.add(inode);
  }
  const tables = await Promise.all(["tcp", "tcp6"].map((table) => readFile(`/proc/${pid}/net/${table}`, "utf8")));
  return tables.flatMap((table) =>
    table
      .split("\n")
      .slice(1)
      .flatMap((line) => {
        const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
        return state === "0A" && sockets.has(inode) ? [address(local)] : [];
      }),
  );
}

/** Every file, folder and link under a folder, relative to it, sorted. */
export async function tree(folder: string): Promise<string[]> {
  if ((await lstat(folder).catch(() => undefined)) === undefined) return [];
  return (await readdir(folder, { recursive: true })).map((entry) => join(".", entry)).sort();
}

function address(hex: string): string {
  const [host = "", port = ""] = hex.split(":");
  // An IPv4 address is printed as a little-endian number.
  const text =
    host.length === 8
      ? (host.match(/../g) ?? [])
          .reverse()
          .map((byte) => Number.parseInt(byte, 16))
          .join(".")
      : `[${host}]`;
  return `${text}:${Number.parseInt(port, 16)}`;
}
