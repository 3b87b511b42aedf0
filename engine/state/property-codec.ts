import { type PropertyMap, type PropertyValue, Secret, Unknown } from "../property.ts";

/** The key that marks an object in a checkpoint as something JSON can't say, and what it may be. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** NaN and the infinities, as the 16 hexadecimal digits of their bits. */
const FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c";
/** A string that is not UTF-8, in base64. */
const BYTES = "803fd3297a5875dc03ca845dda5d2a98";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
/** These stay as they are: providers take and give them in the very same form. */
const KEPT: ReadonlySet<unknown> = new Set([BYTES, ASSET, ARCHIVE, RESOURCE]);
const NOT_A_NUMBER = "7ff8000000000001";

type Step = string | number;

/** Decrypts a checkpoint's secrets; `place` names the resource and the property. */
export interface SecretReader {
  decrypt(ciphertext: string, place: string): string;
  decrypted(secret: Secret, ciphertext: string, place: string): void;
}

/** A JSON object of a checkpoint as properties. Throws when a signature is unknown or a secret can't be decrypted. */
export function decodeProperties(
  json: Readonly<Record<string, unknown>>,
  place: string,
  reader: SecretReader,
): PropertyMap {
  return decodeObject(json, place, [], reader);
}

export function decodeProperty(json: unknown, place: string, reader: SecretReader): PropertyValue {
  return decodeValue(json, place, [], reader);
}

function decodeValue(json: unknown, base: string, path: Step[], reader: SecretReader): PropertyValue {
  if (json === null || typeof json === "boolean" || typeof json === "number" || typeof json === "string") return json;
  if (Array.isArray(json)) {
    let changed = false;
    const items = json.map((item: unknown, index) => {
      path.push(index);
      const value = decodeValue(item, base, path, reader);
      path.pop();
      changed ||= value !== item;
      return value;
    });
    return changed ? items : (json as PropertyValue[]);
  }
  const object = json as Readonly<Record<string, unknown>>;
  if (!Object.hasOwn(object, SIGNATURE)) return decodeObject(object, base, path, reader);
  const signature = object[SIGNATURE];
  if (signature === SECRET) return decodeSecret(object, placeOf(base, path), reader);
  if (signature === FLOAT) return decodeFloat(object, placeOf(base, path));
  if (KEPT.has(signature)) return decodeObject(object, base, path, reader);
  throw new Error(
    `${placeOf(base, path)} has the unknown signature ${JSON.stringify(signature)}; a newer engine may have written it`,
  );
}

/** The same object when nothing in it needs translating, which is the common case. */
function decodeObject(
  object: Readonly<Record<string, unknown>>,
  base: string,
  path: Step[],
  reader: SecretReader,
): PropertyMap {
  let changed = false;
  const entries = Object.entries(object).map(([key, item]): [string, PropertyValue] => {
    path.push(key);
    const value = decodeValue(item, base, path, reader);
    path.pop();
    changed ||= value !== item;
    return [key, value];
  });
  return changed ? Object.fromEntries(entries) : (object as PropertyMap);
}

function decodeSecret(object: Readonly<Record<string, unknown>>, place: string, reader: SecretReader): Secret {
  const { ciphertext, plaintext } = object;
  if (typeof ciphertext === "string" && plaintext === undefined) {
    const secret = new Secret(decodePlaintext(reader.decrypt(ciphertext, place), place));
    reader.decrypted(secret, ciphertext, place);
    return secret;
  }
  // Exported with --show-secrets and imported again.
  if (typeof plaintext === "string" && ciphertext === undefined) return new Secret(decodePlaintext(plaintext, place));
  throw new Error(`the secret ${place} must have either a ciphertext or a plaintext`);
}

/** Secrets inside a secret are not encrypted again: their "ciphertext" is plain. */
const INNER: SecretReader = { decrypt: (ciphertext) => ciphertext, decrypted: () => {} };

function decodePlaintext(text: string, place: string): PropertyValue {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message would quote the secret.
    throw new Error(`the secret ${place} was decrypted, but does not hold JSON`);
  }
  return decodeProperty(json, place, INNER);
}

function decodeFloat(object: Readonly<Record<string, unknown>>, place: string): number {
  const { value } = object;
  if (typeof value !== "string" || !/^[0-9a-f]{16}$/i.test(value)) {
    throw new Error(`the number ${place} must be 16 hexadecimal digits`);
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${value}`));
  return view.getFloat64(0);
}

/** Encrypts what is written into a checkpoint. */
export interface SecretWriter {
  encrypt(secret: Secret, plaintext: string, place: string): string;
}

export interface EncodedProperty {
  readonly text: string;
  /** True when a string that is not UTF-8 is in it; such checkpoints must say so. */
  readonly bytes: boolean;
}

/** A value as the JSON text of a checkpoint, keys sorted. An unknown is a bug of the caller: it throws. */
export function encodeProperty(value: PropertyValue, place: string, writer: SecretWriter): EncodedProperty {
  const encoder = new Encoder(place, writer);
  return { text: encoder.value(value), bytes: encoder.bytes };
}

class Encoder {
  bytes = false;
  readonly #base: string;
  readonly #path: Step[] = [];
  #writer: SecretWriter;

  constructor(base: string, writer: SecretWriter) {
    this.#base = base;
    this.#writer = writer;
  }

  value(value: PropertyValue): string {
    if (typeof value === "number") return encodeNumber(value);
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    if (value instanceof Secret) return this.#secret(value);
    if (value instanceof Unknown) {
      throw new Error(
        `${placeOf(this.#base, this.#path)} is unknown, and unknowns are never recorded: this is a bug in the engine, not in your program`,
      );
    }
    if (Array.isArray(value)) return `[${value.map((item, index) => this.#at(index, item)).join()}]`;
    const map = value as PropertyMap;
    if (map[SIGNATURE] === BYTES) this.bytes = true;
    const members: string[] = [];
    for (const key of Object.keys(map).sort()) {
      const item = map[key];
      if (item !== undefined) members.push(`${JSON.stringify(key)}:${this.#at(key, item)}`);
    }
    return `{${members.join()}}`;
  }

  #at(step: Step, item: PropertyValue): string {
    this.#path.push(step);
    const text = this.value(item);
    this.#path.pop();
    return text;
  }

  #secret(secret: Secret): string {
    const place = placeOf(this.#base, this.#path);
    return signed(SECRET, "ciphertext", this.#writer.encrypt(secret, this.#plaintext(secret), place));
  }

  #plaintext(secret: Secret): string {
    const outer = this.#writer;
    this.#writer = { encrypt: (_, plaintext) => plaintext };
    try {
      return this.value(secret.value);
    } finally {
      this.#writer = outer;
    }
  }
}

function encodeNumber(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (Number.isFinite(value)) return JSON.stringify(value);
  if (Number.isNaN(value)) return signed(FLOAT, "value", NOT_A_NUMBER);
  return signed(FLOAT, "value", value > 0 ? "7ff0000000000000" : "fff0000000000000");
}

function signed(signature: string, key: string, value: string): string {
  return `{"${SIGNATURE}":"${signature}","${key}":${JSON.stringify(value)}}`;
}

/** `urn… inputs` and `["spec", "containers", 0]` as `urn… inputs.spec.containers[0]`. */
function placeOf(base: string, path: readonly Step[]): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  });
  return base + steps.join("");
}
