import type { PlainValue } from "./config-value.ts";

/** Config as `Pulumi.yaml` declares it: with a type and a default for the project's own keys, else with a value. */
export interface ConfigDeclaration {
  readonly type: ConfigType | undefined;
  /** Used when the stack does not set the key; `undefined` makes the project's own keys required. */
  readonly fallback: PlainValue | undefined;
  /** The stack must set it encrypted. */
  readonly secret: boolean;
  /** The entry as written, for checks. */
  readonly raw: Readonly<Record<string, unknown>>;
}

interface ConfigType {
  readonly type: string;
  /** Type of an array's items. */
  readonly items: ConfigType | undefined;
}

const TYPES = ["string", "integer", "boolean", "array", "object"];
const KEYS = ["type", "items", "description", "secret", "default", "value"];

/** True for keys of the project's own namespace: `nodes`, `weft:nodes`. */
function isOwn(project: string, key: string): boolean {
  return !key.includes(":") || key.startsWith(`${project}:`);
}

/** A bare value is a default for the project's own keys and a value for others, as in Pulumi. */
export function declarationOf(project: string, key: string, written: unknown): ConfigDeclaration {
  const bare = typeof written !== "object" || written === null || Array.isArray(written);
  const raw: Record<string, unknown> = bare
    ? { [isOwn(project, key) ? "default" : "value"]: written }
    : { ...(written as Record<string, unknown>) };
  return {
    type: typeOf(raw.type, raw.items),
    fallback: (raw.default ?? raw.value ?? undefined) as PlainValue | undefined,
    secret: raw.secret === true,
    raw,
  };
}

function typeOf(type: unknown, items: unknown): ConfigType | undefined {
  if (typeof type !== "string") return undefined;
  const inner = typeof items === "object" && items !== null ? (items as Record<string, unknown>) : {};
  return { type, items: typeOf(inner.type, inner.items) };
}

/** What is wrong with a declaration, if anything. */
export function declarationProblem(project: string, key: string, declaration: ConfigDeclaration): string | undefined {
  const { raw, type, fallback } = declaration;
  const unknown = Object.keys(raw).find((name) => !KEYS.includes(name));
  if (unknown !== undefined) return `${key} has ${JSON.stringify(unknown)}; allowed are ${KEYS.join(", ")}`;
  if (/[.[\]"]/.test(key)) {
    return `${key} is a path into a value, which the built-in engine does not do in Pulumi.yaml; declare the whole value`;
  }
  if (raw.type !== undefined && !TYPES.includes(String(raw.type))) {
    return `${key} has the type ${JSON.stringify(raw.type)}; allowed are ${TYPES.join(", ")}`;
  }
  if (raw.secret !== undefined && typeof raw.secret !== "boolean") return `${key}: secret must be true or false`;
  if (raw.default != null && raw.value != null) return `${key} has both a default and a value; keep one`;
  if (!isOwn(project, key)) {
    if (type !== undefined) return `${key} is not in the namespace of the project ${project}, so it can't have a type`;
    if (raw.default != null)
      return `${key} is not in the namespace of the project ${project}; write "value", not "default"`;
    if (raw.value == null) return `${key} is not in the namespace of the project ${project}, so it needs a "value"`;
    return undefined;
  }
  if (type?.type === "array" && type.items === undefined)
    return `${key} is an array and must say of what: items: { type: … }`;
  if (type !== undefined && raw.default != null && !fits(type, fallback)) {
    return `the default of ${key} is ${JSON.stringify(raw.default)}, which is not of the type ${typeName(type)}`;
  }
  return undefined;
}

/** Whether a value is of a declared type. Text that reads as a number or a boolean counts as one, as in Pulumi. */
export function fits(type: ConfigType, value: unknown): boolean {
  switch (type.type) {
    case "string":
      return typeof value === "string";
    case "integer":
      return (
        typeof value === "bigint" ||
        Number.isInteger(value) ||
        /^[-+]?\d+$/.test(typeof value === "string" ? value : "")
      );
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false";
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default: {
      const { items } = type;
      return items !== undefined && Array.isArray(value) && value.every((item) => fits(items, item));
    }
  }
}

/** `array<string>`. */
export function typeName({ type, items }: ConfigType): string {
  return items === undefined ? type : `${type}<${typeName(items)}>`;
}
