import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { distance } from "fastest-levenshtein";
import { listStackConfigs, loadProject, type Project } from "../engine/project/index.ts";
import { UsageError } from "./exit-code.ts";
import type { CommonFlags } from "./flags.ts";
import type { World } from "./world.ts";

/** A stack of a project that exists, and what every command on it needs. */
export interface Target {
  readonly project: Project;
  readonly stack: string;
  /** Absolute folders. */
  readonly policyPacks: readonly string[];
}

const POLICIES = "policies";
const POLICY_FILE = "PulumiPolicy.yaml";

/** The working folder: `--cwd`, or the process's own. */
export function folderOf(flags: Pick<CommonFlags, "cwd">, world: Pick<World, "cwd">): string {
  const folder = resolve(world.cwd, flags.cwd ?? ".");
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new UsageError(`--cwd ${flags.cwd}: there is no folder ${folder}`);
  return folder;
}

/**
 * Finds the project and its stack.
 *
 * @throws UsageError for a stack or a policy pack that does not exist; ProjectError.
 */
export async function findTarget(stack: string, flags: CommonFlags, world: Pick<World, "cwd">): Promise<Target> {
  const folder = folderOf(flags, world);
  const project = await loadProject(folder);
  await requireStack(project, stack);
  return { project, stack, policyPacks: policyPacks(flags.policyPack ?? [], folder, project) };
}

async function requireStack(project: Project, stack: string): Promise<void> {
  const stacks = await listStackConfigs(project);
  if (stacks.includes(stack)) return;
  const known = stacks.length === 0 ? "it has none" : `it has ${stacks.join(", ")}`;
  throw new UsageError(
    `the project ${project.name} has no stack "${stack}"${didYouMean(stack, stacks)} Of the files Pulumi.<stack>.yaml in ` +
      `${project.stackDirectory}, ${known}.`,
  );
}

function policyPacks(given: readonly string[], folder: string, project: Project): string[] {
  if (given.length === 0) {
    const own = join(project.directory, POLICIES);
    return existsSync(join(own, POLICY_FILE)) ? [own] : [];
  }
  return given.map((name) => {
    const path = resolve(folder, name);
    if (existsSync(join(path, POLICY_FILE))) return path;
    throw new UsageError(`--policy-pack ${name}: there is no ${POLICY_FILE} in ${path}`);
  });
}

/** The end of a sentence about a name that there is not: with what was probably meant. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = closest(name, known);
  return near === undefined ? "." : `; did you mean "${near}"?`;
}

function closest(text: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates.map((name) => ({ name, by: distance(text, name) })).sort((a, b) => a.by - b.by);
  const [best] = ranked;
  return best !== undefined && best.by <= Math.max(2, Math.floor(text.length / 3)) ? best.name : undefined;
}
