/**
 * One thing that is wrong in a service file, for a person (`renderProblems`) and for machines (as JSON).
 * Lines and columns count from 1.
 */
export interface Problem {
  /** The file, relative to the catalog's folder; "." is the folder itself. */
  readonly file: string;
  /** `undefined` when the file as a whole is meant. */
  readonly position: Position | undefined;
  /** Where in the document: `health.http.port`, `calls[2]`; empty for the whole document. */
  readonly path: string;
  /** What is wrong, as a sentence. */
  readonly message: string;
  /** What was found, as written. Never a value below `secrets`. */
  readonly value: string | undefined;
  readonly allowed: string | undefined;
  /** What was probably meant. */
  readonly suggestion: string | undefined;
  readonly fix: string | undefined;
  /** The other places that are part of it, such as the first of two services of one name. */
  readonly related: readonly RelatedPlace[];
}

export interface Position {
  readonly line: number;
  readonly column: number;
  /** Characters of the value in the excerpt; at least 1. */
  readonly width: number;
  /** The line, or the part of a long one around the value, and the column it starts at. Secret values are masked. */
  readonly excerpt: { readonly column: number; readonly text: string };
}

export interface RelatedPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly note: string;
}

/** Every problem of every file of a catalog. Its message is the whole report. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
  readonly problems: readonly Problem[];
  constructor(where: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`${count} in the service catalog ${visible(where)}:\n\n${renderProblems(problems)}`);
    this.problems = problems;
  }
  toJSON(): { readonly error: string; readonly problems: readonly Problem[] } {
    return { error: this.name, problems: this.problems };
  }
}

/** One block for each problem: place, source line with a caret, the sentence, then what was found and how to fix it. */
export function renderProblems(problems: readonly Problem[]): string {
  return problems.map(renderProblem).join("\n\n");
}

function renderProblem(problem: Problem): string {
  const { position } = problem;
  const file = visible(problem.file);
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  const lines = [problem.path === "" ? place : `${place}  ${problem.path}`];
  if (position !== undefined) lines.push(...sourceLines(position));
  lines.push(`  ${problem.message}`);
  const details: [string, string | undefined][] = [
    ["found", problem.value],
    ["allowed", problem.allowed],
    ["did you mean", problem.suggestion === undefined ? undefined : `${problem.suggestion}?`],
    ["fix", problem.fix],
  ];
  for (const [label, text] of details) {
    if (text !== undefined) lines.push(`    ${label}: ${text}`);
  }
  for (const place of problem.related) {
    lines.push(`    see ${visible(place.file)}:${place.line}:${place.column}: ${place.note}`);
  }
  return lines.join("\n");
}

/** The source line, and carets under the value. */
function sourceLines({ line, column, width, excerpt }: Position): string[] {
  const number = String(line);
  const indent = " ".repeat(column - excerpt.column);
  return [`  ${number} | ${excerpt.text}`.trimEnd(), `  ${" ".repeat(number.length)} | ${indent}${"^".repeat(width)}`];
}

/**
 * Text from a file as it may be shown: one column for each character, and nothing that moves the cursor, recolours the
 * terminal or reorders the line.
 */
export function visible(text: string): string {
  return text
    .replace(/\t/g, "⇥")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => (character.length === 1 ? "·" : "··"));
}

const shownLength = 80;

/** A value as it is shown beside a problem: in one line, and not longer than needed to recognise it. */
export function preview(text: string): string {
  const line = visible(text);
  if (line.length <= shownLength) return line;
  return `${line.slice(0, shownLength - 20).trimEnd()}… (${text.length} characters)`;
}

/** By file, then by place in it; what is said of a whole file comes first. */
export function compareProblems(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return (a.position?.line ?? 0) - (b.position?.line ?? 0) || (a.position?.column ?? 0) - (b.position?.column ?? 0);
}
