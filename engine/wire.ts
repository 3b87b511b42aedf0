import { isMap, type PropertyMap, type PropertyValue, Secret, UNKNOWN, Unknown } from "./property.ts";

/*
 * Property values on the wire: a gRPC `Struct` whose objects carry one of Pulumi's signatures where JSON falls short.
 * The signatures and the unknown marker are part of Pulumi's protocol (sdk/nodejs/runtime/rpc.ts).
 */
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const UNKNOWN_MARKER = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const UNSUPPORTED_SIGNATURES: Readonly<Record<string, string>> = {
  c44067f5952c0a294b673a41bacd8c17: "an asset",
  "0def7320c3a5731c473e5ecbe6d01bc7": "an archive",
  "5cf8f73096256a8f31e491e813e4eb8e": "a resource reference",
};

/** What `Struct.fromJavaScript` takes and `Struct.toJavaScript` gives. */
export type WireValue = null | boolean | number | string | WireValue[] | WireObject;
export interface WireObject {
  [key: string]: WireValue;
}

export interface WireOptions {
  /** Keep secrets marked; otherwise the receiver gets their plain content. */
  readonly secrets: boolean;
}

export function toWire(map: PropertyMap, options: WireOptions): WireObject {
  const object: WireObject = {};
  for (const [key, value] of Object.entries(map)) define(object, key, valueToWire(value, options));
  return object;
}

function valueToWire(value: PropertyValue, options: WireOptions): WireValue {
  if (value instanceof Unknown) return UNKNOWN_MARKER;
  if (value instanceof Secret) {
    const content = valueToWire(value.value, options);
    // An unknown secret is just unknown: the SDK looks for the bare marker only.
    if (!options.secrets || content === UNKNOWN_MARKER) return content;
    return { [SIGNATURE_KEY]: SECRET, value: content };
  }
  if (Array.isArray(value)) return value.map((item) => valueToWire(item, options));
  if (isMap(value)) return toWire(value, options);
  return value as WireValue;
}

/** Reads an object off the wire. Throws on values that this engine has no notion of; `what` names their holder. */
export function fromWire(object: WireObject, what: string): PropertyMap {
  const map: Record<string, PropertyValue> = {};
  for (const [key, value] of Object.entries(object)) define(map, key, valueFromWire(value, `${what}.${key}`));
  return map;
}

function valueFromWire(value: WireValue, what: string): PropertyValue {
  if (value === UNKNOWN_MARKER) return UNKNOWN;
  if (Array.isArray(value)) return value.map((item, index) => valueFromWire(item, `${what}[${index}]`));
  if (typeof value !== "object" || value === null) return value;
  const signature = value[SIGNATURE_KEY];
  if (signature === undefined) return fromWire(value, what);
  if (signature === SECRET) return new Secret(valueFromWire(value.value ?? null, what));
  if (signature === OUTPUT_VALUE) {
    const inner = Object.hasOwn(value, "value") ? valueFromWire(value.value ?? null, what) : UNKNOWN;
    return value.secret === true ? new Secret(inner) : inner;
  }
  const kind = UNSUPPORTED_SIGNATURES[String(signature)] ?? `a value with signature ${String(signature)}`;
  throw new Error(`${what} is ${kind}, which the built-in engine does not support; the Pulumi CLI does`);
}

/** `object[key] = value` that also holds for the key `__proto__`. */
function define<T>(object: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
