import { closest, distance } from "fastest-levenshtein";

// Longer than any name that is allowed here; and the distance of two long texts costs their product.
const longest = 64;

/** The candidate that `text` is probably a slip of; `undefined` when none is near enough to be worth saying. */
export function nearMiss(text: string, candidates: Iterable<string>): string | undefined {
  if (text === "" || text.length > longest) return undefined;
  const known = [...candidates];
  const lower = text.toLowerCase();
  const prefixed = known.filter((candidate) => lower.length >= 3 && candidate.toLowerCase().startsWith(lower));
  const nearest = prefixed.length === 1 ? prefixed[0] : known.length === 0 ? undefined : closest(text, known);
  if (nearest === undefined || nearest === text) return undefined;
  if (prefixed.length === 1) return nearest;
  const slips = isSwapped(lower, nearest.toLowerCase())
    ? 1
    : Math.min(distance(text, nearest), distance(lower, nearest.toLowerCase()));
  return slips <= Math.max(1, Math.floor(Math.min(text.length, nearest.length) / 3)) ? nearest : undefined;
}

/** Two letters in each other's place, which the distance counts as two slips. */
function isSwapped(text: string, other: string): boolean {
  return distance(text, other) === 2 && [...text].sort().join("") === [...other].sort().join("");
}

/** "a", "a or b", "a, b or c". */
export function alternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} or ${last}`;
}
