import { execFile } from "node:child_process";
import { statfs } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import weft from "../../package.json" with { type: "json" };
import { isOlder } from "../engine-choice.ts";
import { bytes, count } from "../show/text.ts";
import { type Check, ok, problem, warning } from "./check.ts";

const run = promisify(execFile);
const GIB = 2 ** 30;

export function nodeCheck(version: string): Check {
  const needed = weft.engines.node.replace(/^>=/, "");
  const detail = `${version} (${needed} or newer is needed)`;
  if (!isOlder(version, needed)) return ok("Node.js", detail);
  return problem(
    "Node.js",
    detail,
    "run npm ci, and start Weft by npm run weft, which takes the Node.js that npm brings",
  );
}

/**
 * An embedded control plane takes about 0.5 GiB (etcd 45 MiB, API server 260, controller manager 90, scheduler 65, KWOK
 * 60; measured with the Online Boutique), and a run of the engine with the program and the policies as much again.
 */
const MEMORY = { tight: 1 * GIB, comfortable: 2 * GIB };

export function memoryCheck(available: number, total: number): Check {
  const detail = `${bytes(available)} of ${bytes(total)} are free`;
  if (available >= MEMORY.comfortable) return ok("memory", detail);
  const fix = `end other programs; ${bytes(MEMORY.comfortable)} are enough`;
  return available >= MEMORY.tight ? warning("memory", detail, fix) : problem("memory", detail, fix);
}

/** etcd and the API server hold a file for each watch and connection; macOS gives a shell 256. */
const FILES = 1024;

export function filesCheck(limit: number | undefined): Check {
  const name = "open files";
  if (limit === undefined) return warning(name, "the limit could not be found out", "run: ulimit -n");
  const detail = limit === Number.POSITIVE_INFINITY ? "no limit" : `at most ${limit} for each process`;
  return limit >= FILES ? ok(name, detail) : warning(name, detail, `run: ulimit -n ${FILES}`);
}

/** Room in a folder; `needed` in bytes. */
export function diskCheck(name: string, folder: string, free: number, needed: number): Check {
  const detail = `${bytes(free)} free in ${folder}`;
  if (free >= needed) return ok(name, detail);
  return problem(name, `${detail}; ${bytes(needed)} are needed`, `make room in ${folder}`);
}

/** For state, logs and a cluster's database. */
const PROJECT_ROOM = GIB / 2;

export async function machineChecks(projectFolder: string): Promise<Check[]> {
  return [
    nodeCheck(process.versions.node),
    ok("processors", count(availableParallelism(), "core")),
    memoryCheck(process.availableMemory(), Math.min(process.constrainedMemory() || totalmem(), totalmem())),
    filesCheck(await filesLimit()),
    diskCheck("disk, project", projectFolder, await freeBytes(projectFolder), PROJECT_ROOM),
  ];
}

/** As a process that is started from here has it. */
async function filesLimit(): Promise<number | undefined> {
  try {
    const { stdout } = await run("sh", ["-c", "ulimit -n"]);
    const text = stdout.trim();
    if (text === "unlimited") return Number.POSITIVE_INFINITY;
    return /^\d+$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Room on the disk that a folder is on, or will be on. */
export async function freeBytes(folder: string): Promise<number> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    } catch (error) {
      if (dirname(path) === path) throw error;
    }
  }
}
