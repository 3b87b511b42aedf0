import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { UsageError } from "./exit-code.ts";
import type { EngineFlag } from "./flags.ts";

/** Which engine does the work, and why: told in the first line of every operation. */
export interface EngineChoice {
  readonly name: "pulumi" | "builtin";
  readonly reason: string;
  /** Of the Pulumi CLI. */
  readonly version?: string;
  /** Absolute path of the Pulumi CLI. */
  readonly executable?: string;
}

/** What was found out about the Pulumi CLI of this machine. */
export type PulumiCli =
  | { readonly usable: true; readonly executable: string; readonly version: string }
  | { readonly usable: false; readonly reason: string; readonly fix: string };

/** The first release that runs programs in native ESM by itself (https://github.com/pulumi/pulumi, 3.183.0). */
export const OLDEST_PULUMI = "3.183.0";

const run = promisify(execFile);
const ANSWER_MS = 20_000;

/**
 * `auto` takes the Pulumi CLI where there is a usable one, for it is the engine of record; else the built-in one.
 *
 * @throws UsageError when the Pulumi CLI is asked for and can't be used.
 */
export async function chooseEngine(wanted: EngineFlag, env: NodeJS.ProcessEnv): Promise<EngineChoice> {
  if (wanted === "builtin") return { name: "builtin", reason: "--engine builtin" };
  const cli = await findPulumi(env);
  if (cli.usable) {
    const { executable, version } = cli;
    const reason = wanted === "pulumi" ? `--engine pulumi, ${executable}` : executable;
    return { name: "pulumi", reason, version, executable };
  }
  if (wanted === "auto") return { name: "builtin", reason: cli.reason };
  throw new UsageError(`--engine pulumi: ${cli.reason}. ${cli.fix}`);
}

/** Looks for the Pulumi CLI on PATH and asks it for its version. */
export async function findPulumi(env: NodeJS.ProcessEnv): Promise<PulumiCli> {
  const install = "Install it (https://www.pulumi.com/docs/install/), or use --engine builtin";
  const executable = await findOnPath("pulumi", env);
  if (executable === undefined) return { usable: false, reason: "no pulumi on PATH", fix: install };
  let answer: string;
  try {
    const options = { env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" }, timeout: ANSWER_MS };
    answer = (await run(executable, ["version"], options)).stdout.trim();
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error);
    return { usable: false, reason: `${executable} does not run: ${reason}`, fix: install };
  }
  const version = /^v?(\d+\.\d+\.\d+\S*)$/.exec(answer)?.[1];
  if (version === undefined) {
    return { usable: false, reason: `${executable} tells no version but ${JSON.stringify(answer)}`, fix: install };
  }
  if (isOlder(version, OLDEST_PULUMI)) {
    const reason = `${executable} is ${version}; ${OLDEST_PULUMI} or newer is needed`;
    return { usable: false, reason, fix: "Update it, or use --engine builtin" };
  }
  const host = "pulumi-language-nodejs";
  const hostBeside = await isExecutable(join(dirname(executable), host));
  if (!hostBeside && (await findOnPath(host, env)) === undefined) {
    return { usable: false, reason: `${executable} has no ${host} beside it or on PATH`, fix: install };
  }
  return { usable: true, executable, version };
}

/** The absolute path of a program on PATH. */
export async function findOnPath(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (isAbsolute(path) && (await isExecutable(path))) return path;
  }
  return undefined;
}

/** Compares the numbers of two versions; what follows them ("-alpha.1") does not count. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number);
  const [a, b] = [numbers(version), numbers(than)];
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
