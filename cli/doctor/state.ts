import { constants } from "node:fs";
import { access, readdir, readFile, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { backendUrl, type Project } from "../../engine/project/index.ts";
import { ensurePassphrase, isAlive, locksFolder } from "../../engine/state/index.ts";
import type { EngineChoice } from "../engine-choice.ts";
import { passphraseExists } from "../inputs.ts";
import { findState } from "../state-folder.ts";
import { type Check, ok, problem, warning } from "./check.ts";

export async function passphraseCheck(project: Project, env: NodeJS.ProcessEnv): Promise<Check> {
  const name = "passphrase";
  if (!passphraseExists(project, env)) return ok(name, "none yet; the first up makes one in .weft/passphrase");
  try {
    const { source } = await ensurePassphrase(project, env);
    return ok(name, `from ${source}`);
  } catch (error) {
    return problem(name, messageOf(error));
  }
}

export interface StateFindings {
  readonly checks: readonly Check[];
  /** Whether the backend has the stack; `undefined` when it could not be asked. */
  readonly exists: boolean | undefined;
}

/** The folder that the state is in, and whether somebody else holds the stack. Takes no lock. */
export async function stateChecks(
  project: Project,
  stack: string,
  env: NodeJS.ProcessEnv,
  engine: EngineChoice["name"] | undefined,
): Promise<StateFindings> {
  const url = backendUrl(project, env);
  const name = "state";
  if (url === undefined) {
    const check = problem(name, `${project.file} names no backend`, "set backend.url there, or PULUMI_BACKEND_URL");
    return { checks: [check], exists: undefined };
  }
  if (!url.toLowerCase().startsWith("file:") && engine === "pulumi") {
    return { checks: [ok(name, "kept elsewhere; the Pulumi CLI asks for it")], exists: undefined };
  }
  try {
    const found = await findState(project, stack, env);
    if (found === undefined) {
      const fix = "use --engine pulumi, or set PULUMI_BACKEND_URL to a file:// URL";
      return { checks: [problem(name, `${url} is for the Pulumi CLI only`, fix)], exists: undefined };
    }
    const { directory, exists } = found;
    const folder = await folderCheck(directory, found.made);
    if (folder.level === "problem") return { checks: [folder], exists: false };
    const locks = await lockChecks(join(directory, locksFolder({ project: project.name, stack })), engine);
    const detail = `${directory}, ${exists ? `it has ${stack}` : `${stack} is new`}`;
    return { checks: [ok(name, detail), ...locks], exists };
  } catch (error) {
    return { checks: [problem(name, messageOf(error))], exists: undefined };
  }
}

async function folderCheck(directory: string, create: boolean): Promise<Check> {
  const info = await stat(directory).catch(() => undefined);
  if (info === undefined) {
    if (create) return ok("state", `${directory} is made by the first run`);
    return problem("state", `${directory} does not exist`, `mkdir -p '${directory}'`);
  }
  if (!info.isDirectory()) return problem("state", `${directory} is a file`, "name a folder in backend.url");
  const writable = await access(directory, constants.W_OK | constants.R_OK).then(
    () => true,
    () => false,
  );
  return writable
    ? ok("state", directory)
    : problem("state", `${directory} can't be written`, `chmod u+rwx '${directory}'`);
}

/** Whoever holds the stack, dead or alive. */
async function lockChecks(folder: string, engine: EngineChoice["name"] | undefined): Promise<Check[]> {
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith(".json"));
  const name = "lock";
  return Promise.all(
    files.map(async (file): Promise<Check> => {
      const path = join(folder, file);
      const holder = await holderOf(path);
      if (holder === undefined) return problem(name, `${path} can't be read`, "if no run is under way, remove it");
      const who = `${holder.username}@${holder.hostname}, process ${holder.pid}, since ${holder.timestamp}`;
      if (holder.hostname !== hostname()) {
        return problem(name, `held by ${who}`, `wait for it; if it is gone for sure, remove ${path}`);
      }
      if (isAlive(holder.pid)) return problem(name, `held by ${who}`, "wait until it has ended, or stop it");
      if (engine === "pulumi") return problem(name, `left by a dead run: ${who}`, "run: pulumi cancel");
      return warning(name, `left by a dead run: ${who}`, "nothing to do: the next run takes it over");
    }),
  );
}

interface Holder {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const holder: Holder = JSON.parse(await readFile(path, "utf8"));
    return typeof holder.pid === "number" ? holder : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
