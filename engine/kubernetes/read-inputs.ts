import { isMap, type PropertyMap, type PropertyValue, Secret } from "../property.ts";
import type { PathStep } from "../property-path.ts";
import { type JsonMap, mapAt } from "./json.ts";
import { isBuiltIn } from "./kinds.ts";
import { normalizeInputs } from "./normalize.ts";
import { meansAbsent, sameValue } from "./same.ts";
import { reveal } from "./secrets.ts";

/** Annotations that controllers and tools write; nobody declares them. */
const FOREIGN_ANNOTATIONS = ["deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"];

/**
 * The inputs that would make the object what it is now: the recorded ones, with what has drifted. Fields that the program
 * never declared belong to the server and to controllers, so they are left out; so are elements that others added to a
 * list, because applying again would not remove them.
 */
export function inputsFromLive(live: JsonMap, recorded: PropertyMap): PropertyMap {
  if (Object.keys(recorded).length === 0) return importedInputs(live);
  const inputs = normalizeInputs(recorded);
  return followMap(live, inputs, [], isBuiltIn(String(inputs.apiVersion)));
}

/** For an object that no program has declared yet (`import`, `.get`): all of it but what only the server sets. */
function importedInputs(live: JsonMap): PropertyMap {
  const { status: _, ...rest } = live;
  const { annotations: all, ...metadata } = mapAt(rest, "metadata");
  const annotations = Object.fromEntries(
    Object.entries(isMap(all) ? all : {}).filter(([key]) => !FOREIGN_ANNOTATIONS.includes(key)),
  );
  const kept = Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata;
  return normalizeInputs({ ...rest, metadata: kept });
}

function followMap(live: PropertyMap, inputs: PropertyMap, path: readonly PathStep[], builtIn: boolean): PropertyMap {
  const entries = Object.entries(inputs).flatMap(([key, input]): [string, PropertyValue][] => {
    const value = Object.hasOwn(live, key) ? live[key] : undefined;
    const followed = follow(value, input, [...path, key], builtIn);
    return followed === undefined ? [] : [[key, followed]];
  });
  return Object.fromEntries(entries);
}

function follow(
  live: PropertyValue | undefined,
  input: PropertyValue,
  path: readonly PathStep[],
  builtIn: boolean,
): PropertyValue | undefined {
  if (live === undefined) return meansAbsent(input, path, builtIn) ? input : undefined;
  const declared = reveal(input);
  let followed: PropertyValue;
  if (isMap(live) && isMap(declared)) followed = followMap(live, declared, path, builtIn);
  else if (Array.isArray(live) && Array.isArray(declared)) followed = followList(live, declared, path, builtIn);
  else followed = sameValue(live, declared, path, builtIn) ? declared : live;
  return input instanceof Secret ? new Secret(followed) : followed;
}

function followList(
  live: readonly PropertyValue[],
  inputs: readonly PropertyValue[],
  path: readonly PathStep[],
  builtIn: boolean,
): PropertyValue[] {
  const byName = namesOf(inputs) === undefined ? undefined : namesOf(live);
  return inputs.flatMap((input, i) => {
    const name = nameOf(input);
    const index = byName === undefined || name === undefined ? i : (byName.get(name) ?? -1);
    const item = live[index];
    return item === undefined ? [] : [follow(item, input, [...path, i], builtIn) ?? null];
  });
}

/** Positions by name, where every element has one of its own: the server keeps those lists by name, not by place. */
function namesOf(list: readonly PropertyValue[]): ReadonlyMap<string, number> | undefined {
  const names = new Map<string, number>();
  for (const [i, item] of list.entries()) {
    const name = nameOf(item);
    if (name === undefined || names.has(name)) return undefined;
    names.set(name, i);
  }
  return names;
}

function nameOf(value: PropertyValue): string | undefined {
  const inner = reveal(value);
  if (!isMap(inner)) return undefined;
  const name = reveal(inner.name);
  return typeof name === "string" ? name : undefined;
}
