import { isMap, type PropertyMap, type PropertyValue, Unknown } from "../property.ts";
import { formatPath, type PathStep, parsePath, pathContains } from "../property-path.ts";
import type { DiffResult } from "../provider.ts";
import { AUTONAMED } from "./annotations.ts";
import { immutablePaths, type Mutability, touches } from "./immutable.ts";
import { isBuiltIn, isNamespaced } from "./kinds.ts";
import { normalizeInputs } from "./normalize.ts";
import { meansAbsent, sameValue } from "./same.ts";
import { reveal } from "./secrets.ts";

export interface DiffFacts {
  /** The recorded inputs. What the cluster has since made of the object is no change: a refresh finds that. */
  readonly olds: PropertyMap;
  /** The name the object really has; older states may hold none in the inputs. */
  readonly liveName: string | undefined;
  readonly news: PropertyMap;
  readonly ignoreChanges: readonly string[];
  readonly mutability: Mutability;
  readonly isPatch: boolean;
}

interface Change {
  readonly path: readonly PathStep[];
  readonly old: PropertyValue | undefined;
  readonly value: PropertyValue | undefined;
}

export function diffObjects(facts: DiffFacts): DiffResult {
  const news = withCanonicalNamespace(normalizeInputs(facts.news));
  const olds = withName(withCanonicalNamespace(normalizeInputs(facts.olds)), facts.liveName);
  const changes: Change[] = [];
  compare(olds, news, [], isBuiltIn(String(news.apiVersion)), changes);

  const ignored = facts.ignoreChanges.map(parsePath);
  const immutable = immutablePaths(news, facts.mutability, facts.isPatch);
  const counted = changes.filter(({ path }) => !ignored.some((outer) => pathContains(outer, path)));
  const replacing = counted.filter(({ path, old, value }) =>
    immutable.some((field) => touches(path, old, field) || touches(path, value, field)),
  );
  return {
    changes: counted.length > 0 ? "some" : "none",
    replaces: replacing.map(({ path }) => formatPath(path)),
    deleteBeforeReplace: sharesName(olds, news),
    stables: [],
    changed: counted.map(({ path }) => formatPath(path)),
  };
}

/**
 * Two objects can't have one name, so a replacement under the name the program chose needs the old object gone. True
 * whether or not this change replaces: an engine may replace for reasons of its own.
 */
function sharesName(olds: PropertyMap, news: PropertyMap): boolean {
  const [before, after] = [metadataOf(olds), metadataOf(news)];
  const annotations = reveal(after.annotations);
  if (isMap(annotations) && annotations[AUTONAMED] === "true") return false;
  return typeof after.name === "string" && before.name === after.name && before.namespace === after.namespace;
}

function compare(
  old: PropertyValue | undefined,
  value: PropertyValue | undefined,
  path: readonly PathStep[],
  builtIn: boolean,
  changes: Change[],
): void {
  const before = old === undefined || meansAbsent(old, path, builtIn) ? undefined : reveal(old);
  const after = value === undefined || meansAbsent(value, path, builtIn) ? undefined : reveal(value);
  if (before === undefined && after === undefined) return;
  if (before === undefined || after === undefined) {
    changes.push({ path, old: before, value: after });
  } else if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(own(before, key), own(after, key), [...path, key], builtIn, changes);
    }
  } else if (Array.isArray(before) && Array.isArray(after)) {
    compareLists(before, after, path, builtIn, changes);
  } else if (after instanceof Unknown || !sameValue(before, after, path, builtIn)) {
    changes.push({ path, old: before, value: after });
  }
}

function compareLists(
  before: readonly PropertyValue[],
  after: readonly PropertyValue[],
  path: readonly PathStep[],
  builtIn: boolean,
  changes: Change[],
): void {
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    const [old, value] = [before[i], after[i]];
    const at = [...path, i];
    // Every element counts, also an empty one.
    if (old === undefined || value === undefined) changes.push({ path: at, old, value });
    else compare(old, value, at, builtIn, changes);
  }
}

function own(map: PropertyMap, key: string): PropertyValue | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function metadataOf(inputs: PropertyMap): PropertyMap {
  const metadata = reveal(inputs.metadata);
  return isMap(metadata) ? metadata : {};
}

/** Without a namespace means in "default"; a cluster-scoped object has none, whatever was written. */
function withCanonicalNamespace(inputs: PropertyMap): PropertyMap {
  const metadata = reveal(inputs.metadata);
  if (!isMap(metadata)) return inputs;
  const { namespace, ...rest } = metadata;
  if (isNamespaced(String(inputs.apiVersion), String(inputs.kind)) === false) return { ...inputs, metadata: rest };
  return { ...inputs, metadata: { ...rest, namespace: namespace ?? "default" } };
}

function withName(inputs: PropertyMap, name: string | undefined): PropertyMap {
  return name === undefined ? inputs : { ...inputs, metadata: { ...metadataOf(inputs), name } };
}
