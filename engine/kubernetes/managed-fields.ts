import { isMap, type PropertyMap, type PropertyValue } from "../property.ts";
import { type PathStep, parsePath } from "../property-path.ts";
import { isJsonMap, type Json, type JsonMap, mapAt, mapsAt, textAt } from "./json.ts";
import { isLegacyManager } from "./naming.ts";
import { reveal } from "./secrets.ts";

/*
 * `metadata.managedFields` says who owns which field. FieldsV1 is a tree whose keys are `f:<name>` for fields of a map,
 * `k:{…}` for elements of a list by their keys, `v:…` for elements of a set; an empty node owns all below it.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */

/** Whether an object still has fields that the official provider owns from creating it, without apply. */
export function needsMigration(object: JsonMap, manager: string): boolean {
  return mapsAt(object, "metadata", "managedFields").some((entry) => isLegacy(entry, manager));
}

/**
 * The managed fields with all that Pulumi owns from creating the object handed to `manager`. Without it, applying would
 * conflict with ourselves, and a field that the program drops would stay on the object.
 */
export function migrateManagers(object: JsonMap, manager: string): readonly JsonMap[] {
  const entries = mapsAt(object, "metadata", "managedFields");
  const legacy = entries.filter((entry) => isLegacy(entry, manager));
  const own = entries.find((entry) => isOwn(entry, manager));
  const base = own ?? legacy[0];
  if (base === undefined || legacy.length === 0) return entries;
  const fields = [...legacy, ...(own === undefined ? [] : [own])].reduce<JsonMap>(
    (all, entry) => union(all, mapAt(entry, "fieldsV1")),
    {},
  );
  const merged = { ...base, manager, operation: "Apply", fieldsV1: fields };
  return [...entries.filter((entry) => !legacy.includes(entry) && entry !== own), merged];
}

/** Whether `manager` has ever written to the object: it was created for, or adopted by, the resource it is named for. */
export function isManagedBy(object: JsonMap, manager: string): boolean {
  return mapsAt(object, "metadata", "managedFields").some((entry) => textAt(entry, "manager") === manager);
}

function isOwn(entry: JsonMap, manager: string): boolean {
  return textAt(entry, "manager") === manager && textAt(entry, "operation") === "Apply" && !hasSubresource(entry);
}

function isLegacy(entry: JsonMap, manager: string): boolean {
  const name = textAt(entry, "manager") ?? "";
  return (
    textAt(entry, "operation") === "Update" && !hasSubresource(entry) && (isLegacyManager(name) || name === manager)
  );
}

function hasSubresource(entry: JsonMap): boolean {
  return (textAt(entry, "subresource") ?? "") !== "";
}

function union(a: JsonMap, b: JsonMap): JsonMap {
  const merged: Record<string, Json> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const other = merged[key];
    merged[key] = isJsonMap(other) && isJsonMap(value) ? union(other, value) : value;
  }
  return merged;
}

/**
 * Inputs without the ignored fields that others own and `manager` does not: a program that ignores `spec.replicas` leaves
 * it to the autoscaler, and must not apply it at all. Ignored fields that `manager` owns stay, or they would be removed.
 */
export function withoutForeignFields(
  inputs: PropertyMap,
  ignoreChanges: readonly string[],
  live: JsonMap,
  manager: string,
): PropertyMap {
  const entries = mapsAt(live, "metadata", "managedFields");
  const owns = (isTheirs: boolean, path: readonly PathStep[]): boolean =>
    entries.some((entry) => isOwn(entry, manager) !== isTheirs && covers(mapAt(entry, "fieldsV1"), path, inputs));
  return ignoreChanges
    .flatMap((path) => expand(parsePath(path), inputs))
    .filter((path) => owns(true, path) && !owns(false, path))
    .reduce((kept, path) => remove(kept, path) as PropertyMap, inputs);
}

/** Whether a tree of owned fields has the path. `value` tells the keys of list elements, which the tree is ordered by. */
function covers(fields: JsonMap, path: readonly PathStep[], value: PropertyValue | undefined): boolean {
  const [step, ...rest] = path;
  // An empty node above the path's end owns everything below.
  if (step === undefined || Object.keys(fields).length === 0) return true;
  const inner = reveal(value);
  if (typeof step === "number") {
    const element = Array.isArray(inner) ? inner[step] : undefined;
    return Object.entries(fields).some(
      ([key, below]) => isElement(key, element) && isJsonMap(below) && covers(below, rest, element),
    );
  }
  const below = fields[`f:${step}`];
  return isJsonMap(below) && covers(below, rest, isMap(inner) ? inner[step] : undefined);
}

function isElement(key: string, element: PropertyValue | undefined): boolean {
  if (!key.startsWith("k:") || element === undefined) return false;
  const inner = reveal(element);
  const wanted: unknown = JSON.parse(key.slice(2));
  // A key the program left out has its default there.
  return isMap(inner) && isJsonMap(wanted) && Object.entries(wanted).every(([k, v]) => reveal(inner[k] ?? v) === v);
}

/** The paths that exist in `inputs`, with `*` replaced by what is there. */
function expand(path: readonly PathStep[], inputs: PropertyMap): readonly PathStep[][] {
  let found: { readonly path: PathStep[]; readonly value: PropertyValue }[] = [{ path: [], value: inputs }];
  for (const step of path) {
    found = found.flatMap(({ path: above, value }) => {
      const inner = reveal(value);
      const children: readonly [PathStep, PropertyValue][] = Array.isArray(inner)
        ? [...inner.entries()]
        : isMap(inner)
          ? Object.entries(inner)
          : [];
      return children
        .filter(([key]) => step === "*" || key === step)
        .map(([key, child]) => ({ path: [...above, key], value: child }));
    });
  }
  return found.map((item) => item.path);
}

function remove(value: PropertyValue, path: readonly PathStep[]): PropertyValue {
  const [step, ...rest] = path;
  const inner = reveal(value);
  if (Array.isArray(inner)) return inner.map((item, i) => (i === step ? remove(item, rest) : item));
  if (!isMap(inner) || typeof step !== "string") return value;
  const entries = Object.entries(inner).flatMap(([key, item]): [string, PropertyValue][] =>
    key !== step ? [[key, item]] : rest.length === 0 ? [] : [[key, remove(item, rest)]],
  );
  return Object.fromEntries(entries);
}
