import { readFileSync } from "node:fs";
import type { PropertyMap, PropertyValue } from "../../property.ts";
import { Secret } from "../../property.ts";

/** Pulumi's marks for values that JSON can't say, as the recorded conversations hold them. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** A fixture of this room. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8"));
}

/** Properties of a recorded conversation or of decrypted state. */
export function decode(value: unknown): PropertyValue {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== "object" || value === null) return value as PropertyValue;
  if (SIGNATURE in value) return new Secret(decode("value" in value ? value.value : null));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decode(item)]));
}

export function decodeMap(value: unknown): PropertyMap {
  return decode(value ?? {}) as PropertyMap;
}
