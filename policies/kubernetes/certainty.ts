import type { Field } from "./field.ts";

/** Yes, no, or `undefined`: not known yet. */
export type Certainty = boolean | undefined;

/** One "no" decides, whatever is not known beside it. */
export function every(parts: readonly Certainty[]): Certainty {
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

/** One "yes" decides. */
export function some(parts: readonly Certainty[]): Certainty {
  if (parts.includes(true)) return true;
  return parts.includes(undefined) ? undefined : false;
}

export function is(field: Field, ...allowed: readonly unknown[]): Certainty {
  return field.unknown ? undefined : allowed.includes(field.value);
}

export function same(a: Field, b: Field): Certainty {
  return b.unknown ? undefined : is(a, b.value);
}
