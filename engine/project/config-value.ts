/** A config value as YAML gives it: integers beyond 2^53 are bigints. */
export type PlainValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** Pulumi's way of writing an encrypted string: an object with this key alone. */
const SECURE = "secure";

/** The ciphertext of `{ secure: … }`, else `undefined`. */
function ciphertextOf(value: PlainValue): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const [[key, text] = [], ...rest] = Object.entries(value);
  return key === SECURE && typeof text === "string" && rest.length === 0 ? text : undefined;
}

/** True when the value is, or contains, something encrypted. */
export function isSecure(value: PlainValue): boolean {
  if (ciphertextOf(value) !== undefined) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(isSecure);
}

/** The same value with everything encrypted replaced by what `decrypt` makes of it. */
export function reveal(value: PlainValue, decrypt: (ciphertext: string) => string): PlainValue {
  const ciphertext = ciphertextOf(value);
  if (ciphertext !== undefined) return decrypt(ciphertext);
  if (Array.isArray(value)) return value.map((item: PlainValue) => reveal(item, decrypt));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reveal(item, decrypt)]));
}

/** The text a program gets: a string as it is, nothing for null, everything else as JSON. */
export function configText(value: PlainValue): string {
  if (typeof value === "string") return value;
  return value === null ? "" : goJson(value);
}

/** A value of the stack's history: what is not an object or an array is recorded as text. */
export function recordedValue(value: PlainValue): unknown {
  const composite = typeof value === "object" && value !== null;
  return composite ? JSON.parse(goJson(value)) : configText(value);
}

/** JSON as Go writes it: keys sorted, and the characters that HTML could mistake escaped. Programs may compare texts. */
function goJson(value: PlainValue): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string") {
    return JSON.stringify(value).replace(
      /[<>&\u2028\u2029]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  }
  if (Array.isArray(value)) return `[${value.map(goJson).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${goJson(key)}:${goJson(item)}`).join()}}`;
}
