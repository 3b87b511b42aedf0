import type { Operation } from "../../engine/index.ts";
import type { Style } from "./style.ts";

interface Words {
  readonly sign: string;
  /** "to create" */
  readonly plan: string;
  /** "creating" */
  readonly now: string;
  /** "created" */
  readonly done: string;
  readonly tone: keyof Style;
}

const WORDS: Readonly<Record<Operation, Words>> = {
  create: { sign: "+", plan: "to create", now: "creating", done: "created", tone: "good" },
  update: { sign: "~", plan: "to update", now: "updating", done: "updated", tone: "warn" },
  replace: { sign: "±", plan: "to replace", now: "replacing", done: "replaced", tone: "warn" },
  delete: { sign: "-", plan: "to delete", now: "deleting", done: "deleted", tone: "bad" },
  "delete-original": {
    sign: "-",
    plan: "originals to delete",
    now: "deleting the original",
    done: "deleted the original",
    tone: "bad",
  },
  // Out of the state without a call to its provider: retained, gone already, or gone with what held it.
  discard: { sign: "-", plan: "to release", now: "releasing", done: "released", tone: "dim" },
  refresh: { sign: "~", plan: "to refresh", now: "reading", done: "refreshed", tone: "warn" },
  read: { sign: ">", plan: "to read", now: "reading", done: "read", tone: "dim" },
  same: { sign: " ", plan: "unchanged", now: "comparing", done: "unchanged", tone: "dim" },
};

export function wordsFor(operation: Operation): Words {
  return WORDS[operation];
}

/** What counts as a change, in the order in which it is told. The second half of a replacement is part of the first. */
const COUNTED = ["create", "update", "replace", "delete", "discard", "refresh"] as const satisfies Operation[];

type Counts = Readonly<Partial<Record<Operation, number>>>;

export function changesIn(counts: Counts): number {
  return COUNTED.reduce((sum, operation) => sum + (counts[operation] ?? 0), 0);
}

/**
 * "3 to create, 1 to update" of a plan, "3 created, 1 updated" of what was done, "1 changed, 1 gone" of what a refresh
 * found; "0 changes" when there are none.
 */
export function tell(counts: Counts, tense: "plan" | "done" | "found"): string {
  const parts = COUNTED.flatMap((operation) => {
    const number = counts[operation] ?? 0;
    return number === 0 ? [] : [`${number} ${tense === "found" ? foundWord(operation) : WORDS[operation][tense]}`];
  });
  return parts.length === 0 ? "0 changes" : parts.join(", ");
}

/** What `tell` leaves out; nothing when everything is in it. */
export function tellUnchanged(unchanged: number): string {
  return unchanged === 0 ? "" : `, ${unchanged} unchanged`;
}

/** A refresh does nothing to a resource: it finds what became of it. */
export function foundWord(operation: Operation): string {
  return operation === "delete" ? "gone" : operation === "refresh" ? "changed" : WORDS[operation].done;
}
