import { isMap, type PropertyMap, type PropertyValue, Secret } from "./property.ts";

/*
 * Property paths as Pulumi writes them: `spec.template.spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`,
 * with `*` standing for every key or element.
 */
export type PathStep = string | number;

/** Throws on a path that can't be read; the message names it. */
export function parsePath(path: string): PathStep[] {
  const steps: PathStep[] = [];
  let rest = path;
  const bad = (): never => {
    throw new Error(`invalid property path ${JSON.stringify(path)} at ${JSON.stringify(rest)}`);
  };
  while (rest !== "") {
    const quoted = /^\["((?:[^"\\]|\\.)*)"\]/.exec(rest);
    const indexed = /^\[(\d+|\*)\]/.exec(rest);
    const named = /^\.?([^.[\]"]+)/.exec(rest);
    if (quoted?.[1] !== undefined) {
      steps.push(quoted[1].replace(/\\(.)/g, "$1"));
      rest = rest.slice(quoted[0].length);
    } else if (indexed?.[1] !== undefined) {
      steps.push(indexed[1] === "*" ? "*" : Number(indexed[1]));
      rest = rest.slice(indexed[0].length);
    } else if (named?.[1] !== undefined && steps.length > 0 === rest.startsWith(".")) {
      steps.push(named[1]);
      rest = rest.slice(named[0].length);
    } else {
      bad();
    }
  }
  if (steps.length === 0) bad();
  return steps;
}

export function formatPath(steps: readonly PathStep[]): string {
  let path = "";
  for (const step of steps) {
    if (typeof step === "number") path += `[${step}]`;
    else if (/^[^.[\]"]+$/.test(step)) path += path === "" ? step : `.${step}`;
    else path += `["${step.replace(/["\\]/g, "\\$&")}"]`;
  }
  return path;
}

/** True when `outer` names `inner` or something that `inner` lies in. */
export function pathContains(outer: readonly PathStep[], inner: readonly PathStep[]): boolean {
  return outer.length <= inner.length && outer.every((step, i) => step === "*" || step === inner[i]);
}

/**
 * `news` with the value at each path as it was in `olds`: what `ignoreChanges` asks for. A path that was absent before
 * becomes absent. Paths that lead nowhere in either are left alone.
 */
export function resetPaths(news: PropertyMap, olds: PropertyMap, paths: readonly string[]): PropertyMap {
  let result: PropertyValue = news;
  for (const path of paths) result = reset(result, olds, parsePath(path)) ?? result;
  return isMap(result) ? result : news;
}

function reset(
  value: PropertyValue | undefined,
  old: PropertyValue | undefined,
  steps: readonly PathStep[],
): PropertyValue | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return old;
  if (value instanceof Secret || old instanceof Secret) {
    const inner = reset(value instanceof Secret ? value.value : value, old instanceof Secret ? old.value : old, steps);
    return inner === undefined ? undefined : new Secret(inner);
  }
  if (Array.isArray(value)) {
    const items: readonly PropertyValue[] = value;
    const olds: readonly PropertyValue[] = Array.isArray(old) ? old : [];
    // Elements that exist on one side only are additions or removals: those are not a change *of* the element.
    return items.map((item, i) =>
      (step === "*" || step === i) && i < olds.length ? (reset(item, olds[i], rest) ?? item) : item,
    );
  }
  if (isMap(value) || (value === undefined && isMap(old))) {
    const map = isMap(value) ? value : {};
    const oldMap = isMap(old) ? old : {};
    const keys = step === "*" ? [...new Set([...Object.keys(map), ...Object.keys(oldMap)])] : [String(step)];
    const entries = new Map(Object.entries(map));
    for (const key of keys) {
      const inner = reset(entries.get(key), Object.hasOwn(oldMap, key) ? oldMap[key] : undefined, rest);
      if (inner === undefined) entries.delete(key);
      else entries.set(key, inner);
    }
    // Nothing there before, nothing there now: don't invent the empty parent.
    if (value === undefined && entries.size === 0) return undefined;
    return Object.fromEntries(entries);
  }
  return value;
}
