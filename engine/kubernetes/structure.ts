import { isMap, type PropertyMap, type PropertyValue, Unknown } from "../property.ts";
import { formatPath, type PathStep } from "../property-path.ts";
import type { CheckFailure } from "../provider.ts";
import { expressionsIn, WAIT_FOR } from "./annotations.ts";
import { parseExpression } from "./await/wait-for.ts";
import { isBuiltIn, isPatch, kindOfType } from "./kinds.ts";
import { reveal } from "./secrets.ts";

/**
 * What can be known wrong about an object without asking the API server. All of it at once. Everything a schema knows is
 * left to the server, whose dry run judges it with the schema that counts.
 */
export function structureFailures(type: string, inputs: PropertyMap): readonly CheckFailure[] {
  return [...typeFailures(type, inputs), ...metadataFailures(type, inputs)];
}

function typeFailures(type: string, inputs: PropertyMap): CheckFailure[] {
  const expected = kindOfType(type);
  return (["apiVersion", "kind"] as const).flatMap((property): CheckFailure[] => {
    const value = reveal(inputs[property]);
    if (value instanceof Unknown) return [];
    if (typeof value !== "string" || value === "") {
      return [{ property, reason: `${missingOr(value, "a text")}; for ${type} it is ${quote(expected[property])}` }];
    }
    const mismatch = property === "kind" && isBuiltIn(expected.apiVersion) && value !== expected.kind;
    return mismatch ? [{ property, reason: `is ${quote(value)}, but the resource's type is ${type}` }] : [];
  });
}

function metadataFailures(type: string, inputs: PropertyMap): CheckFailure[] {
  const metadata = reveal(inputs.metadata);
  if (metadata instanceof Unknown) return [];
  if (metadata !== undefined && metadata !== null && !isMap(metadata)) {
    return [{ property: "metadata", reason: missingOr(metadata, "an object") }];
  }
  const map: PropertyMap = isMap(metadata) ? metadata : {};
  const patchWithoutName =
    isPatch(type, String(inputs.kind)) && (reveal(map.name) ?? "") === ""
      ? [{ property: "metadata.name", reason: "is missing: a patch has to name the object it patches" }]
      : [];
  return [
    ...patchWithoutName,
    ...nameFailures(map, "name"),
    ...nameFailures(map, "namespace"),
    ...generateNameFailures(map),
    ...textMapFailures(map, "labels"),
    ...textMapFailures(map, "annotations"),
    ...waitForFailures(map),
  ];
}

/** The rules of a path segment, which hold for every kind; a kind's own are stricter, and the server's to judge. */
function nameFailures(metadata: PropertyMap, key: "name" | "namespace"): CheckFailure[] {
  const value = reveal(metadata[key]);
  const property = `metadata.${key}`;
  if (value === undefined || value === null || value instanceof Unknown || value === "") return [];
  if (typeof value !== "string") return [{ property, reason: missingOr(value, "a text") }];
  if (value.length > 253) return [{ property, reason: `has ${value.length} characters; at most 253 are allowed` }];
  if (value === "." || value === ".." || /[/%]/.test(value)) {
    return [{ property, reason: `${quote(value)} may not be "." or "..", nor contain "/" or "%"` }];
  }
  return [];
}

function generateNameFailures(metadata: PropertyMap): CheckFailure[] {
  const wanted = reveal(metadata.generateName);
  if (wanted === undefined || wanted === null || wanted === "" || (reveal(metadata.name) ?? "") !== "") return [];
  const reason = "is not possible with server-side apply: leave both out for a name with a random suffix, or set name";
  return [{ property: "metadata.generateName", reason }];
}

function textMapFailures(metadata: PropertyMap, key: "labels" | "annotations"): CheckFailure[] {
  const value = reveal(metadata[key]);
  if (value === undefined || value === null || value instanceof Unknown) return [];
  if (!isMap(value)) return [{ property: `metadata.${key}`, reason: missingOr(value, "an object") }];
  return Object.entries(value).flatMap(([name, item]): CheckFailure[] => {
    const inner = reveal(item);
    if (typeof inner === "string" || inner instanceof Unknown || inner === null) return [];
    const path: readonly PathStep[] = ["metadata", key, name];
    return [{ property: formatPath(path), reason: `${missingOr(inner, "a text")}; write it in quotes` }];
  });
}

function waitForFailures(metadata: PropertyMap): CheckFailure[] {
  const annotations = reveal(metadata.annotations);
  const value = isMap(annotations) ? reveal(annotations[WAIT_FOR]) : undefined;
  if (typeof value !== "string") return [];
  return expressionsIn(value).flatMap((text): CheckFailure[] => {
    try {
      parseExpression(text);
      return [];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return [{ property: formatPath(["metadata", "annotations", WAIT_FOR]), reason }];
    }
  });
}

function missingOr(value: PropertyValue | undefined, wanted: string): string {
  if (value === undefined || value === null || value === "") return "is missing";
  const is = Array.isArray(value) ? "a list" : isMap(value) ? "an object" : `a ${typeof value}`;
  return `has to be ${wanted}, and is ${is}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
