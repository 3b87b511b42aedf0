import type { EngineEvent } from "../../engine/index.ts";

type Changes = Extract<EngineEvent, { kind: "resource-end" }>["changes"];
type Change = Changes[string];

/** The part of a step of the Pulumi CLI that says what differs. */
export interface Step {
  readonly old?: { readonly inputs?: Record<string, unknown> } | null;
  readonly new?: { readonly inputs?: Record<string, unknown> } | null;
  readonly detailedDiff?: Record<string, { readonly diffKind: string }> | null;
}

/** How Pulumi marks values that JSON can't hold, and which kind a mark means. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/**
 * What a step changes, by property path: every leaf of the inputs that differs, and what the provider's own diff names
 * beyond that (a secret that changed, for both its values read the same here). Secrets show as `[secret]`.
 */
export function changesOf(step: Step): Changes {
  const found: Record<string, Change> = {};
  const olds = step.old?.inputs;
  const news = step.new?.inputs;
  if (olds != null && news != null) walk("", plain(olds), plain(news), found);
  for (const [path, { diffKind }] of Object.entries(step.detailedDiff ?? {})) {
    const known = Object.keys(found).some((other) => other === path || isBelow(other, path) || isBelow(path, other));
    if (!known) found[path] = { kind: kindOf(diffKind) };
  }
  return found;
}

function walk(path: string, old: unknown, value: unknown, found: Record<string, Change>): void {
  if (isObject(old) && isObject(value)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(value)])) {
      walk(join(path, key), old[key], value[key], found);
    }
  } else if (Array.isArray(old) && Array.isArray(value)) {
    for (let i = 0; i < Math.max(old.length, value.length); i++) walk(`${path}[${i}]`, old[i], value[i], found);
  } else if (JSON.stringify(old) !== JSON.stringify(value) || value === "[unknown]") {
    found[path] = {
      kind: old === undefined ? "add" : value === undefined ? "delete" : "update",
      ...(old === undefined ? {} : { before: old }),
      ...(value === undefined ? {} : { after: value }),
    };
  }
}

/** The same value with words in place of Pulumi's marks. */
export function plain(value: unknown): unknown {
  if (value === UNKNOWN) return "[unknown]";
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  if (value[SIGNATURE] === SECRET) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Pulumi's way of writing a path: `metadata.labels["app.kubernetes.io/name"]`. */
function join(path: string, key: string): string {
  if (!/^[^.[\]"]+$/.test(key)) return `${path}["${key.replace(/["\\]/g, "\\$&")}"]`;
  return path === "" ? key : `${path}.${key}`;
}

function isBelow(path: string, above: string): boolean {
  return path.startsWith(`${above}.`) || path.startsWith(`${above}[`);
}

function kindOf(diffKind: string): Change["kind"] {
  if (diffKind.startsWith("add")) return "add";
  return diffKind.startsWith("delete") ? "delete" : "update";
}
