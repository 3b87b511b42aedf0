/**
 * Property values as the engine holds them: plain JSON, plus two things JSON can't say.
 *
 * On the wire (gRPC `Struct`) and in a checkpoint the same values are written with Pulumi's signature keys; `wire.ts`
 * and `state/` translate. Nothing else in the engine knows those keys.
 */
export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | readonly PropertyValue[]
  | PropertyMap
  | Secret
  | Unknown;

export interface PropertyMap {
  readonly [key: string]: PropertyValue;
}

/** A value that is encrypted in state and never shown. */
export class Secret {
  readonly value: PropertyValue;
  constructor(value: PropertyValue) {
    // A secret inside a secret adds nothing and would need two rounds of unwrapping everywhere.
    this.value = value instanceof Secret ? value.value : value;
  }
  /** Keeps a secret out of logs, `JSON.stringify` and template strings. */
  toJSON(): string {
    return "[secret]";
  }
  toString(): string {
    return "[secret]";
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

/** A value that is known only after something has been created; exists in previews only. */
export class Unknown {
  toJSON(): string {
    return "[unknown]";
  }
}

export const UNKNOWN = new Unknown();

export function isMap(value: PropertyValue | undefined): value is PropertyMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Secret) &&
    !(value instanceof Unknown)
  );
}

/** True when the value is, or contains, something unknown. */
export function containsUnknown(value: PropertyValue | undefined): boolean {
  if (value instanceof Unknown) return true;
  if (value instanceof Secret) return containsUnknown(value.value);
  if (Array.isArray(value)) return value.some(containsUnknown);
  return isMap(value) && Object.values(value).some(containsUnknown);
}

/** True when the value is, or contains, a secret. */
export function containsSecret(value: PropertyValue | undefined): boolean {
  if (value instanceof Secret) return true;
  if (Array.isArray(value)) return value.some(containsSecret);
  return isMap(value) && Object.values(value).some(containsSecret);
}

/** The same value with every secret replaced by its plain content. For providers; never for output. */
export function unwrapSecrets(value: PropertyMap): PropertyMap;
export function unwrapSecrets(value: PropertyValue): PropertyValue;
export function unwrapSecrets(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return unwrapSecrets(value.value);
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, unwrapSecrets(v)]));
  return value;
}

/** Deep equality. Two unknowns are never equal; secrecy counts only when `secrecy` is "strict". */
export function equal(
  a: PropertyValue | undefined,
  b: PropertyValue | undefined,
  secrecy: "strict" | "ignore" = "ignore",
): boolean {
  if (a instanceof Secret || b instanceof Secret) {
    if (secrecy === "strict" && a instanceof Secret !== b instanceof Secret) return false;
    return equal(a instanceof Secret ? a.value : a, b instanceof Secret ? b.value : b, secrecy);
  }
  if (a instanceof Unknown || b instanceof Unknown) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equal(item, b[index], secrecy));
  }
  if (isMap(a) && isMap(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key], secrecy))
    );
  }
  return a === b;
}
