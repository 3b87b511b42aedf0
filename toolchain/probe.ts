import { constants } from "node:fs";
import { access, open, realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { Stage } from "./cache.ts";
import { reasonOf } from "./errors.ts";
import type { Reporter } from "./progress.ts";
import { run } from "./run.ts";
import type { Tool } from "./tool.ts";

/** A program that says its version needs milliseconds; a cold disk or a busy machine, seconds. */
const ANSWER_MS = 10_000;

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/**
 * The version that the program at `path` says it has.
 *
 * @throws an Error when it cannot be run, takes longer than 10 s, fails, or says something else.
 */
async function askVersion(tool: Tool, path: string, { env, signal }: Surroundings): Promise<string> {
  const { code, stdout, stderr } = await run(path, tool.ask.args, { env, signal, timeoutMs: ANSWER_MS });
  const version = tool.ask.answer.exec(stdout)?.[1];
  if (version !== undefined) return version;
  const said = (stdout.trim() || stderr.trim()).split("\n")[0] ?? "";
  const how = code === 0 ? "says no version" : code === undefined ? "was killed" : `ends with exit code ${code}`;
  throw new Error(`${path} ${how} when asked with "${tool.ask.args.join(" ")}"${said === "" ? "" : `: ${said}`}`);
}

/** Asks the program at `path` and refuses any other version than the pinned one. */
export async function requireVersion(tool: Tool, path: string, surroundings: Surroundings): Promise<void> {
  const version = await askVersion(tool, path, surroundings);
  if (version !== tool.version) throw new Error(`${path} is version ${version}; ${tool.version} is needed`);
}

/** Starts a program that is about to be cached. It must be this machine's kind, and of the pinned version. */
export async function tryOut(
  tool: Tool,
  stage: Stage,
  context: Surroundings & { readonly reporter: Reporter },
): Promise<void> {
  await context.reporter.step(
    "try",
    "asking it for its version",
    async () => {
      await stage.makeExecutable();
      await requireVersion(tool, stage.program, context);
    },
    () => `says it is version ${tool.version}`,
  );
}

/**
 * Looks for the program in KUBEBUILDER_ASSETS, then on PATH, and takes the first one of exactly the pinned version, where
 * its file really lies. A version manager's stand-in is refused, be it a script or a link to the manager: the process
 * that comes of it goes by another name than the one it was started by, and nobody would find it again.
 * Relative entries of PATH are passed over: what they mean depends on the folder Weft is started in.
 */
export async function findInstalled(
  tool: Tool,
  surroundings: Surroundings,
): Promise<{ readonly path: string } | { readonly reason: string }> {
  const { KUBEBUILDER_ASSETS: assets, PATH: path = "" } = surroundings.env;
  const folders = [
    ...(assets ? [resolve(assets)] : []),
    ...path.split(delimiter).filter((folder) => isAbsolute(folder)),
  ];
  const refused: string[] = [];
  const seen = new Set<string>();
  for (const folder of folders) {
    const candidate = join(folder, tool.name);
    const real = await executableAt(candidate);
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    try {
      if (!(await isNative(real))) throw new Error(`${named(candidate, real)} is a script, not the program itself`);
      await requireVersion(tool, real, surroundings);
      return { path: real };
    } catch (error) {
      surroundings.signal?.throwIfAborted();
      refused.push(reasonOf(error));
    }
  }
  const where = assets ? "in KUBEBUILDER_ASSETS or on PATH" : "on PATH (KUBEBUILDER_ASSETS is not set)";
  return { reason: refused.length === 0 ? `no ${tool.name} ${where}` : refused.join("\n") };
}

/** The first executable of that name on PATH. */
export async function which(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const candidate = join(folder, name);
    if (isAbsolute(folder) && (await executableAt(candidate)) !== undefined) return candidate;
  }
  return undefined;
}

/** The real path of an executable file; `undefined` when there is none. */
async function executableAt(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile() ? await realpath(path) : undefined;
  } catch {
    return undefined;
  }
}

/** First bytes of what a system runs itself: ELF; Mach-O for one processor, and for several. */
const NATIVE = ["7f454c46", "cffaedfe", "cafebabe"];

async function isNative(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return NATIVE.includes(buffer.subarray(0, bytesRead).toString("hex"));
  } finally {
    await file.close();
  }
}

/** A path, with the file it leads to where that is another. */
function named(path: string, real: string): string {
  return path === real ? path : `${path} (${real})`;
}
