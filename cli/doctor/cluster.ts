import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { promisify } from "node:util";
import { cacheRoot, listToolchain, type ToolStatus } from "../../toolchain/index.ts";
import { EMBEDDED_FOLDER } from "../kwok.ts";
import { type Caller, callerOf, nextCommand } from "../show/next-command.ts";
import { count } from "../show/text.ts";
import { type Check, ok, problem, warning } from "./check.ts";
import { diskCheck, freeBytes } from "./machine.ts";

const run = promisify(execFile);

/**
 * The programs alone are 0.5 GiB. A build keeps besides them Go's compiled packages (3.1 GiB) and modules (up to 2.6), and
 * has scratch files while it lasts; the README asks for as much.
 */
const ROOM = { nothing: 0, programs: 2 ** 30, build: 10 * 2 ** 30 };

/** Where the programs of an embedded cluster would come from, and whether there is room for them. */
export async function toolchainChecks(env: NodeJS.ProcessEnv): Promise<Check[]> {
  let tools: readonly ToolStatus[];
  try {
    tools = await listToolchain({ env });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return [problem("platform", text, "use a machine of one of these platforms, or a stack with another target")];
  }
  const folder = cacheRoot(env);
  const needed = tools.some(({ from }) => from === "go")
    ? ROOM.build
    : tools.some(({ from }) => from === "release")
      ? ROOM.programs
      : ROOM.nothing;
  return [
    ok("platform", tools[0]?.platform ?? ""),
    toolchainCheck(tools, callerOf(env)),
    ...(needed === ROOM.nothing ? [] : [diskCheck("disk, cache", folder, await freeBytes(folder), needed)]),
  ];
}

export function toolchainCheck(tools: readonly ToolStatus[], caller: Caller = "weft"): Check {
  const name = "toolchain";
  const install = nextCommand(caller, "toolchain install");
  const from = (way: ToolStatus["from"]): string[] => tools.filter((tool) => tool.from === way).map(({ tool }) => tool);
  const missing = tools.filter((tool) => tool.from === undefined);
  if (missing.length > 0) {
    const reasons = missing.map(({ tool, ways }) => `${tool}: ${ways.map(({ detail }) => detail).join("; ")}`);
    const fix = `${install} says all that would help; installing Go is enough`;
    return problem(name, [`no way leads to ${missing.length} of ${tools.length} programs`, ...reasons].join("\n"), fix);
  }
  const parts = [
    [from("cache").length, "in the cache"],
    [from("installed").length, "installed"],
    [from("release").length, "to be downloaded"],
    [from("go").length, "to be built"],
  ] as const;
  const told = parts.flatMap(([number, text]) => (number === 0 ? [] : [`${number} ${text}`])).join(", ");
  const detail = `${count(tools.length, "program")}: ${told}`;
  if (from("release").length + from("go").length === 0) return ok(name, detail);
  const go = tools[0]?.ways.find(({ way }) => way === "go");
  const fallback = go?.open
    ? `a build where a download fails (${go.detail})`
    : `no build where a download fails: ${go?.detail}`;
  return warning(name, `${detail}; ${fallback}`, `${install} does it now, and shows how it goes`);
}

/** What earlier clusters left: processes and folders that no state knows of any more. */
export async function leftoverChecks(
  project: string,
  stack: string,
  exists: boolean | undefined,
  caller: Caller,
): Promise<Check[]> {
  const clusters = join(project, EMBEDDED_FOLDER, "clusters");
  const found = await readdir(clusters, { withFileTypes: true }).catch(() => []);
  const folders = found.filter((entry) => entry.isDirectory()).map(({ name }) => join(clusters, name));
  const processes = await programsBelow(clusters + sep);
  const checks = folders.map(async (folder): Promise<Check[]> => {
    const marker = await markerOf(folder);
    const owner = /^urn:pulumi:(.*?)::/.exec(marker?.urn ?? "")?.[1];
    const running = processes.filter((program) => program.startsWith(folder + sep)).length;
    const what = `${folder}, ${count(running, "process", "processes")}`;
    const up = nextCommand(caller, "up");
    if (marker === undefined) {
      return [warning("leftover", `${what}: not made by Weft`, "remove it, or give the stack's cluster another name")];
    }
    if (owner !== stack) return [];
    if (marker.uid === undefined) return [warning("leftover", `${what}: an interrupted start left it`, `run ${up}`)];
    if (exists !== false) return [];
    const fix =
      running === 0
        ? `run ${up}, which removes it`
        : `destroy it with the state that made it; if there is none, end its processes and run ${up}`;
    return [warning("leftover", `${what}: a cluster that the state of ${stack} does not know`, fix)];
  });
  const known = new Set(folders);
  const orphans = processes.filter((program) => ![...known].some((folder) => program.startsWith(folder + sep)));
  const strays = orphans.length === 0 ? [] : [strayCheck(orphans)];
  const all = [...(await Promise.all(checks)).flat(), ...strays];
  return all.length > 0 ? all : [ok("leftovers", "none")];
}

function strayCheck(programs: readonly string[]): Check {
  const names = programs.map((program) => program.slice(program.lastIndexOf(sep) + 1)).join(", ");
  return warning("leftover", `processes of a cluster whose folder is gone: ${names}`, "end them: they serve nobody");
}

/** What the provider notes in the folder of a cluster that it makes; the uid once it is made. */
async function markerOf(folder: string): Promise<{ readonly urn?: string; readonly uid?: string } | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, "weft.json"), "utf8"));
  } catch {
    return undefined;
  }
}

/** Paths of the running programs that lie below a folder: clusters start theirs from their own. */
async function programsBelow(prefix: string): Promise<string[]> {
  const commands = process.platform === "linux" ? await fromProc() : await fromPs();
  return commands.filter((command) => command.startsWith(prefix)).map((command) => command.split(" ", 1)[0] ?? "");
}

async function fromProc(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.map((line) => line.split("\0", 1)[0] ?? "");
}

async function fromPs(): Promise<string[]> {
  const { stdout } = await run("ps", ["-axww", "-o", "command="], { maxBuffer: 64 * 2 ** 20 });
  return stdout.split("\n");
}
