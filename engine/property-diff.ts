import { containsUnknown, equal, isMap, type PropertyMap, type PropertyValue, Secret } from "./property.ts";
import { formatPath, type PathStep } from "./property-path.ts";
import type { PropertyDiffKind } from "./provider.ts";

/** Every leaf that differs between two sets of properties, by path. Secrecy alone is no difference. */
export function diffProperties(olds: PropertyMap, news: PropertyMap): ReadonlyMap<string, PropertyDiffKind> {
  const found = new Map<string, PropertyDiffKind>();
  walk([], olds, news, found);
  return found;
}

function walk(
  path: readonly PathStep[],
  old: PropertyValue | undefined,
  value: PropertyValue | undefined,
  found: Map<string, PropertyDiffKind>,
): void {
  const a = old instanceof Secret ? old.value : old;
  const b = value instanceof Secret ? value.value : value;
  if (isMap(a) && isMap(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      walk([...path, key], own(a, key), own(b, key), found);
    }
  } else if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.max(a.length, b.length); i++) walk([...path, i], a[i], b[i], found);
  } else if (a === undefined || b === undefined || !equal(a, b) || containsUnknown(b)) {
    if (a === undefined && b === undefined) return;
    found.set(formatPath(path), a === undefined ? "add" : b === undefined ? "delete" : "update");
  }
}

function own(map: PropertyMap, key: string): PropertyValue | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
