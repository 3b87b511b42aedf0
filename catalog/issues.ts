import type { z } from "zod";
import type { Fault } from "./fields.ts";
import type { Finding } from "./finding.ts";
import type { Path } from "./path.ts";
import { valueAt } from "./path.ts";
import { notImplementedYet, otherWords } from "./reserved.ts";
import { nearMiss } from "./suggest.ts";

type Issue = z.core.$ZodIssue;

/** What the schema has to say about a document, as findings. */
export function schemaFindings(root: unknown, issues: readonly Issue[]): Finding[] {
  return withoutConsequences(issues.flatMap((issue) => explain(root, issue, [])));
}

/** What a slip brings with it is not told: the field it was meant to be is missing, and checks of the whole fail. */
function withoutConsequences(told: readonly Told[]): Finding[] {
  const meant = new Set(told.flatMap(({ meant }) => (meant === undefined ? [] : [JSON.stringify(meant)])));
  const inside = new Set(told.flatMap(({ path }) => path.map((_, length) => JSON.stringify(path.slice(0, length)))));
  return told
    .filter((one) => !(one.kind === "missing" && meant.has(JSON.stringify(one.path))))
    .filter((one) => !(one.kind === "whole" && inside.has(JSON.stringify(one.path))))
    .map(({ kind: _kind, meant: _meant, ...finding }) => finding);
}

interface Told extends Finding {
  readonly kind?: "missing" | "unknown" | "whole";
  /** The field that an unknown one was probably meant to be. */
  readonly meant?: Path;
}

function explain(root: unknown, issue: Issue, base: Path): Told[] {
  const path: Path = [...base, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))];
  const value = valueAt(root, path);
  const allowed = issue.message;
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownField([...path, key], key, allowed.split(", ")));
    case "invalid_union":
      return union(root, issue, path);
    case "invalid_key":
      return [{ path, atKey: true, ...badText(String(path.at(-1)), issue.issues[0]) }];
    case "invalid_type":
      return [wrongType(path, value, issue.expected, allowed)];
    case "invalid_format":
      return [{ path, ...badText(String(value), issue) }];
    case "invalid_value": {
      const options = issue.values.map(String);
      const suggestion = typeof value === "string" ? nearMiss(value, options) : undefined;
      return value === undefined || value === null
        ? [wrongType(path, value, "string", allowed)]
        : [{ path, message: "This is not one of the choices.", allowed, suggestion }];
    }
    case "too_small":
    case "too_big": {
      const empty = Array.isArray(value) || value === "";
      const size = issue.code === "too_small" ? "small" : "big";
      return [{ path, message: empty ? "This is empty." : `The number is too ${size}.`, allowed }];
    }
    case "custom":
      return [{ path, kind: "whole", message: issue.message, ...(issue.params as Omit<Fault, "message"> | undefined) }];
    default:
      return [{ path, message: "This value is not allowed here.", allowed }];
  }
}

/** Of the shapes a value may have, the one that was meant: its problems are the ones worth telling. */
function union(root: unknown, issue: z.core.$ZodIssueInvalidUnion, path: Path): Told[] {
  const unknown = (arm: readonly Told[]) => arm.filter(({ kind }) => kind === "unknown").length;
  const meant = issue.errors
    .filter((arm) => !arm.some((inner) => inner.path.length === 0 && inner.code === "invalid_type"))
    .map((arm) => arm.flatMap((inner) => explain(root, inner, path)))
    .sort((a, b) => unknown(a) - unknown(b) || a.length - b.length)[0];
  if (meant !== undefined) return meant;
  return [wrongType(path, valueAt(root, path), "union", issue.message)];
}

function unknownField(path: Path, key: string, known: readonly string[]): Told {
  const top = path.length === 1;
  const room = top ? notImplementedYet.get(key) : undefined;
  if (room !== undefined) {
    const message = `Not implemented yet: ${key} belongs to ${room}.`;
    return {
      path,
      kind: "unknown",
      atKey: true,
      message,
      fix: "remove it; nothing reads it today, so it would promise what isn't there",
    };
  }
  const meant = nearMiss(key, top ? [...known, ...notImplementedYet.keys()] : known);
  const other = top ? otherWords.get(key) : undefined;
  const later = meant === undefined ? undefined : notImplementedYet.get(meant);
  return {
    path,
    kind: "unknown",
    ...(meant === undefined ? {} : { meant: [...path.slice(0, -1), meant] }),
    atKey: true,
    message:
      later === undefined ? "There is no such field." : `There is no such field; ${meant} is not implemented yet.`,
    allowed: known.join(", "),
    suggestion: other ?? meant,
    fix: other === undefined && meant === undefined ? "remove it, or see the allowed fields" : undefined,
  };
}

/** Type names as a reader of YAML knows them. */
const words: ReadonlyMap<string, string> = new Map([
  ["string", "text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["object", "a mapping"],
  ["record", "a mapping"],
  ["array", "a list"],
]);

function wrongType(path: Path, value: unknown, expected: string, allowed: string): Told {
  const name = String(path.at(-1) ?? "the file");
  if (value === undefined)
    return { path, kind: "missing", message: `${name} is missing.`, allowed, fix: `add ${name}` };
  if (value === null) {
    const fix =
      path[0] === "environment" ? 'write a value, or "" for an empty one' : "write a value, or remove the line";
    return { path, message: `${name} has no value.`, allowed, fix };
  }
  const found = Array.isArray(value) ? "a list" : (words.get(typeof value) ?? "something else");
  const wanted = words.get(expected);
  const fraction = expected === "int" && typeof value === "number";
  const message =
    fraction || wanted === undefined
      ? `This is ${found}, which does not fit here.`
      : `This is ${found}, and not ${wanted}.`;
  const portByNumber = expected === "string" && typeof value === "number" && path.at(-1) === "port";
  const literal = path[0] === "secrets" && path.length === 2;
  const fix = portByNumber
    ? "give the name of the port, and not its number"
    : literal
      ? "put the value in a Secret, and write {secret: <its name>, key: <the key in it>} here"
      : conversion(value, expected);
  return { path, message, allowed, fix };
}

function conversion(value: unknown, expected: string): string | undefined {
  if (expected === "string" && (typeof value === "number" || typeof value === "boolean")) {
    return `put it in quotes: "${value}"`;
  }
  if (typeof value !== "string") {
    return expected === "array" ? "write it as a list, with - before each entry" : undefined;
  }
  if (expected === "boolean") {
    if (/^(on|yes|y|true)$/i.test(value)) return "write true: in YAML 1.2 this word is text";
    if (/^(off|no|n|false)$/i.test(value)) return "write false: in YAML 1.2 this word is text";
  }
  if (expected === "array") return "write it as a list, with - before each entry";
  const number = expected === "int" || expected === "number" || expected === "union";
  return number && /^[0-9]+$/.test(value) ? `write it without quotes: ${value}` : undefined;
}

function badText(value: string, issue: Issue | undefined): Pick<Finding, "message" | "allowed" | "suggestion"> {
  const allowed = issue?.message;
  const form = issue?.code === "invalid_format" && issue.pattern ? new RegExp(issue.pattern.slice(1, -1)) : undefined;
  const hyphens = (text: string) => text.toLowerCase().replace(/[_.\s]+/g, "-");
  const words = [value.replace(/[-.\s]+/g, "_"), hyphens(value.replace(/([a-z0-9])([A-Z])/g, "$1-$2")), hyphens(value)];
  const spellings = value.includes("/") ? [] : [`/${value}`, ...words];
  const suggestion = value.length > 300 ? undefined : spellings.find((spelling) => form?.test(spelling));
  const message = value.length > 60 ? `This is not allowed (${value.length} characters).` : "This is not allowed here.";
  return { message, allowed, suggestion };
}
