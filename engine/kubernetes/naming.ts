import { createHash, randomBytes } from "node:crypto";
import { isMap, type PropertyMap, Secret, Unknown } from "../property.ts";
import { AUTONAMED, chosenFieldManager, isAutonamed } from "./annotations.ts";
import { isJsonMap, type JsonMap, textAt } from "./json.ts";
import { reveal } from "./secrets.ts";

/** The official provider creates objects under this name, and applies to them under one of its own per resource. */
export const LEGACY_FIELD_MANAGER = "pulumi-kubernetes";

/**
 * The field manager under which a resource's fields are applied: the annotation's, else the recorded one, else one made
 * from the URN. It has to be the same in every run until the state has recorded it: it is what tells, after a run that
 * died in between, that an existing object was created for this very resource.
 */
export function fieldManagerOf(urn: string, inputs: JsonMap, recorded: string | undefined): string {
  return chosenFieldManager(inputs) ?? recorded ?? derivedFieldManager(urn);
}

export function derivedFieldManager(urn: string): string {
  return `${LEGACY_FIELD_MANAGER}-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
}

/** A name that no other object has: replacements live beside what they replace. */
export function randomName(resourceName: string): string {
  return `${resourceName}-${randomBytes(4).toString("hex")}`;
}

/**
 * Inputs with a name: the program's own, else the one chosen in an earlier run, else a new one. A name that the program
 * did not choose is marked by an annotation, so that a later run knows it may choose another.
 */
export function withName(news: PropertyMap, olds: JsonMap | undefined, choose: () => string): PropertyMap {
  const metadata = reveal(news.metadata);
  if (metadata instanceof Unknown) return news;
  const given = isMap(metadata) ? reveal(metadata.name) : undefined;
  if (given instanceof Unknown || (typeof given === "string" && given !== "")) return news;
  const kept = olds !== undefined && isAutonamed(olds) ? textAt(olds, "metadata", "name") : undefined;
  return withAutoname(news, isMap(metadata) ? metadata : {}, kept ?? choose());
}

function withAutoname(news: PropertyMap, metadata: PropertyMap, name: string): PropertyMap {
  const named = { ...metadata, name };
  if (reveal(metadata.annotations) instanceof Unknown) return { ...news, metadata: named };
  const annotations = { ...metadataMap(metadata.annotations), [AUTONAMED]: "true" };
  return { ...news, metadata: { ...named, annotations } };
}

/** The map itself, its entries secret where the whole was. */
function metadataMap(value: PropertyMap[string] | undefined): PropertyMap {
  if (!(value instanceof Secret)) return isMap(value) ? value : {};
  const inner = isMap(value.value) ? value.value : {};
  return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, new Secret(item)]));
}

/** Managers that the official provider and its predecessors created objects under. */
export function isLegacyManager(manager: string): boolean {
  return /^(pulumi-kubernetes(\.exe)?|pulumi-resource-kubernetes)$/.test(manager);
}

/** A manager of some Pulumi run, this stack's or another's. */
export function isPulumiManager(manager: string): boolean {
  return isLegacyManager(manager) || /^pulumi-kubernetes-[0-9a-f]{8}$/.test(manager);
}

/** Managers named in an object's `metadata.managedFields`, each once. */
export function managersOf(object: JsonMap): readonly string[] {
  const entries = isJsonMap(object.metadata) ? object.metadata.managedFields : undefined;
  if (!Array.isArray(entries)) return [];
  return [...new Set(entries.flatMap((entry) => textAt(entry, "manager") ?? []))];
}
