import { isMap, type PropertyMap, UNKNOWN, unwrapSecrets } from "../property.ts";
import { type JsonMap, mapAt, numberAt, textAt, toJson } from "./json.ts";
import { denormalizeOutputs } from "./normalize.ts";
import { markSecrets, reveal } from "./secrets.ts";

/*
 * A resource's outputs are the object as the API server has it, plus three entries that the official provider keeps
 * there too. The shape is shared: state that one of the two wrote, the other goes on with.
 */
const INPUTS = "__inputs";
const FIELD_MANAGER = "__fieldManager";
const INITIAL_API_VERSION = "__initialApiVersion";

export interface Recorded {
  /** The object as it was last seen, in plain text. */
  readonly live: JsonMap;
  readonly fieldManager: string | undefined;
  readonly initialApiVersion: string | undefined;
}

export function makeOutputs(
  live: JsonMap,
  inputs: PropertyMap,
  fieldManager: string,
  initialApiVersion: string,
): PropertyMap {
  return {
    ...markSecrets(denormalizeOutputs(live), inputs),
    [INPUTS]: denormalizeOutputs(markSecrets(inputs, undefined)),
    [FIELD_MANAGER]: fieldManager,
    [INITIAL_API_VERSION]: initialApiVersion,
  };
}

/**
 * What a preview tells of an object: its inputs, or the answer to a dry run, with everything unknown that the real run
 * will decide. `recorded` is the object that is to be updated, which keeps what identifies it.
 */
export function previewOutputs(object: PropertyMap, inputs: PropertyMap, recorded?: JsonMap): PropertyMap {
  const marked = markSecrets(denormalizeOutputs(object), inputs);
  const { metadata, spec } = marked;
  const kept = mapAt(recorded, "metadata");
  const serverMade = {
    uid: kept.uid ?? UNKNOWN,
    creationTimestamp: kept.creationTimestamp ?? UNKNOWN,
    resourceVersion: UNKNOWN,
    generation: UNKNOWN,
  };
  return {
    ...marked,
    ...(isMap(metadata) ? { metadata: { ...withoutKey(metadata, "managedFields"), ...serverMade } } : {}),
    ...(marked.kind === "Service" && isMap(spec) ? { spec: withAddress(spec, inputs.spec, recorded) } : {}),
    status: recorded?.status ?? UNKNOWN,
  };
}

/** A dry run hands out an address that the real run will not get. */
function withAddress(
  spec: PropertyMap,
  wanted: PropertyMap[string] | undefined,
  recorded: JsonMap | undefined,
): PropertyMap {
  if (spec.type === "ExternalName") return spec;
  const asked = isMap(wanted) ? wanted : {};
  const kept = mapAt(recorded, "spec");
  const given = ["clusterIP", "clusterIPs"].filter((key) => asked[key] === undefined);
  return { ...spec, ...Object.fromEntries(given.map((key) => [key, kept[key] ?? UNKNOWN])) };
}

function withoutKey(map: PropertyMap, key: string): PropertyMap {
  const { [key]: _, ...rest } = map;
  return rest;
}

export function readRecorded(outputs: PropertyMap): Recorded {
  const { [INPUTS]: _, [FIELD_MANAGER]: manager, [INITIAL_API_VERSION]: version, ...live } = outputs;
  return {
    live: toJson(unwrapSecrets(live)),
    fieldManager: typeof manager === "string" ? manager : undefined,
    initialApiVersion: typeof version === "string" ? version : undefined,
  };
}

/** The recorded inputs, wherever the state has them: `__inputs` where the resource's own are missing. */
export function recordedInputs(inputs: PropertyMap, outputs: PropertyMap): PropertyMap {
  if (Object.keys(inputs).length > 0) return inputs;
  const kept = reveal(outputs[INPUTS]);
  return isMap(kept) ? kept : {};
}

export function uidOf(object: JsonMap): string | undefined {
  return textAt(object, "metadata", "uid");
}

export function isBeingDeleted(object: JsonMap): boolean {
  return textAt(object, "metadata", "deletionTimestamp") !== undefined;
}

/** `generation` of an object, 0 for kinds that have none. */
export function generationOf(object: JsonMap): number {
  return numberAt(object, "metadata", "generation") ?? 0;
}

/** Whether `object` is at least as new as `reference`: a watch may still deliver what was before the write. */
export function isAtLeastAsNew(object: JsonMap, reference: JsonMap): boolean {
  return isVersionAtLeast(versionOf(object), versionOf(reference));
}

/**
 * Whether a resource version is at least as new as another. Kubernetes compares them as whole numbers (KEP-5504); what is
 * no number counts as newer.
 */
export function isVersionAtLeast(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => (/^\d+$/.test(text) ? BigInt(text) : undefined));
  return a === undefined || b === undefined || a >= b;
}

export function versionOf(object: JsonMap): string {
  return textAt(object, "metadata", "resourceVersion") ?? "";
}
