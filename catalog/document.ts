import type { ParsedNode, Scalar } from "yaml";
import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Finding } from "./finding.ts";
import { maybeSecret, toProblem } from "./finding.ts";
import type { Path } from "./path.ts";
import type { Position, Problem } from "./problem.ts";
import type { SourceFile, Span } from "./source.ts";
import { Source } from "./source.ts";
import { deepest, readSyntax } from "./syntax.ts";

/** The one YAML document of a service file as plain data, with the place of every value. */
export interface ServiceDocument {
  readonly file: string;
  readonly value: unknown;
  /** Where the value at `path`, or its key, is. A missing value is placed at the nearest parent that exists. */
  position(path: Path, part: "key" | "value", span?: Span): Position;
  /** A scalar as it stands in the file, quotes included; empty when it isn't there. */
  written(path: Path): string;
}

export interface ParsedFile {
  /** `undefined` when there is nothing sound enough to look at further. */
  readonly document: ServiceDocument | undefined;
  readonly problems: readonly Problem[];
}

/** Values in one file, with aliases expanded. The largest real service file has a few hundred. */
const mostValues = 10_000;
const mostAliases = 100;

/** YAML text as plain data. Pure; problems are returned, never thrown. */
export function parseDocument(file: SourceFile): ParsedFile {
  const source = new Source(file);
  const { root, faults } = readSyntax(source);
  const reader = new Reader(source);
  const value = root === undefined ? undefined : reader.read(root);
  const document = reader.document(value);
  const findings = faults ?? reader.findings;
  const problems = findings.map((finding) => toProblem(document, finding));
  return { document: root === undefined || reader.exhausted ? undefined : document, problems };
}

/** Turns nodes into data by hand: it keeps the places, bounds the expansion of aliases, and takes no key on trust. */
class Reader {
  readonly findings: Finding[] = [];
  exhausted = false;
  readonly #source: Source;
  readonly #places = new Map<string, { readonly key: Span | undefined; readonly value: Span }>();
  readonly #anchors = new Map<string, ParsedNode>();
  readonly #open = new Set<ParsedNode>();
  #values = 0;
  #aliases = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  read(root: ParsedNode): unknown {
    return this.#convert(root, [], { key: undefined, value: { from: 0, to: 1 } }, false);
  }

  document(value: unknown): ServiceDocument {
    const source = this.#source;
    return {
      file: source.file,
      value,
      position: (path, part, span) => source.position(span ?? this.#span(path, part)),
      written: (path) => {
        const place = this.#places.get(JSON.stringify(path));
        return place === undefined ? "" : source.slice(place.value);
      },
    };
  }

  #span(path: Path, part: "key" | "value"): Span {
    const place = this.#places.get(JSON.stringify(path));
    if (place !== undefined) return part === "value" ? place.value : (place.key ?? place.value);
    // The parent's key, and not its value, which may run over many lines.
    return path.length === 0 ? { from: 0, to: 1 } : this.#span(path.slice(0, -1), "key");
  }

  #convert(
    node: ParsedNode | null,
    path: Path,
    place: { readonly key: Span | undefined; readonly value: Span },
    aliased: boolean,
  ): unknown {
    const value = spanOf(node) ?? place.value;
    this.#places.set(JSON.stringify(path), { key: place.key, value });
    this.#values += 1;
    if (this.#values > mostValues) this.#exhaust(path, `The file holds more than ${mostValues} values.`);
    if (path.length > deepest) this.#exhaust(path, `Values are nested more than ${deepest} deep.`);
    if (this.exhausted || node === null) return null;
    if (isAlias(node)) return this.#alias(node.source, path, { key: place.key, value });
    // In the expansion of an alias the anchors were seen before; they must not undo a later one of the same name.
    if (node.anchor !== undefined && !aliased) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node, path, value);
    this.#open.add(node);
    const converted = isSeq(node)
      ? node.items.map((item, index) => {
          const element = item as ParsedNode | null;
          return this.#convert(element, [...path, index], { key: undefined, value }, aliased);
        })
      : this.#mapping(node, path, value, aliased);
    this.#open.delete(node);
    return converted;
  }

  #alias(name: string, path: Path, place: { readonly key: Span | undefined; readonly value: Span }): unknown {
    const target = this.#anchors.get(name);
    this.#aliases += 1;
    if (this.#aliases > mostAliases) this.#exhaust(path, `The file holds more than ${mostAliases} aliases.`);
    if (target === undefined || this.#open.has(target)) {
      const message = target === undefined ? "No anchor of this name comes before." : "The alias names its own parent.";
      this.findings.push({ path, message, fix: "write the value out" });
      return null;
    }
    return this.#convert(target, path, place, true);
  }

  #scalar(node: Scalar.Parsed, path: Path, span: Span): unknown {
    if (maybeSecret(path)) this.#source.hide(span);
    const written = this.#source.slice(span);
    const { value } = node;
    if (typeof value === "string" && value.includes("\0")) {
      this.findings.push({ path, message: "The text holds a NUL character.", fix: "remove it" });
    }
    const shown = typeof value === "number" && !Number.isFinite(value) ? written : String(value);
    // Another YAML reader takes 010 for 8, and a person takes 1.10 for a version: what is written must be what is read.
    if ((typeof value === "number" || typeof value === "boolean") && shown !== written) {
      this.findings.push({
        path,
        message: `This is read as ${shown}, which is not what is written.`,
        allowed: "plain decimal numbers, and true or false",
        fix: `write ${shown}, or put it in quotes if it is text: "${written.slice(0, 40)}"`,
      });
    }
    return value;
  }

  #mapping(node: ParsedNode, path: Path, whole: Span, aliased: boolean): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    for (const pair of isMap(node) ? node.items : []) {
      if (this.exhausted) break;
      const key = pair.key as ParsedNode | null;
      const span = spanOf(key) ?? whole;
      const name = isScalar(key) ? key.value : undefined;
      const below = [...path, String(name)];
      if (typeof name !== "string" || name === "__proto__") {
        this.#hide(below, pair.value as ParsedNode | null);
        this.findings.push({ path, span, ...keyFault(this.#source.slice(span), name) });
      } else if (entries.has(name)) {
        this.#hide(below, pair.value as ParsedNode | null);
        const first = this.#places.get(JSON.stringify(below))?.key ?? whole;
        const { line, column } = this.#source.position(first);
        this.findings.push({
          path: below,
          span,
          message: "The key stands here a second time.",
          fix: "keep one of the two",
          related: [{ file: this.#source.file, line, column, note: "the first one" }],
        });
      } else {
        const place = { key: span, value: { from: span.to, to: span.to } };
        entries.set(name, this.#convert(pair.value as ParsedNode | null, below, place, aliased));
      }
    }
    return Object.fromEntries(entries);
  }

  /** For values that are not read: their place must not be shown either, if a secret may stand there. */
  #hide(path: Path, node: ParsedNode | null): void {
    const span = spanOf(node);
    if (span !== undefined && maybeSecret(path)) this.#source.hide(span);
  }

  #exhaust(path: Path, message: string): void {
    if (this.exhausted) return;
    this.exhausted = true;
    this.findings.push({
      path,
      atKey: true,
      message,
      fix: "write the service out plainly, without aliases that multiply it",
    });
  }
}

function spanOf(node: ParsedNode | null): Span | undefined {
  const range = node?.range;
  return range === undefined || range === null ? undefined : { from: range[0], to: range[1] };
}

function keyFault(written: string, value: unknown): Pick<Finding, "message" | "allowed" | "fix"> {
  if (value === "__proto__") return { message: "No field and no variable can be named __proto__.", fix: "rename it" };
  const scalar = value !== undefined && !written.includes("\n");
  return {
    message: "The key is not text.",
    allowed: "keys that are text",
    fix: scalar ? `put it in quotes: "${written.slice(0, 40)}"` : "write one word before the colon",
  };
}
