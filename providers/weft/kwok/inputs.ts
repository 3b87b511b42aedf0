import { distance } from "fastest-levenshtein";

/** Inputs of `weft-native:cluster:Kwok`, checked, with every default filled in. */
export interface KwokInputs {
  /** DNS label; names the cluster's folder and starts the names of its nodes. */
  readonly name: string;
  /** Folder for its files. A relative path counts from the project's root. */
  readonly directory: string;
  readonly nodes: number;
  readonly zones: number;
  /** DNS label; zones are named `<region>-a`, `<region>-b`, … */
  readonly region: string;
  /** Kubernetes quantity, per node. */
  readonly cpu: string;
  /** Kubernetes quantity, per node. */
  readonly memory: string;
}

/** Six nodes over three zones survive the loss of a zone with room to spare; 8 CPU / 32 GiB is a common node size. */
export const KWOK_DEFAULTS = {
  directory: ".weft/kwok",
  nodes: 6,
  zones: 3,
  region: "local",
  cpu: "8",
  memory: "32Gi",
} as const satisfies Omit<KwokInputs, "name">;

/** Pod networks are numbered by zone and place in it, and 10.128.0.0/9 has room for this many in any zone. */
const MAX_NODES = 1000;
/** One letter each. */
export const MAX_ZONES = 26;

export interface InputFailure {
  readonly property: string;
  readonly reason: string;
}

/** What a raw value may be before it is known: the caller recognises unknowns and secrets on the wire. */
export interface RawKinds {
  isUnknown(value: unknown): boolean;
  isSecret(value: unknown): boolean;
}

type Field = keyof KwokInputs;

const FIELDS: Readonly<Record<Field, (value: unknown) => string | undefined>> = {
  name: (value) => label(value, 40),
  directory,
  nodes: (value) => wholeNumber(value, MAX_NODES),
  zones: (value) => wholeNumber(value, MAX_ZONES),
  region: (value) => label(value, 40),
  cpu: (value) => quantity(value, parseCpu, 'CPUs, such as "8" or "500m"'),
  memory: (value) => quantity(value, parseMemory, 'memory, such as "32Gi" or "512Mi"'),
};

/**
 * Fills in defaults and reports every problem at once. An unknown value (a preview's) passes unchecked; a secret one is
 * refused, because all of these end up in file names, process arguments and node labels.
 */
export function checkInputs(
  news: Readonly<Record<string, unknown>>,
  kinds: RawKinds,
): { inputs: Record<string, unknown>; failures: InputFailure[] } {
  const inputs: Record<string, unknown> = { ...KWOK_DEFAULTS };
  const failures: InputFailure[] = [];
  for (const [property, value] of Object.entries(news)) {
    if (value === null || value === undefined) continue;
    if (!isField(property)) {
      failures.push({ property, reason: unknownProperty(property) });
      continue;
    }
    inputs[property] = value;
    if (kinds.isUnknown(value)) continue;
    const reason = kinds.isSecret(value)
      ? `${property} is a secret; it is shown in file names, process arguments and node labels, so pass it as a plain value`
      : FIELDS[property](value);
    if (reason !== undefined) failures.push({ property, reason });
  }
  if (inputs.name === undefined) {
    failures.push({ property: "name", reason: 'name is missing: give the cluster one, such as "local"' });
  }
  const { nodes, zones } = inputs;
  if (failures.length === 0 && typeof nodes === "number" && typeof zones === "number" && zones > nodes) {
    failures.push({
      property: "zones",
      reason: `${zones} zones need at least ${zones} nodes, but nodes is ${nodes}: every zone gets a node`,
    });
  }
  return { inputs, failures };
}

/** Millicores of a Kubernetes CPU quantity; `undefined` if it is none or not positive. */
export function parseCpu(value: string): number | undefined {
  const match = /^(\d+(?:\.\d{1,3})?)(m?)$/.exec(value);
  if (match === null) return undefined;
  const milli = Math.round(Number(match[1]) * (match[2] === "m" ? 1 : 1000));
  return milli > 0 ? milli : undefined;
}

const MEMORY_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Bytes of a Kubernetes memory quantity; `undefined` if it is none or not positive. */
export function parseMemory(value: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)$/.exec(value);
  const unit = MEMORY_UNITS[match?.[2] ?? "?"];
  if (match === null || unit === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * unit);
  return bytes > 0 ? bytes : undefined;
}

function isField(property: string): property is Field {
  return Object.hasOwn(FIELDS, property);
}

function unknownProperty(property: string): string {
  const known = Object.keys(FIELDS);
  const near = known.find((name) => distance(name, property) <= 2);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return `a Kwok cluster has no input ${JSON.stringify(property)}${hint} It takes ${known.join(", ")}.`;
}

function label(value: unknown, length: number): string | undefined {
  if (typeof value === "string" && value.length <= length && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value)) {
    return undefined;
  }
  return (
    `${show(value)} is not a name: use up to ${length} lower-case letters, digits and hyphens, ` +
    "starting and ending with a letter or digit"
  );
}

function directory(value: unknown): string | undefined {
  if (typeof value !== "string" || value.trim() === "") return `${show(value)} is not a folder: give a path`;
  return pathProblem(value);
}

/** Why a path can't hold a cluster: KWOK reads its `--config` option as a comma-separated, quoted list. */
export function pathProblem(path: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const bad = /[,"\u0000-\u001f]/.exec(path);
  if (bad === null) return undefined;
  return `${JSON.stringify(path)} contains ${JSON.stringify(bad[0])}, which KWOK can't take in a path: use another folder`;
}

function wholeNumber(value: unknown, max: number): string | undefined {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max) return undefined;
  return `${show(value)} is not allowed: give a whole number from 1 to ${max}`;
}

function quantity(value: unknown, parse: (text: string) => number | undefined, example: string): string | undefined {
  if (typeof value === "string" && parse(value) !== undefined) return undefined;
  return `${show(value)} is not allowed: give a positive quantity of ${example}`;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
