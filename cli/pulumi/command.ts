import { spawn } from "node:child_process";
import * as errors from "@pulumi/pulumi/automation/errors.js";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";

interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

type Run = (
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  onOutput?: (text: string) => void,
  onError?: (text: string) => void,
  signal?: AbortSignal,
) => Promise<CommandResult>;

/**
 * The Pulumi CLI for the Automation API, in a process group of its own. The API's own way leaves it in ours, where one
 * Ctrl-C reaches it twice: from the terminal and from us. A second one makes it give up at once, and what was under way
 * is then on record as pending.
 */
export function pulumiCommand(executable: string, version: string, env: NodeJS.ProcessEnv): PulumiCommand {
  const run: Run = (args, cwd, additional, onOutput, onError, signal) =>
    start(
      executable,
      args,
      { cwd, env: { ...env, ...additional, PULUMI_AUTOMATION_API: "true" } },
      { onOutput, onError, signal },
    );
  // The API asks nothing of a version but its text.
  const known = { command: executable, version: { toString: () => version }, run };
  return Object.assign(Object.create(PulumiCommand.prototype), known);
}

function start(
  executable: string,
  args: readonly string[],
  surroundings: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  {
    onOutput,
    onError,
    signal,
  }: { onOutput?: (text: string) => void; onError?: (text: string) => void; signal?: AbortSignal },
): Promise<CommandResult> {
  const child = spawn(executable, [...args.filter((arg) => arg !== "--non-interactive"), "--non-interactive"], {
    ...surroundings,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    onOutput?.(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    onError?.(text);
  });
  const interrupt = (): void => void child.kill("SIGINT");
  if (signal?.aborted) interrupt();
  signal?.addEventListener("abort", interrupt, { once: true });
  // Whoever leaves without waiting tells the CLI so: to its second interrupt it lets go of the lock and ends.
  process.once("exit", interrupt);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, by) => {
      signal?.removeEventListener("abort", interrupt);
      process.removeListener("exit", interrupt);
      const result: CommandResult = { stdout, stderr, code: code ?? -1 };
      if (code === 0) resolve(result);
      else reject(commandError(result, by === null ? `exit code ${code}` : by));
    });
  });
}

/** The API tells errors apart by their class; the function that chooses it is stripped from its types. */
function commandError(result: CommandResult, how: string): Error {
  const { createCommandError } = errors as unknown as { createCommandError(result: CommandResult): Error };
  const text = result.stderr.trim() || result.stdout.trim() || `pulumi ended with ${how}`;
  return createCommandError({ ...result, stderr: text, toString: () => text } as CommandResult);
}
