import { Command, CommanderError, Option } from "commander";
import weft from "../package.json" with { type: "json" };
import { EXIT, EXIT_CODES_HELP, type ExitCode, problemOf, UsageError } from "./exit-code.ts";
import { type CommonFlags, DEFAULT_STACK, ENGINES, type OperationFlags } from "./flags.ts";
import type { World } from "./world.ts";

/** Runs a command line. Every error that gets this far is told here, in a line or as JSON. */
export async function runCommand(args: readonly string[], world: World): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = describe(world, wantsJson(args), (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return tellProblem(error, args, world);
    // Help and version arrive here too: they end the command as a success.
    if (error.exitCode === 0) return EXIT.ok;
    // Commander has told of it, but to a person.
    return wantsJson(args)
      ? tellProblem(new UsageError(error.message.replace(/^error: /, "")), args, world)
      : EXIT.usage;
  }
}

// Asked of the bare arguments, because what they say counts also where the rest of them can't be read.

function wantsJson(args: readonly string[]): boolean {
  return args.includes("--json");
}

/** `-v` may stand among other short flags: `-yv`. */
function isVerbose(args: readonly string[]): boolean {
  return args.some((arg) => arg === "--verbose" || /^-[a-z]*v[a-z]*$/.test(arg));
}

/** Tells of an error in the way that the command line asks for, and returns the exit code that it stands for. */
export function tellProblem(error: unknown, args: readonly string[], world: World): ExitCode {
  const problem = problemOf(error, isVerbose(args));
  if (wantsJson(args)) {
    const line = { kind: "problem", exitCode: problem.exitCode, problem: problem.details };
    world.stdout.write(`${JSON.stringify(line)}\n`);
  } else if (problem.exitCode !== EXIT.cancelled) {
    // Whoever cancelled it knows, and has been told already that it stops.
    world.stderr.write(`error: ${problem.message}\n`);
  }
  return problem.exitCode;
}

type Done = (code: ExitCode) => void;

function describe(world: World, json: boolean, done: Done): Command {
  const program = new Command("weft")
    .description("Provisions a microservice platform: a cluster, and every service of a catalog on it.")
    .version(weft.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .addHelpText("after", afterHelp(["weft up", "weft status", "weft up --help"], true));
  program.exitOverride().configureOutput({
    writeOut: (text) => void world.stdout.write(text),
    writeErr: (text) => {
      if (!json) world.stderr.write(text);
    },
    getOutHelpWidth: () => world.stdout.columns ?? 100,
    getErrHelpWidth: () => world.stderr.columns ?? 100,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  program.showHelpAfterError(`("weft --help" lists the commands)`);

  const command = (usage: string, description: string, examples: readonly string[]): Command =>
    program
      .command(usage)
      .description(description)
      .allowExcessArguments(false)
      .addHelpText("after", afterHelp(examples, false))
      .showHelpAfterError(`("weft ${usage.split(" ", 1)[0]} --help" tells more)`);

  operations(command, world, done);
  queries(command, world, done);
  toolchain(command, world, done);
  return program;
}

type Define = (usage: string, description: string, examples: readonly string[]) => Command;

function operations(command: Define, world: World, done: Done): void {
  const run = async (name: "up" | "preview" | "destroy" | "refresh", stack: string, flags: OperationFlags) => {
    const { operate } = await import("./operate.ts");
    done(await operate(name, stack, flags, world));
  };
  const up = command(
    "up",
    "Make a stack what its configuration and catalog say. A plan of all of it is made and judged first; only if nothing " +
      "is wrong with any part of it, the first thing is written.",
    [
      "weft up                    # asks before it applies",
      "weft up shop --yes         # does not",
      "weft up --json --yes | jq .",
    ],
  );
  withOperationFlags(stack(up).option("-y, --yes", "apply without asking; needed where there is no terminal"))
    .option("--refresh", "first look at what is really there, and take it as the state")
    .action((name: string, flags: OperationFlags) => run("up", name, flags));
  const preview = command("preview", "Say what up would do, property by property. Writes nothing.", [
    "weft preview",
    "weft preview shop --policy-pack policies --policy-pack ../stricter",
  ]);
  withOperationFlags(stack(preview)).action((name: string, flags: OperationFlags) => run("preview", name, flags));
  const destroy = command("destroy", "Delete everything that a stack has made.", [
    "weft destroy               # asks for the stack's name first",
    "weft destroy --yes --remove",
  ]);
  withOperationFlags(stack(destroy).option("-y, --yes", "delete without asking; needed where there is no terminal"))
    .option("--remove", "afterwards forget the stack: its state, history and backups")
    .action((name: string, flags: OperationFlags) => run("destroy", name, flags));
  const refresh = command("refresh", "Take what is really there as the state. Changes nothing but the state.", [
    "weft refresh",
  ]);
  withOperationFlags(stack(refresh)).action((name: string, flags: OperationFlags) => run("refresh", name, flags));
}

function queries(command: Define, world: World, done: Done): void {
  const status = command(
    "status",
    "Say whether a stack's cluster is up, what on it is real, simulated or absent, and where its services are.",
    ["weft status", "weft status shop --json"],
  );
  withCommonFlags(stack(status))
    .addHelpText("after", "\nStatus ends with 1 when the cluster is not whole or gone.")
    .action(async (name: string, flags: CommonFlags) => {
      done(await (await import("./commands/status.ts")).status(name, flags, world));
    });
  const outputs = command("outputs", "Print what a stack exports. Secrets are masked.", [
    "weft outputs",
    "weft outputs local services --json",
    "weft outputs --kubeconfig  # for kubectl, into .weft/<stack>.kubeconfig",
  ]);
  withCommonFlags(stack(outputs).argument("[name]", "one output; all of them if left out"))
    .option("--show-secrets", "print secrets as they are")
    .option(
      "--kubeconfig [file]",
      "write the kubeconfig to a file (./name) that only you can read, and print nothing of it",
    )
    .action(async (name: string, output: string | undefined, flags: CommonFlags) => {
      done(await (await import("./commands/outputs.ts")).outputs(name, output, flags, world));
    });
  const doctor = command(
    "doctor",
    "Check everything that a stack needs before anything is created. Creates and changes nothing.",
    ["weft doctor", "weft doctor shop --engine pulumi"],
  );
  withCommonFlags(stack(doctor))
    .addOption(policyPackOption())
    .addHelpText("after", "\nDoctor ends with 1 when there is a problem; warnings are no problem.")
    .action(async (name: string, flags: CommonFlags) => {
      done(await (await import("./doctor/index.ts")).doctor(name, flags, world));
    });
}

function toolchain(command: Define, world: World, done: Done): void {
  const parent = command("toolchain", "The programs that an embedded cluster needs: install, list or verify them.", [
    "weft toolchain install",
    "weft toolchain list --json",
  ]);
  const children = [
    ["install", "Make the programs available: cache, PATH, official release, Go build, whichever works first."],
    ["list", "Say where each program would come from. Installs nothing and leaves the network alone."],
    ["verify", "Hash the cached programs again, and ask each for its version."],
  ] as const;
  for (const [name, description] of children) {
    parent
      .command(name)
      .description(description)
      .argument("[tools...]", "all of them if left out")
      .option("--json", "print JSON: one object a line")
      .option("--verbose", "say more, of bugs in Weft too")
      .option("--no-color", "no colours (also NO_COLOR)")
      .action(async (tools: string[], flags: CommonFlags) => {
        done(await (await import("./commands/toolchain.ts")).toolchain(name, tools, flags, world));
      });
  }
}

function stack(command: Command): Command {
  return command.argument("[stack]", "a stack of the project", DEFAULT_STACK);
}

function withCommonFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--engine <engine>", "auto: the Pulumi CLI if it can be used, else the built-in engine")
        .choices(ENGINES)
        .default("auto"),
    )
    .option("--cwd <folder>", "work as if started in this folder")
    .option("--json", "print JSON: one object a line")
    .option("-v, --verbose", "say more: what stays as it is, every status, where a bug struck")
    .option("--no-color", "no colours (also NO_COLOR; FORCE_COLOR for the opposite)");
}

function withOperationFlags(command: Command): Command {
  return withCommonFlags(command)
    .addOption(policyPackOption())
    .option("-q, --quiet", "say nothing but failures and the summary")
    .option("--timestamps", "start each line with the time since the start");
}

function policyPackOption(): Option {
  // Not commander's own way of repeating an option, which would take the stack's name for another folder.
  return new Option("--policy-pack <folder>", "judge by this policy pack; repeatable (default: policies)").argParser(
    (folder: string, earlier: readonly string[] = []) => [...earlier, folder],
  );
}

function afterHelp(examples: readonly string[], codes: boolean): string {
  const lines = ["", "Examples:", ...examples.map((example) => `  ${example}`)];
  return [...lines, "", codes ? EXIT_CODES_HELP : 'Exit codes: see "weft --help"'].join("\n");
}
