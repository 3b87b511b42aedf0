/** The ways a program is looked for, in order. "installed": on PATH or in KUBEBUILDER_ASSETS. */
export type Way = "cache" | "installed" | "release" | "go";

export interface WayFailure {
  readonly way: Way;
  readonly reason: string;
}

/** One program that no way could provide. */
export interface ToolFailure {
  readonly tool: string;
  readonly version: string;
  readonly platform: string;
  readonly ways: readonly WayFailure[];
}

/** The toolchain cannot be had, or was asked for something that does not exist. The message is meant for the user. */
export class ToolchainError extends Error {
  override readonly name = "ToolchainError";
  /** Which programs are missing, and why each way failed; empty when the request itself was wrong. */
  readonly failures: readonly ToolFailure[];
  constructor(message: string, failures: readonly ToolFailure[] = []) {
    super(message);
    this.failures = failures;
  }
}

/** One message for all missing programs: which ways were tried for each, why each failed, and what to do. */
export function missingTools(
  failures: readonly ToolFailure[],
  asked: number,
  advice: readonly string[],
): ToolchainError {
  const lines = [`${failures.length} of ${asked} programs of the toolchain could not be obtained.`];
  for (const { tool, version, platform, ways } of failures) {
    lines.push("", `${tool} ${version} (${platform})`);
    for (const { way, reason } of ways) {
      lines.push(`  ${way.padEnd(9)}  ${reason.trimEnd().replaceAll("\n", `\n${" ".repeat(13)}`)}`);
    }
  }
  lines.push("", "Any one of these helps:", ...advice.map((line) => `  - ${line}`));
  return new ToolchainError(lines.join("\n"), failures);
}

/** The message of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of an error ("ENOENT"), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
