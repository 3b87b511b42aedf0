import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { describeExit, exitOf } from "./child.ts";
import { UserError } from "./errors.ts";
import { configEnvironment } from "./project/index.ts";
import type { DeploymentInfo } from "./server.ts";

export interface ProgramOptions {
  /** Folder of Pulumi.yaml. */
  readonly rootDirectory: string;
  /** Folder of the program's entry point, and its file in it. */
  readonly directory: string;
  readonly entryPoint: string;
  readonly info: DeploymentInfo;
  readonly serverAddress: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the program prints, line by line. */
  readonly onOutput: (line: string) => void;
}

export interface RunningProgram {
  /** Resolves when the program has ended well; rejects with a `UserError` otherwise. */
  readonly ended: Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** The SDK exits with this after it has told of the error through the log (sdk/nodejs/cmd/run). */
const ERROR_ALREADY_LOGGED = 32;

/**
 * Runs the program as the official Node.js language host does: through the SDK's own runner, with the same arguments and
 * environment, so that the program can't tell the difference.
 */
export function runProgram(options: ProgramOptions): RunningProgram {
  const { info } = options;
  const runner = createRequire(`${options.rootDirectory}/package.json`).resolve("@pulumi/pulumi/cmd/run");
  const args = [
    runner,
    ...["--monitor", options.serverAddress],
    ...["--engine", options.serverAddress],
    ...["--organization", info.organization],
    ...["--project", info.project],
    ...["--root-directory", options.rootDirectory],
    ...["--stack", info.stack],
    ...["--pwd", options.directory],
    ...(info.dryRun ? ["--dry-run"] : []),
    ...["--parallel", String(info.parallel)],
    options.entryPoint,
  ];
  const child = spawn(process.execPath, args, {
    cwd: options.directory,
    env: {
      ...options.env,
      ...configEnvironment({ values: info.config, secretKeys: info.configSecretKeys }),
    },
    stdio: ["ignore", "pipe", "pipe"],
    // Ctrl-C in the terminal is for the engine, which then ends the program in good order.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", options.onOutput);

  const ended = exitOf(child).then((exit) => {
    if (exit.code === ERROR_ALREADY_LOGGED) throw new ProgramError("the program failed");
    if (exit.code !== 0) throw new ProgramError(`the program ended with ${describeExit(exit)}`);
  });
  return { ended, kill: () => void child.kill("SIGKILL") };
}

/** The program itself failed; what it had to say has been logged or printed by it. */
export class ProgramError extends UserError {
  override readonly name = "ProgramError";
}
