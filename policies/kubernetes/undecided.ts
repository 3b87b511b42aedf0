import proxy from "@pulumi/policy/proxy.js";

interface UnknownValueErrorClass {
  new (sentinel: string, path: readonly string[]): Error;
}

// The SDK exports both without their types.
const sdk = proxy as unknown as { UnknownValueError: UnknownValueErrorClass; unknownStringValue: string };

/** What the SDK throws where a rule touches a value that is not known yet. */
export const { UnknownValueError } = sdk;

/**
 * The error that ends a rule undecided: the SDK reports "can't run policy … during preview" with this message, and
 * every other error it takes for a broken pack.
 */
export function undecided(reasons: readonly string[]): Error {
  const error = new UnknownValueError(sdk.unknownStringValue, []);
  error.message = `undecided until this is known: ${reasons.join("; ")}`;
  return error;
}
