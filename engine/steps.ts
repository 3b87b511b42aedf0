import { parsePath, pathContains } from "./property-path.ts";
import type { DiffResult } from "./provider.ts";

/** What a registered resource that was recorded before needs. */
export type Step = "same" | "update" | "replace" | "delete-replace";

export interface StepFacts {
  readonly diff: DiffResult;
  readonly replaceOnChanges: readonly string[];
  /** The program's `deleteBeforeReplace`; `undefined` leaves it to the provider. */
  readonly deleteBeforeReplace: boolean | undefined;
  /** It was recorded as not ready, or an earlier run was killed while it updated it. */
  readonly unfinished: boolean;
  /** It was deleted for its replacement, which did not come to be. */
  readonly pendingReplacement: boolean;
  /** Its provider now manages another place. */
  readonly providerReplaced: boolean;
}

/** "replace" creates the new one first; "delete-replace" deletes the old one first. */
export function decideStep(facts: StepFacts): Step {
  const replace =
    facts.pendingReplacement ||
    facts.providerReplaced ||
    (facts.diff.changes === "some" &&
      (facts.diff.replaces.length > 0 || changesAny(facts.diff, facts.replaceOnChanges)));
  if (replace) return (facts.deleteBeforeReplace ?? facts.diff.deleteBeforeReplace) ? "delete-replace" : "replace";
  // Such a resource is updated without a change: that does all of it again, and waits for it.
  return facts.diff.changes === "some" || facts.unfinished ? "update" : "same";
}

function changesAny(diff: DiffResult, paths: readonly string[]): boolean {
  if (paths.length === 0) return false;
  const changed = diff.changed.map(parsePath);
  return paths.map(parsePath).some((outer) => changed.some((inner) => pathContains(outer, inner)));
}
