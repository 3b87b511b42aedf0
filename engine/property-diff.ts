import { containsUnknown, equal, isMap, type PropertyMap, type PropertyValue, Secret, Unknown } from "./property.ts";
import { formatPath, type PathStep } from "./property-path.ts";

/** A leaf that differs, as it may be shown: secrets and unknowns stand as `[secret]` and `[unknown]`. */
export interface PropertyChange {
  readonly kind: "add" | "delete" | "update";
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Every leaf that differs between two sets of properties, by path. Secrecy alone is no difference. */
export function diffProperties(olds: PropertyMap, news: PropertyMap): ReadonlyMap<string, PropertyChange> {
  const found = new Map<string, PropertyChange>();
  walk([], olds, news, false, found);
  return found;
}

function walk(
  path: readonly PathStep[],
  old: PropertyValue | undefined,
  value: PropertyValue | undefined,
  secret: boolean,
  found: Map<string, PropertyChange>,
): void {
  const hidden = secret || old instanceof Secret || value instanceof Secret;
  const a = old instanceof Secret ? old.value : old;
  const b = value instanceof Secret ? value.value : value;
  if (isMap(a) && isMap(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      walk([...path, key], own(a, key), own(b, key), hidden, found);
    }
  } else if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.max(a.length, b.length); i++) walk([...path, i], a[i], b[i], hidden, found);
  } else if (a === undefined && b === undefined) {
    return;
  } else if (a === undefined || b === undefined || !equal(a, b) || containsUnknown(b)) {
    found.set(formatPath(path), {
      kind: a === undefined ? "add" : b === undefined ? "delete" : "update",
      ...(a === undefined ? {} : { before: hidden ? "[secret]" : showable(a) }),
      ...(b === undefined ? {} : { after: hidden ? "[secret]" : showable(b) }),
    });
  }
}

function own(map: PropertyMap, key: string): PropertyValue | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function showable(value: PropertyValue): unknown {
  if (value instanceof Secret || value instanceof Unknown) return value.toJSON();
  if (Array.isArray(value)) return value.map(showable);
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, showable(inner)]));
  return value;
}
