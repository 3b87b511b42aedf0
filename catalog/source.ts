import type { Position } from "./problem.ts";
import { visible } from "./problem.ts";

/** A service file that was read, not yet parsed. */
export interface SourceFile {
  /** Relative to the catalog's folder, with "/" between folders. */
  readonly file: string;
  readonly text: string;
}

/** Characters of a text, `to` excluded. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Characters of a line that are shown around a value. A line may have all the characters of the file. */
const shownWidth = 100;

/** The text of a file, and the lines and columns of what stands in it. */
export class Source {
  readonly file: string;
  readonly text: string;
  readonly #lineStarts: readonly number[];
  readonly #secrets: Span[] = [];

  constructor({ file, text }: SourceFile) {
    this.file = file;
    this.text = text;
    // The parser's own line counter misses line ends inside some broken documents.
    this.#lineStarts = [0, ...[...text.matchAll(/\n/g)].map((end) => end.index + 1)];
  }

  /** From now on, what stands there is never shown. */
  hide(span: Span): void {
    this.#secrets.push(span);
  }

  slice({ from, to }: Span): string {
    return this.text.slice(from, to);
  }

  position({ from, to }: Span): Position {
    const line = this.#lineOf(from);
    const start = this.#lineStarts[line - 1] ?? 0;
    const next = this.#lineStarts[line];
    const end = next === undefined ? this.text.length : next - (this.text[next - 2] === "\r" ? 2 : 1);
    const first = Math.max(start, from - start < shownWidth - 20 ? start : from - 20);
    const shown = { from: first, to: Math.max(first, Math.min(end, first + shownWidth)) };
    const width = Math.max(1, Math.min(to, shown.to) - from);
    const excerpt = { column: first - start + 1, text: visible(this.#masked(shown)) };
    return { line, column: from - start + 1, width, excerpt };
  }

  /** The number of the last line that starts at `offset` or before. */
  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #masked(part: Span): string {
    let shown = this.slice(part);
    for (const secret of this.#secrets) {
      const from = Math.max(secret.from, part.from);
      const to = Math.min(secret.to, part.to);
      if (from < to) shown = shown.slice(0, from - part.from) + "•".repeat(to - from) + shown.slice(to - part.from);
    }
    return shown;
  }
}
