import { loadProject } from "../../engine/project/index.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { CommonFlags } from "../flags.ts";
import { callerOf } from "../show/next-command.ts";
import { styleFor, wantsColor } from "../show/style.ts";
import { findTarget, folderOf } from "../target.ts";
import type { World } from "../world.ts";
import { type Check, problem, renderChecks } from "./check.ts";
import { leftoverChecks, toolchainChecks } from "./cluster.ts";
import { machineChecks } from "./machine.ts";
import { policyChecks, projectChecks } from "./project.ts";
import { engineChecks } from "./pulumi.ts";
import { passphraseCheck, stateChecks } from "./state.ts";

/** `weft doctor`: everything that an `up` needs, looked at and left as it is. Ends with 1 when there is a problem. */
export async function doctor(stack: string, flags: CommonFlags, world: World): Promise<ExitCode> {
  const checks = await examine(stack, flags, world);
  if (flags.json) {
    world.stdout.write(`${JSON.stringify({ stack, checks })}\n`);
  } else {
    const style = styleFor(wantsColor(flags.color, world.env, world.stdout));
    world.stdout.write(`${renderChecks(checks, style).join("\n")}\n`);
  }
  return checks.some(({ level }) => level === "problem") ? EXIT.failed : EXIT.ok;
}

export async function examine(stack: string, flags: CommonFlags, world: World): Promise<readonly Check[]> {
  const { env } = world;
  const folder = folderOf(flags, world);
  const [machine, engine, project] = await Promise.all([
    machineChecks(folder),
    engineChecks(flags.engine ?? "auto", env),
    loadProject(folder).catch((error: Error) => problem("project", error.message)),
  ]);
  if ("level" in project) return [...machine, ...engine.checks, project];
  // A stack or a pack that does not exist is wrong usage, not a finding.
  const { policyPacks } = await findTarget(stack, flags, world);
  const [files, passphrase, state, embedded] = await Promise.all([
    projectChecks(project, stack, env),
    passphraseCheck(project, env),
    stateChecks(project, stack, env, engine.engine),
    toolchainChecks(env),
  ]);
  const leftovers = await leftoverChecks(project.directory, stack, state.exists, callerOf(env));
  // While the configuration can't be read, the target is likely the usual one.
  const isEmbedded = files.config === undefined || files.config.cluster.target === "kwok";
  return [
    ...machine,
    ...engine.checks,
    ...files.checks,
    ...policyChecks(policyPacks),
    passphrase,
    ...state.checks,
    ...(isEmbedded ? [...embedded, ...leftovers] : []),
  ];
}
