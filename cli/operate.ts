import type { EngineEvent, Outcome } from "../engine/index.ts";
import { parseUrn } from "../engine/resource.ts";
import { ask, canAsk } from "./ask.ts";
import { cautionOf } from "./caution.ts";
import type { Driver } from "./driver.ts";
import { loadDriver } from "./drivers.ts";
import { chooseEngine, type EngineChoice } from "./engine-choice.ts";
import { EXIT, type ExitCode, type Problem, problemOf, UsageError } from "./exit-code.ts";
import type { OperationFlags } from "./flags.ts";
import { interruptible } from "./interrupt.ts";
import { removeKubeconfig } from "./kubeconfig.ts";
import { removePrivateCopy } from "./private-copy.ts";
import type { Reporter } from "./reporter.ts";
import { createReporter } from "./reporters.ts";
import { callerOf } from "./show/next-command.ts";
import type { Command } from "./show/summary.ts";
import { count } from "./show/text.ts";
import { changesIn } from "./show/words.ts";
import { findState } from "./state-folder.ts";
import { findTarget, type Target } from "./target.ts";
import type { Expected } from "./view.ts";
import type { World } from "./world.ts";

/** One `weft up`, `preview`, `destroy` or `refresh`. */
interface Operation {
  readonly target: Target;
  readonly flags: OperationFlags;
  readonly world: World;
  readonly engine: EngineChoice;
  readonly driver: Driver;
  readonly signal: AbortSignal;
  /** The reporter that speaks now: the one that hears of a signal. */
  speaker: Reporter | undefined;
  /** A refresh that was asked for is over: none is to follow. */
  refreshed: boolean;
}

/**
 * Runs an operation from its first line to its last, and returns the exit code. What goes wrong before it begins is
 * thrown; everything later is told by the reporter.
 */
export async function operate(command: Command, stack: string, flags: OperationFlags, world: World): Promise<ExitCode> {
  const target = await findTarget(stack, flags, world);
  const asks = (command === "up" || command === "destroy") && flags.yes !== true;
  if (asks && (flags.json === true || !canAsk(world))) throw new UsageError(mustSayYes(command));
  if (command === "up" || command === "preview") {
    const { checkInputs } = await import("./inputs.ts");
    await checkInputs(target.project, stack, world.env);
  }
  const engine = await chooseEngine(flags.engine ?? "auto", world.env);
  const driver = await loadDriver(engine, world);

  let operation: Operation | undefined;
  const handlers = {
    stopping: (signal: string) => operation?.speaker?.stopping(signal),
    leaving: () => {
      operation?.speaker?.release();
      world.stderr.write(
        "Left at once: what was under way is not recorded. The next run tells what may be left of it.\n",
      );
    },
  };
  return interruptible(world, handlers, async (signal) => {
    operation = { target, flags, world, engine, driver, signal, speaker: undefined, refreshed: false };
    if (!asks) return run(operation, command);
    return command === "up" ? askedUp(operation) : askedDestroy(operation);
  });
}

function mustSayYes(command: Command): string {
  const done = command === "up" ? "applies what the plan says" : "deletes everything that the stack has";
  return `weft ${command} ${done} and asks first, but there is no terminal to ask on. Say --yes`;
}

/**
 * Shows what would be done, asks, and does it. The plan is made anew for that, and judged anew. A refresh comes before all
 * of it: it writes the state only, and what it finds is part of what is asked about.
 */
async function askedUp(operation: Operation): Promise<ExitCode> {
  const { world, target, signal } = operation;
  if (await isToRefresh(operation)) {
    const { exitCode } = await tellOf(operation, "refresh");
    if (exitCode !== EXIT.ok) return exitCode;
    operation.refreshed = true;
    world.stdout.write("\n");
  }
  const { exitCode, outcome } = await tellOf(operation, "preview");
  if (exitCode !== EXIT.ok) return exitCode;
  if (changesIn(outcome?.changes ?? {}) > 0) {
    const answer = await ask(world, `\nApply this to ${target.stack}? [y/N] `, signal);
    if (signal.aborted) return EXIT.cancelled;
    if (!/^y(es)?$/i.test(answer)) {
      const found = operation.refreshed ? " The state holds what the refresh found." : "";
      world.stdout.write(`Nothing was applied.${found}\n`);
      return EXIT.cancelled;
    }
  }
  world.stdout.write("\n");
  return run(operation, "up");
}

/** A stack that is not there yet has nothing to look at, and is not to be made before someone said yes. */
async function isToRefresh({ flags, target, world }: Operation): Promise<boolean> {
  const { project, stack } = target;
  if (flags.refresh !== true && !project.alwaysRefresh) return false;
  return (await findState(project, stack, world.env))?.exists !== false;
}

async function askedDestroy(operation: Operation): Promise<ExitCode> {
  const { world, target, signal } = operation;
  const { stack } = target;
  const recorded = await recordedResources(operation);
  if (recorded?.length !== 0) {
    const what = recorded === undefined ? "everything" : count(recorded.filter(({ work }) => work).length, "resource");
    const answer = await ask(world, `This deletes ${what} of ${stack}. Type ${stack} to go on: `, signal);
    if (answer !== stack) {
      world.stdout.write("Nothing was deleted.\n");
      return EXIT.cancelled;
    }
  }
  return run(operation, "destroy", recorded);
}

async function run(operation: Operation, command: Command, recorded?: readonly Expected[]): Promise<ExitCode> {
  const known = command === "destroy" ? (recorded ?? (await recordedResources(operation)) ?? []) : [];
  const { exitCode } = await tellOf(operation, command, known);
  if (command === "destroy" && exitCode === EXIT.ok) {
    const { project, stack } = operation.target;
    await removeKubeconfig(project, stack);
    if (operation.flags.remove) await removePrivateCopy(project, stack);
  }
  return exitCode;
}

/** What the stack has on record; `undefined` when that can't be told: the operation itself will say why. */
async function recordedResources(operation: Operation): Promise<readonly Expected[] | undefined> {
  const { driver, target, world, signal } = operation;
  try {
    const { snapshot } = await driver.inspect({ ...optionsOf(target, world, signal), emit: () => {} }, () => false);
    return (snapshot?.resources ?? [])
      .filter(({ type }) => !type.startsWith("pulumi:"))
      .map(({ urn, type, parent, custom }) => ({ ref: { urn, type, name: parseUrn(urn).name, parent }, work: custom }));
  } catch {
    return undefined;
  }
}

/** Lets the driver work, and tells of it from the first event to the summary. */
async function tellOf(
  operation: Operation,
  command: Command,
  known: readonly Expected[] = [],
): Promise<{ exitCode: ExitCode; outcome: Outcome | undefined }> {
  const { target, flags, world, engine, signal } = operation;
  const { stack, project } = target;
  const reporter = await createReporter(flags, world);
  operation.speaker = reporter;
  const started = world.now();
  let outcome: Outcome | undefined;
  let problem: Problem | undefined;
  try {
    reporter.begin({ command, stack, project: project.name, engine });
    if (known.length > 0) reporter.foresee(known, "delete");
    outcome = await work(operation, command, reporter);
  } catch (error) {
    problem = problemOf(error, flags.verbose === true);
  }
  const cancelled = outcome?.result === "cancelled" || (signal.aborted && outcome?.result !== "succeeded");
  const exitCode = cancelled ? EXIT.cancelled : exitCodeOf(outcome, problem);
  const end = {
    ...{ command, stack, elapsed: world.now() - started, outcome, cancelled },
    problem: cancelled ? undefined : problem,
    refreshed: command !== "refresh" && (flags.refresh === true || operation.refreshed),
    removed: flags.remove === true,
  };
  try {
    reporter.end(end, { exitCode, caller: callerOf(world.env) });
  } finally {
    reporter.release();
    operation.speaker = undefined;
  }
  return { exitCode, outcome };
}

function work(operation: Operation, command: Command, reporter: Reporter) {
  const { driver, target, flags, world, signal, refreshed } = operation;
  const emit = (event: EngineEvent): void => {
    reporter.event(event);
    const caution = cautionOf(event);
    if (caution !== undefined) reporter.event(caution);
  };
  const options = { ...optionsOf(target, world, signal), emit };
  switch (command) {
    case "up":
      return driver.up({ ...options, refresh: flags.refresh === true && !refreshed });
    case "preview":
      return driver.preview(options);
    case "destroy":
      return driver.destroy({ ...options, remove: flags.remove === true });
    case "refresh":
      return driver.refresh(options);
  }
}

function optionsOf({ project, stack, policyPacks }: Target, { env }: Pick<World, "env">, signal: AbortSignal) {
  return { directory: project.directory, stack, env, signal, policyPacks };
}

function exitCodeOf(outcome: Outcome | undefined, problem: Problem | undefined): ExitCode {
  if (problem !== undefined) return problem.exitCode;
  if (outcome?.result === "succeeded") return EXIT.ok;
  return (outcome?.mandatoryViolations ?? 0) > 0 ? EXIT.policy : EXIT.failed;
}
