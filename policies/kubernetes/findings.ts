import type { ReportViolation } from "@pulumi/policy";
import type { Field } from "./field.ts";
import { undecided } from "./undecided.ts";

/** What a rule has to say about what it judges. */
export interface Findings {
  /** `urn` names the resource where the rule judges a whole stack. */
  violation(message: string, urn?: string): void;
  /** A value that decides is not known yet. The rule goes on, so that what is known is judged all the same. */
  undecided(what: string): void;
  /** The same for a field of what `label` names: true, and noted, when it is not known. */
  leftOpen(label: string, field: Field): boolean;
}

/** More places than this are counted, not listed: one unknown cluster makes every workload unknown. */
const LISTED = 5;

/** Lets `judge` report violations, and ends the rule undecided when it could not judge all. */
export function collectFindings(report: ReportViolation, judge: (findings: Findings) => void): void {
  const open = new Set<string>();
  judge({
    violation: (message, urn) => report(message, urn),
    undecided: (what) => {
      open.add(what);
    },
    leftOpen: (label, field) => {
      if (field.unknown) open.add(`${label}: ${field.path}`);
      return field.unknown;
    },
  });
  if (open.size === 0) return;
  const more = open.size > LISTED ? [`and ${open.size - LISTED} more`] : [];
  throw undecided([...open].slice(0, LISTED).concat(more));
}
