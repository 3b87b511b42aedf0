import { isMap, type PropertyMap, type PropertyValue, Secret, Unknown } from "../property.ts";

/** What the API server reads and writes. Objects are never turned into typed models, which would drop unknown fields. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;

export interface JsonMap {
  readonly [key: string]: Json;
}

export function isJsonMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of keys, or `undefined` where the path leads nowhere. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current = value;
  for (const key of path) {
    if (!isJsonMap(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

export function textAt(value: Json | undefined, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

export function numberAt(value: Json | undefined, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
}

export function mapAt(value: Json | undefined, ...path: readonly string[]): JsonMap {
  const found = at(value, ...path);
  return isJsonMap(found) ? found : {};
}

/** The maps of a list; anything else in it is left out. */
export function mapsAt(value: Json | undefined, ...path: readonly string[]): readonly JsonMap[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter(isJsonMap) : [];
}

/** The condition of a type in `status.conditions`. */
export function conditionOf(object: JsonMap, type: string): JsonMap | undefined {
  return mapsAt(object, "status", "conditions").find((condition) => condition.type === type);
}

/**
 * Properties as the API server takes them: secrets in plain text, nulls left out (server-side apply would otherwise own
 * the null). Throws on an unknown: the caller has to look for those first.
 */
export function toJson(value: PropertyMap): JsonMap {
  return convert(value) as JsonMap;
}

function convert(value: PropertyValue): Json {
  if (value instanceof Secret) return convert(value.value);
  if (value instanceof Unknown) throw new Error("an unknown value was about to be sent to the API server");
  if (Array.isArray(value)) return value.map(convert);
  if (!isMap(value)) return value as Json;
  const entries = Object.entries(value).map(([key, item]): [string, Json] => [key, convert(item)]);
  return Object.fromEntries(entries.filter(([, item]) => item !== null));
}

/** A copy without the value at a path. Parents that it leaves empty stay. */
export function without(value: JsonMap, ...path: readonly string[]): JsonMap {
  const [key, ...rest] = path;
  if (key === undefined || !Object.hasOwn(value, key)) return value;
  const { [key]: inner, ...others } = value;
  if (rest.length === 0) return others;
  return isJsonMap(inner) ? { ...others, [key]: without(inner, ...rest) } : value;
}

/** A copy with entries set in `metadata`. */
export function withMetadata(object: JsonMap, entries: JsonMap): JsonMap {
  return { ...object, metadata: { ...mapAt(object, "metadata"), ...entries } };
}

/** Items of a list come without the kind that all of them have. */
export function withKind(object: JsonMap, kind: { readonly apiVersion: string; readonly kind: string }): JsonMap {
  return { ...object, apiVersion: kind.apiVersion, kind: kind.kind };
}
