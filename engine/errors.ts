/** An error for the user to act on: shown as its message, without a stack. */
export class UserError extends Error {
  override readonly name: string = "UserError";
}

/** The program or the state asks for something that only the official engine does. */
export class UnsupportedError extends UserError {
  override readonly name = "UnsupportedError";
  constructor(what: string) {
    super(`${what}, which the built-in engine does not do. Use the Pulumi CLI: ${PULUMI_INSTALL}`);
  }
}

export const PULUMI_INSTALL = "https://www.pulumi.com/docs/install/ (then the same command uses it)";
