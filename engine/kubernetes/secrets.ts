import { isMap, type PropertyMap, type PropertyValue, Secret, Unknown } from "../property.ts";
import { restoreSecrecy } from "../secrecy.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** A value that may be secret, in plain text: to be looked at, and never shown. */
export function reveal(value: PropertyValue): PropertyValue;
export function reveal(value: PropertyValue | undefined): PropertyValue | undefined;
export function reveal(value: PropertyValue | undefined): PropertyValue | undefined {
  return value instanceof Secret ? value.value : value;
}

/**
 * `outputs` with everything secret that is secret in `inputs`. The content of a Secret is always secret, and so is the copy
 * of it that kubectl keeps in an annotation.
 */
export function markSecrets(outputs: PropertyMap, inputs: PropertyMap | undefined): PropertyMap {
  let marked = restoreSecrecy(outputs, inputs ?? {});
  if (marked.kind !== "Secret") return marked;
  for (const key of ["data", "stringData"]) {
    const value = marked[key];
    if (value !== undefined && !(value instanceof Secret)) marked = { ...marked, [key]: new Secret(value) };
  }
  const metadata = isMap(marked.metadata) ? marked.metadata : {};
  const annotations = isMap(metadata.annotations) ? metadata.annotations : {};
  const copy = annotations[LAST_APPLIED];
  if (copy === undefined || copy instanceof Secret) return marked;
  return { ...marked, metadata: { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: new Secret(copy) } } };
}

/** Shorter secrets are hidden only where they stand in quotes or alone: hiding every "1" would hide the message. */
const LEAST_FREE_TEXT = 6;

/**
 * Hides known secret values in text that comes from the API server, which quotes rejected values in its errors. Each is
 * found as it is, in Base64, and escaped as JSON or Go would.
 */
export class Mask {
  readonly #patterns: readonly RegExp[];

  constructor(...values: readonly (PropertyMap | undefined)[]) {
    const texts = new Set<string>();
    for (const value of values) if (value !== undefined) collect(value, value.kind === "Secret", texts);
    const forms = new Set([...texts].flatMap(formsOf));
    // Longest first: a secret that contains another is hidden whole.
    this.#patterns = [...forms].sort((a, b) => b.length - a.length).map(patternOf);
  }

  hide(text: string): string {
    return this.#patterns.reduce((hidden, pattern) => hidden.replace(pattern, "[secret]"), text);
  }
}

function collect(value: PropertyValue, isSecretObject: boolean, texts: Set<string>): void {
  if (value instanceof Secret) leaves(value.value, texts);
  else if (isMap(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (isSecretObject && (key === "data" || key === "stringData")) leaves(item, texts);
      else collect(item, false, texts);
    }
  } else if (Array.isArray(value)) for (const item of value) collect(item, false, texts);
}

function leaves(value: PropertyValue, texts: Set<string>): void {
  if (value instanceof Secret) leaves(value.value, texts);
  else if (Array.isArray(value)) for (const item of value) leaves(item, texts);
  else if (isMap(value)) for (const item of Object.values(value)) leaves(item, texts);
  else if (!(value instanceof Unknown) && value !== null && value !== "") texts.add(String(value));
}

function formsOf(text: string): readonly string[] {
  const forms = [text, Buffer.from(text).toString("base64"), JSON.stringify(text).slice(1, -1)];
  const decoded = decodeBase64(text);
  if (decoded !== undefined) forms.push(decoded, JSON.stringify(decoded).slice(1, -1));
  // A message may quote one line of a key or certificate.
  forms.push(...[text, decoded ?? ""].flatMap((form) => (form.includes("\n") ? form.split("\n") : [])).filter(isLong));
  return forms.filter((form) => form !== "");
}

function isLong(line: string): boolean {
  return line.length >= 16;
}

function decodeBase64(text: string): string | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const decoded = Buffer.from(text, "base64").toString("utf8");
  return decoded === "" || decoded.includes("\uFFFD") ? undefined : decoded;
}

function patternOf(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return text.length >= LEAST_FREE_TEXT
    ? new RegExp(escaped, "g")
    : new RegExp(`(?<![\\w.-])${escaped}(?![\\w.-])`, "g");
}
