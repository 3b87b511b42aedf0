import { equal, isMap, type PropertyValue } from "../property.ts";
import type { PathStep } from "../property-path.ts";
import { sameQuantity } from "./quantity.ts";
import { reveal } from "./secrets.ts";

/*
 * The API server writes some values differently from how a program did ("1000m" comes back as "1"). Differences that
 * mean nothing must not show as changes, neither against the official provider's state, which holds the server's form,
 * nor after a refresh. Only fields of built-in kinds are known well enough for that.
 */

const QUANTITY_MAPS = new Set([
  "allocatable",
  "capacity",
  "default",
  "defaultRequest",
  "hard",
  "limits",
  "max",
  "maxLimitRequestRatio",
  "min",
  "overhead",
  "podFixed",
  "requests",
]);
const QUANTITIES = new Set(["averageValue", "divisor", "sizeLimit"]);

/** Maps that mean the same empty as absent. Elsewhere `{}` says something: an empty selector selects everything. */
const OPTIONAL_MAPS = new Set(["annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector"]);

export function sameValue(a: PropertyValue, b: PropertyValue, path: readonly PathStep[], builtIn: boolean): boolean {
  return equal(a, b) || (builtIn && isQuantity(path) && sameQuantity(reveal(a), reveal(b)));
}

function isQuantity(path: readonly PathStep[]): boolean {
  const [parent, last] = [path.at(-2), path.at(-1)];
  return (
    (typeof parent === "string" && QUANTITY_MAPS.has(parent)) ||
    (typeof last === "string" && QUANTITIES.has(last)) ||
    (last === "value" && parent === "target")
  );
}

/** True for a value that means the same as none. */
export function meansAbsent(value: PropertyValue, path: readonly PathStep[], builtIn: boolean): boolean {
  const inner = reveal(value);
  if (inner === null) return true;
  if (!builtIn) return false;
  if (Array.isArray(inner)) return inner.length === 0;
  const last = path.at(-1);
  return isMap(inner) && Object.keys(inner).length === 0 && typeof last === "string" && OPTIONAL_MAPS.has(last);
}
