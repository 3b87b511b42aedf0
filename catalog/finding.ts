import type { ServiceDocument } from "./document.ts";
import type { Path } from "./path.ts";
import { pathText, valueAt } from "./path.ts";
import type { Problem, RelatedPlace } from "./problem.ts";
import { preview } from "./problem.ts";
import type { Span } from "./source.ts";

/** Something wrong at a path of a document; `toProblem` adds where that is in the file. */
export interface Finding {
  readonly path: Path;
  /** The place, where the path does not lead to it. */
  readonly span?: Span;
  /** Point at the key and not at its value: the field itself is what is wrong. */
  readonly atKey?: boolean;
  readonly message: string;
  readonly allowed?: string | undefined;
  readonly suggestion?: string | undefined;
  readonly fix?: string | undefined;
  readonly related?: readonly RelatedPlace[];
}

export function toProblem(document: ServiceDocument, finding: Finding): Problem {
  const { path, span, message, allowed, suggestion, fix } = finding;
  const pointsAtKey = finding.atKey === true || span !== undefined;
  return {
    file: document.file,
    position: document.position(path, finding.atKey === true ? "key" : "value", span),
    path: pathText(path),
    message,
    value: pointsAtKey ? undefined : shownValue(document, path),
    allowed,
    suggestion,
    fix,
    related: finding.related ?? [],
  };
}

/** Another place that belongs to a finding. */
export function relatedPlace(document: ServiceDocument, path: Path, note: string): RelatedPlace {
  const { line, column } = document.position(path, "value");
  return { file: document.file, line, column, note };
}

/**
 * Whether a literal secret may stand at a path: everything below `secrets` but the two names of a reference. People do
 * write the secret itself there, and the message about it goes to logs.
 */
export function maybeSecret(path: Path): boolean {
  return path[0] === "secrets" && !(path.length === 3 && (path[2] === "secret" || path[2] === "key"));
}

function shownValue(document: ServiceDocument, path: Path): string | undefined {
  const value = valueAt(document.value, path);
  if (value === undefined || (typeof value === "object" && value !== null)) return undefined;
  const written = document.written(path);
  if (written === "") return undefined;
  return maybeSecret(path) ? "(not shown)" : preview(written);
}
