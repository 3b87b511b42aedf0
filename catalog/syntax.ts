import type { CST, Document, ParsedNode } from "yaml";
import { Composer, isScalar, Parser } from "yaml";
import type { Finding } from "./finding.ts";
import type { Source } from "./source.ts";

/** Brackets and indents deeper than any service file goes. Deeper ones could exhaust the stack of the composer. */
export const deepest = 32;

type Fault = Finding & { readonly span: { readonly from: number; readonly to: number } };

export type Syntax =
  | { readonly root: ParsedNode; readonly faults?: never }
  | { readonly root?: never; readonly faults: readonly Fault[] };

/**
 * The single YAML document of a file, or everything that keeps it from being one. YAML 1.2, core schema: "on" and "no"
 * are text, and "<<" is a key like any other.
 */
export function readSyntax(source: Source): Syntax {
  const { text } = source;
  const tokens = [...new Parser().parse(text)];
  const refused = tokens.flatMap(directiveFault).concat(nestingFaults(tokens));
  if (refused.length > 0) return { faults: refused };

  const composer = new Composer({
    version: "1.2",
    schema: "core",
    resolveKnownTags: false,
    merge: false,
    // The reader reports duplicate keys, because it can name both places.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const documents: Document.Parsed[] = [...composer.compose(tokens, true, text.length)];
  const faults = documents.flatMap((document) => errorFaults(document, text));
  if (faults.length > 0) return { faults };

  const [first, second] = documents.filter((document) => !isEmpty(document));
  if (second !== undefined) {
    const message = "A second YAML document starts here.";
    const allowed = "one service in a file";
    const fix = "move it to a file of its own";
    return { faults: [{ path: [], span: span(second.range[0], second.range[0] + 3), message, allowed, fix }] };
  }
  const root = first?.contents;
  if (root === null || root === undefined) {
    const fix = "describe a service in it (name, team, image, health, …), or delete the file";
    return { faults: [{ path: [], span: span(0, 1), message: "The file is empty.", allowed: "one service", fix }] };
  }
  return { root };
}

function span(from: number, to: number): { readonly from: number; readonly to: number } {
  return { from, to };
}

function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (isScalar(contents) && contents.value === null && !contents.source);
}

function directiveFault(token: CST.Token): Fault[] {
  if (token.type !== "directive") return [];
  const message = "YAML directives change how the file is read; service files are plain YAML 1.2.";
  return [{ path: [], span: span(token.offset, token.offset + token.source.length), message, fix: "delete the line" }];
}

/** Walks without recursion: the very thing it looks for would exhaust the stack. */
function nestingFaults(tokens: readonly CST.Token[]): Fault[] {
  const rest = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { token, depth } = next;
    if (depth > deepest) {
      const message = `Values are nested more than ${deepest} deep.`;
      return [{ path: [], span: span(token.offset, token.offset + 1), message, allowed: "a flat service file" }];
    }
    if (token.type === "document" && token.value) rest.push({ token: token.value, depth });
    if (!("items" in token)) continue;
    for (const item of token.items) {
      if (item.key) rest.push({ token: item.key, depth: depth + 1 });
      if (item.value) rest.push({ token: item.value, depth: depth + 1 });
    }
  }
  return [];
}

/** One slip makes the parser report many errors after it; past these, more would only bury the first. */
const mostErrors = 10;

function errorFaults(document: Document.Parsed, text: string): Fault[] {
  const faults: Fault[] = [];
  let lastLine = -1;
  for (const error of [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0])) {
    const from = Math.min(error.pos[0], Math.max(0, text.length - 1));
    const lineStart = text.lastIndexOf("\n", from - 1) + 1;
    if (lineStart === lastLine) continue;
    lastLine = lineStart;
    const indent = /^[ \t]*/.exec(text.slice(lineStart, lineStart + 1000))?.[0] ?? "";
    const where = indent.includes("\t") ? span(lineStart, lineStart + indent.length) : span(from, error.pos[1]);
    faults.push({ path: [], span: where, ...explain(error.code, error.message, indent.includes("\t")) });
    if (faults.length === mostErrors) break;
  }
  return faults;
}

const fixes: ReadonlyMap<string, string> = new Map([
  ["BLOCK_AS_IMPLICIT_KEY", "put the value on a line of its own, or in quotes if it is text with a colon"],
  ["MISSING_CHAR", "close the quote or bracket"],
  ["BAD_INDENT", "line it up with the fields beside it, with spaces"],
  ["BAD_SCALAR_START", "put the value in quotes"],
  ["BAD_ALIAS", "write the value out"],
  ["BAD_DQ_ESCAPE", "use single quotes, or write \\\\ for a backslash"],
]);

function explain(code: string, message: string, tabbed: boolean): { message: string; allowed?: string; fix?: string } {
  if (tabbed) {
    return {
      message: "The line is indented with a tab.",
      allowed: "spaces: YAML has no tabs in indentation",
      fix: "replace each tab (shown as ⇥) with two spaces",
    };
  }
  if (code === "TAG_RESOLVE_FAILED") {
    return { message: "YAML tags are not used in service files.", fix: "remove the ! and the word after it" };
  }
  const fix = fixes.get(code);
  const sentence = message.split("\n")[0] ?? message;
  return { message: `This is not YAML: ${sentence.slice(0, 160)}.`, ...(fix === undefined ? {} : { fix }) };
}
