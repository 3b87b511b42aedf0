/** How `weft` ends. Documented in the help and the README: a change is a breaking one. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  policy: 3,
  locked: 4,
  cancelled: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `Exit codes:
  0    it worked
  1    it failed; what was done is recorded
  2    wrong usage, or a project, stack or setting that can't be used; nothing was begun
  3    a policy forbids it; nothing was written, unless only what exists could be judged
  4    another run holds the stack
  130  cancelled (Ctrl-C, SIGTERM, SIGHUP); what was done is recorded`;

/** Wrong usage. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * The errors that are meant for the user, by name, with the exit code of each. By name, because loading the classes
 * would load the rooms that they are in; a test holds the names against the classes.
 */
export const USER_ERRORS: Readonly<Record<string, ExitCode>> = {
  UsageError: EXIT.usage,
  ProjectError: EXIT.usage,
  ConfigError: EXIT.usage,
  CatalogError: EXIT.usage,
  UserError: EXIT.failed,
  UnsupportedError: EXIT.failed,
  ProgramError: EXIT.failed,
  ProviderError: EXIT.failed,
  StateError: EXIT.failed,
  ToolchainError: EXIT.failed,
  LockedError: EXIT.locked,
  Cancelled: EXIT.cancelled,
};

export interface Problem {
  readonly exitCode: ExitCode;
  /** For the user; of a bug, with how to see more of it. */
  readonly message: string;
  /** The error as data, for `--json`. */
  readonly details: unknown;
}

/** What to tell of anything thrown. */
export function problemOf(error: unknown, verbose: boolean): Problem {
  const name = error instanceof Error ? error.name : "Error";
  const text = error instanceof Error ? error.message : String(error);
  const details = hasJson(error) ? error.toJSON() : { error: name, message: text };
  // A toolchain that was asked for what does not exist has tried nothing, so nothing of it has failed.
  const asked = name === "ToolchainError" && hasFailures(error) && error.failures.length === 0;
  const known = asked ? EXIT.usage : USER_ERRORS[name];
  if (known !== undefined) return { exitCode: known, message: text, details };
  // The system's own errors (no space, no permission) name the file and the reason; where they struck helps nobody.
  if (error instanceof Error && "syscall" in error) return { exitCode: EXIT.failed, message: text, details };
  const stack = error instanceof Error && error.stack !== undefined ? error.stack : text;
  const message = verbose
    ? `this is a bug in Weft:\n${stack}`
    : `this is a bug in Weft: ${text}\nRun it again with --verbose to see where.`;
  return { exitCode: EXIT.failed, message, details };
}

function hasJson(error: unknown): error is { toJSON(): unknown } {
  return typeof error === "object" && error !== null && "toJSON" in error && typeof error.toJSON === "function";
}

function hasFailures(error: unknown): error is { readonly failures: readonly unknown[] } {
  return typeof error === "object" && error !== null && "failures" in error && Array.isArray(error.failures);
}
