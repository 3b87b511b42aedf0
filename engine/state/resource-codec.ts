import { z } from "zod";
import type { PropertyMap, PropertyValue } from "../property.ts";
import type { ResourceState } from "../resource.ts";
import {
  decodeProperties,
  decodeProperty,
  encodeProperty,
  type SecretReader,
  type SecretWriter,
} from "./property-codec.ts";

// Objects are taken as they are: zod's records would drop a property named __proto__.
const json = z.custom<Readonly<Record<string, unknown>>>(isObject, "must be an object");
const strings = z.array(z.string());
const stringsByKey = z.custom<Readonly<Record<string, string[] | null>>>(
  (value) =>
    isObject(value) && Object.values(value as object).every((list) => list === null || strings.safeParse(list).success),
  "must be an object of lists of text",
);
// Go writes an empty list that was never made as null.
const stringsOrNull = strings.nullable().transform((list) => list ?? []);

/** A resource of a checkpoint (`ResourceV3`). Fields that only the CLI uses are not named: they go to `rest`. */
export const resourceSchema = z.looseObject({
  urn: z.string().min(1),
  custom: z.boolean().default(false),
  delete: z.boolean().default(false),
  id: z.string().default(""),
  type: z.string().min(1),
  inputs: json.nullish(),
  outputs: json.nullish(),
  parent: z.string().optional(),
  protect: z.boolean().default(false),
  dependencies: stringsOrNull.default([]),
  initErrors: stringsOrNull.default([]),
  provider: z.string().optional(),
  propertyDependencies: stringsByKey.nullish(),
  pendingReplacement: z.boolean().default(false),
  additionalSecretOutputs: stringsOrNull.default([]),
  aliases: stringsOrNull.default([]),
  customTimeouts: z.looseObject({ create: z.number(), update: z.number(), delete: z.number() }).partial().nullish(),
  retainOnDelete: z.boolean().default(false),
  deletedWith: z.string().optional(),
  created: z.string().nullish(),
  modified: z.string().nullish(),
  ignoreChanges: stringsOrNull.default([]),
  replaceOnChanges: stringsOrNull.default([]),
});

type ResourceJson = z.infer<typeof resourceSchema>;

/** All fields in the order the CLI writes them; what is in `rest` and not named here comes last. */
const ORDER = [
  ...["urn", "custom", "delete", "id", "type", "inputs", "outputs", "parent", "protect", "taint", "external"],
  ...[
    "dependencies",
    "initErrors",
    "provider",
    "propertyDependencies",
    "pendingReplacement",
    "additionalSecretOutputs",
  ],
  ...["aliases", "customTimeouts", "importID", "retainOnDelete", "deletedWith", "replaceWith", "created", "modified"],
  ...["sourcePosition", "stackTrace", "ignoreChanges", "hideDiff", "replaceOnChanges", "replacementTrigger"],
  ...["refreshBeforeUpdate", "viewOf", "resourceHooks", "extensionRef", "snippetID"],
];

/** The one field of `rest` that holds a property value, secrets included; it is decoded like inputs and outputs. */
const TRIGGER = "replacementTrigger";

/** Fields of `rest` whose use a checkpoint must declare, so that engines which don't know them refuse it. */
const FEATURES: Readonly<Record<string, string>> = {
  refreshBeforeUpdate: "refreshBeforeUpdate",
  viewOf: "views",
  resourceHooks: "hooks",
  taint: "taint",
  replaceWith: "replaceWith",
  extensionRef: "extensionParameterization",
  snippetID: "snippets-prototype",
};
const BYTES_FEATURE = "byteString";

export function decodeResource(resource: ResourceJson, reader: SecretReader): ResourceState {
  const { inputs, outputs, propertyDependencies, customTimeouts, created, modified, ...plain } = resource;
  const rest = Object.fromEntries(Object.entries(plain).filter(([key]) => !Object.hasOwn(resourceSchema.shape, key)));
  if (TRIGGER in rest) rest[TRIGGER] = decodeProperty(rest[TRIGGER], `${plain.urn} ${TRIGGER}`, reader);
  return {
    urn: plain.urn,
    type: plain.type,
    custom: plain.custom,
    id: plain.id,
    inputs: decodeProperties(inputs ?? {}, `${plain.urn} inputs`, reader),
    outputs: decodeProperties(outputs ?? {}, `${plain.urn} outputs`, reader),
    parent: plain.parent || undefined,
    provider: plain.provider || undefined,
    dependencies: plain.dependencies,
    propertyDependencies: Object.fromEntries(
      Object.entries(propertyDependencies ?? {}).map(([property, urns]) => [property, urns ?? []]),
    ),
    protect: plain.protect,
    retainOnDelete: plain.retainOnDelete,
    deletedWith: plain.deletedWith || undefined,
    additionalSecretOutputs: plain.additionalSecretOutputs,
    ignoreChanges: plain.ignoreChanges,
    replaceOnChanges: plain.replaceOnChanges,
    customTimeouts: customTimeouts ?? undefined,
    initErrors: plain.initErrors,
    delete: plain.delete,
    pendingReplacement: plain.pendingReplacement,
    aliases: plain.aliases,
    created: created ?? undefined,
    modified: modified ?? undefined,
    rest,
  };
}

export interface EncodedResource {
  /** One JSON object. */
  readonly text: string;
  /** Checkpoint features that it needs. */
  readonly features: readonly string[];
}

/** The JSON text of a resource. Throws when a property is unknown. */
export function encodeResource(state: ResourceState, writer: SecretWriter): EncodedResource {
  const features = new Set<string>();
  const property = (value: PropertyValue, field: string): string => {
    const encoded = encodeProperty(value, `${state.urn} ${field}`, writer);
    if (encoded.bytes) features.add(BYTES_FEATURE);
    return encoded.text;
  };
  const properties = (value: PropertyMap, field: string) => (isEmpty(value) ? undefined : property(value, field));
  const { rest, inputs, outputs, custom, customTimeouts, propertyDependencies, ...plain } = state;
  const texts: Record<string, string | undefined> = {
    ...Object.fromEntries(
      // Nobody here knows what an unknown field means when it is empty.
      Object.entries(rest).map(([field, value]) => [
        field,
        ORDER.includes(field) ? unlessEmpty(value) : JSON.stringify(value),
      ]),
    ),
    ...Object.fromEntries(Object.entries(plain).map(([field, value]) => [field, unlessEmpty(value)])),
    custom: String(custom),
    inputs: properties(inputs, "inputs"),
    outputs: properties(outputs, "outputs"),
    propertyDependencies: unlessEmpty(sorted(propertyDependencies)),
    customTimeouts: customTimeouts === undefined ? undefined : encodeTimeouts({ ...customTimeouts }),
  };
  const trigger = rest[TRIGGER];
  if (trigger !== undefined && trigger !== null) texts[TRIGGER] = property(trigger as PropertyValue, TRIGGER);
  for (const [field, feature] of Object.entries(FEATURES)) if (texts[field] !== undefined) features.add(feature);
  const fields = [...ORDER, ...Object.keys(rest).filter((field) => !ORDER.includes(field))];
  const members = fields.flatMap((field) =>
    texts[field] === undefined ? [] : [`${JSON.stringify(field)}:${texts[field]}`],
  );
  return { text: `{${members.join()}}`, features: [...features] };
}

/** Go's `omitempty`: nothing for false, 0, "", and empty lists and maps. */
function unlessEmpty(value: unknown): string | undefined {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return undefined;
  return typeof value === "object" && isEmpty(value) ? undefined : JSON.stringify(value);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(value: object): boolean {
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

function sorted<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function encodeTimeouts(timeouts: Readonly<Record<string, number | undefined>>): string | undefined {
  const order = ["create", "update", "delete", "read"];
  const set = order.flatMap((key) => (timeouts[key] ? [`"${key}":${timeouts[key]}`] : []));
  return set.length === 0 ? undefined : `{${set.join()}}`;
}
