import type { Operation, Phase } from "./events.ts";
import type { PropertyMap } from "./property.ts";

/** How an operation ended. */
export interface Outcome {
  readonly result: "succeeded" | "failed" | "cancelled";
  /** The phase that decided: "plan" when nothing was to be done, or nothing was allowed to be. */
  readonly phase: Phase;
  /** Resources by what was done to them (in the plan: would be). */
  readonly changes: Readonly<Partial<Record<Operation, number>>>;
  /** The stack's outputs; secrets are marked. */
  readonly outputs: PropertyMap;
  /** Milliseconds. */
  readonly duration: { readonly plan: number; readonly apply: number };
  readonly mandatoryViolations: number;
}
