/** State can't be read, locked or written. The message names the file, the reason and the way on; no stack is needed. */
export class StateError extends Error {
  override readonly name: string = "StateError";
}

/** Another run holds the stack. */
export class LockedError extends StateError {
  override readonly name = "LockedError";
}

/** The code of a system error (`ENOENT`), or `undefined` for any other value. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The first line of any thrown value, for the tail of another message. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}
