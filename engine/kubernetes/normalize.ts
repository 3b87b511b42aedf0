import { containsUnknown, isMap, type PropertyMap, type PropertyValue, Secret, Unknown } from "../property.ts";
import { groupOf } from "./kinds.ts";
import { reveal } from "./secrets.ts";

/** Fields of `metadata` that only the API server sets. */
const SERVER_SET = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
];

/** Property names can't have dashes in every Pulumi language, so the SDKs spell these fields with underscores. */
const SCHEMA_EXTENSIONS = [
  "embedded_resource",
  "int_or_string",
  "list_map_keys",
  "list_type",
  "map_type",
  "preserve_unknown_fields",
  "validations",
];
const DASHED = new Map(
  SCHEMA_EXTENSIONS.map((name) => [`x_kubernetes_${name}`, `x-kubernetes-${name.replaceAll("_", "-")}`]),
);
const UNDERSCORED = new Map([...DASHED].map(([under, dash]) => [dash, under]));

/**
 * Inputs in one form, however the program wrote them: a Secret's `stringData` as `data`, and nothing that only the
 * server sets. The official provider records the same form.
 */
export function normalizeInputs(inputs: PropertyMap): PropertyMap {
  const cleaned = withoutServerSet(inputs);
  if (isCustomResourceDefinition(cleaned)) return normalizeDefinition(renameKeys(cleaned, DASHED) as PropertyMap);
  return cleaned.kind === "Secret" && cleaned.apiVersion === "v1" ? normalizeSecret(cleaned) : cleaned;
}

/** An object of the API server as the SDK's types spell it. */
export function denormalizeOutputs(object: PropertyMap): PropertyMap {
  return isCustomResourceDefinition(object) ? (renameKeys(object, UNDERSCORED) as PropertyMap) : object;
}

function isCustomResourceDefinition(object: PropertyMap): boolean {
  return (
    object.kind === "CustomResourceDefinition" &&
    typeof object.apiVersion === "string" &&
    groupOf(object.apiVersion) === "apiextensions.k8s.io"
  );
}

function withoutServerSet(inputs: PropertyMap): PropertyMap {
  const { metadata } = inputs;
  if (!isMap(metadata) || !SERVER_SET.some((key) => Object.hasOwn(metadata, key))) return inputs;
  const kept = Object.entries(metadata).filter(([key]) => !SERVER_SET.includes(key));
  return { ...inputs, metadata: Object.fromEntries(kept) };
}

/** The server drops `preserveUnknownFields: false` and ignores `status`; kept, they would show as changes for ever. */
function normalizeDefinition(inputs: PropertyMap): PropertyMap {
  const { status: _, ...rest } = inputs;
  const { spec } = rest;
  if (!isMap(spec) || spec.preserveUnknownFields !== false) return rest;
  const { preserveUnknownFields: __, ...kept } = spec;
  return { ...rest, spec: kept };
}

function normalizeSecret(inputs: PropertyMap): PropertyMap {
  const { stringData, ...rest } = inputs;
  const texts = content(stringData);
  const data = content(rest.data);
  // An unknown part has to stay visible as such; the real run normalizes it.
  if (containsUnknown(stringData) || containsUnknown(rest.data)) return inputs;
  if (texts === undefined || Object.keys(texts).length === 0) {
    return data === undefined ? inputs : { ...rest, data: new Secret(mapValues(data, recode)) };
  }
  return { ...rest, data: new Secret({ ...mapValues(data ?? {}, recode), ...mapValues(texts, encode) }) };
}

function content(value: PropertyValue | undefined): PropertyMap | undefined {
  const inner = reveal(value);
  return isMap(inner) ? inner : undefined;
}

function mapValues(map: PropertyMap, change: (value: PropertyValue) => PropertyValue): PropertyMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(reveal(value))]));
}

function encode(value: PropertyValue): PropertyValue {
  return typeof value === "string" ? Buffer.from(value).toString("base64") : value;
}

/** The server decodes and encodes data, which drops line breaks. What is no Base64 is left for it to refuse. */
function recode(value: PropertyValue): PropertyValue {
  if (typeof value !== "string") return value;
  const compact = value.replace(/[\r\n]/g, "");
  return /^[A-Za-z0-9+/]*={0,2}$/.test(compact) && compact.length % 4 === 0 ? compact : value;
}

function renameKeys(value: PropertyValue, names: ReadonlyMap<string, string>): PropertyValue {
  if (value instanceof Unknown) return value;
  if (value instanceof Secret) return new Secret(renameKeys(value.value, names));
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, names));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [names.get(key) ?? key, renameKeys(item, names)]),
  );
}
