import { readFile } from "node:fs/promises";
import { isAlias, isMap, isScalar, LineCounter, type Node, parseDocument, type Scalar } from "yaml";

/** A problem in a project or stack file. The message lists every one found, as `file:line:column: what is wrong`. */
export class ProjectError extends Error {
  override readonly name = "ProjectError";
}

type Path = readonly (string | number)[];

/** A YAML file as plain data, with the places its parts came from. */
export interface YamlFile {
  readonly path: string;
  /** Objects, arrays, strings, numbers, bigints (integers beyond 2^53), booleans and null. */
  readonly value: unknown;
  /** `file:line:column: message`, for the value at `path` or, when it is missing, for what would hold it. */
  problem(path: Path, message: string): string;
}

/** Reads a YAML (or JSON) file with the scalar rules of Pulumi's own parser. `ENOENT` is thrown as it is. */
export async function readYamlFile(path: string): Promise<YamlFile> {
  const bytes = await readFile(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ProjectError(`${path}: not UTF-8`);
  }
  return parseYaml(text, path);
}

/** Aliases may multiply a small file into a huge value; no real file comes near. */
const MAXIMUM_ALIASES = 100;

export function parseYaml(text: string, path: string): YamlFile {
  const lines = new LineCounter();
  // "failsafe" leaves every scalar a string; `plainScalar` then reads the plain ones as Pulumi does.
  const document = parseDocument(text, { schema: "failsafe", lineCounter: lines, prettyErrors: false });
  const at = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}: ${message}`;
  };
  const problems = document.errors.map((error) => at(error.pos[0], error.message));
  let aliases = 0;
  const convert = (node: unknown): unknown => {
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined) problems.push(at(offsetOf(node), `the alias *${node.source} has no anchor`));
      aliases++;
      return aliases > MAXIMUM_ALIASES ? null : convert(target);
    }
    if (isMap(node)) return Object.fromEntries(node.items.map(({ key, value }) => [keyOf(key), convert(value)]));
    if (isScalar(node)) return scalar(node);
    return node !== null && typeof node === "object" && "items" in node && Array.isArray(node.items)
      ? node.items.map(convert)
      : null;
  };
  const keyOf = (node: unknown): string => {
    const value = isScalar(node) ? scalar(node) : undefined;
    if (typeof value === "string" && value !== "<<") return value;
    const reason =
      value === "<<" ? "merge keys are not supported; write the keys out" : "a key must be text; put it in quotes";
    problems.push(at(offsetOf(node), reason));
    return String(value);
  };
  const scalar = (node: Scalar): unknown => {
    if (node.tag !== undefined && node.tag !== "tag:yaml.org,2002:str") {
      problems.push(at(offsetOf(node), `the tag ${node.tag} is not supported; remove it`));
    }
    if (node.type !== "PLAIN" || node.tag !== undefined) return node.value;
    const value = plainScalar(String(node.value));
    if (!(value instanceof Date)) return value;
    problems.push(
      at(offsetOf(node), `${String(node.value)} is read as a time, which Pulumi would rewrite; put it in quotes`),
    );
    return String(node.value);
  };
  // A document with syntax errors has no dependable content.
  const value = problems.length === 0 ? convert(document.contents) : null;
  if (aliases > MAXIMUM_ALIASES) problems.push(at(0, `more than ${MAXIMUM_ALIASES} aliases`));
  if (problems.length > 0) throw new ProjectError(problems.join("\n"));
  return {
    path,
    value,
    problem(steps, message) {
      let node: unknown;
      for (let length = steps.length; length > 0 && node === undefined; length--) {
        node = document.getIn(steps.slice(0, length), true) ?? undefined;
      }
      return at(offsetOf(node), message);
    },
  };
}

function offsetOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}

const TIME = /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]|$)/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const INTEGER = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9]\d*|0)$/;

/**
 * An unquoted scalar as Pulumi's parser (go-yaml 3) reads it: `yes` and `on` are text, `0123` and `0o123` are octal,
 * `1_000` is a number. A `Date` stands for anything that looks like a time.
 */
export function plainScalar(text: string): string | number | bigint | boolean | null | Date {
  if (["", "~", "null", "Null", "NULL"].includes(text)) return null;
  if (["true", "True", "TRUE"].includes(text)) return true;
  if (["false", "False", "FALSE"].includes(text)) return false;
  if (TIME.test(text)) return new Date(0);
  if (!/^[-+.\d]/.test(text)) return text;
  const number = text.replaceAll("_", "");
  const [, sign, digits] = INTEGER.exec(number) ?? [];
  if (digits !== undefined) {
    const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
    const signed = sign === "-" ? -value : value;
    if (signed >= -(2n ** 63n) && signed < 2n ** 64n) {
      return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
    }
  }
  if (FLOAT.test(number)) return Number(number);
  const special = /^([-+]?)\.(inf|Inf|INF)$/.exec(text);
  if (special) return special[1] === "-" ? -Infinity : Infinity;
  return [".nan", ".NaN", ".NAN"].includes(text) ? Number.NaN : text;
}
