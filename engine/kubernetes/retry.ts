import { ApiError, UnreachableError } from "./api-error.ts";

/** How long to go on trying. The first number is what an idle server may take to come up, the second to come back. */
export interface RetryBudget {
  /** Milliseconds to keep connecting to a server that has not answered yet in this run. */
  readonly firstContact: number;
  /** Milliseconds to keep trying with a server that has answered before: time for a restart. */
  readonly outage: number;
}

export const DEFAULT_BUDGET: RetryBudget = { firstContact: 10_000, outage: 60_000 };

/** A preview only looks, and says so when it can't: no point in waiting long. */
export const PREVIEW_BUDGET: RetryBudget = { firstContact: 2_000, outage: 5_000 };

export interface Attempt {
  readonly error: unknown;
  /** Attempts made so far, this one included. */
  readonly count: number;
  /** Milliseconds since the first. */
  readonly elapsed: number;
  /** Whether doing it twice is the same as doing it once. */
  readonly repeatable: boolean;
  /** Whether the server has answered anything in this run. */
  readonly contacted: boolean;
  readonly budget: RetryBudget;
  /** In [0, 1): spreads the attempts of many requests. */
  readonly random: number;
}

const FIRST_DELAY = 100;
const LONGEST_DELAY = 5_000;

/** Milliseconds to wait before the next attempt; `undefined` gives up. */
export function retryDelay(attempt: Attempt): number | undefined {
  if (!isTransient(attempt)) return undefined;
  const allowed = attempt.contacted ? attempt.budget.outage : attempt.budget.firstContact;
  const backoff = Math.min(FIRST_DELAY * 2 ** (attempt.count - 1), LONGEST_DELAY);
  // Half fixed, half random: never at once, and never all together.
  const jittered = backoff / 2 + (backoff / 2) * attempt.random;
  const asked = attempt.error instanceof ApiError ? attempt.error.retryAfter : undefined;
  const delay = asked === undefined ? jittered : Math.max(asked * 1000, 0) + jittered;
  return attempt.elapsed + delay > allowed ? undefined : Math.round(delay);
}

function isTransient({ error, repeatable }: Attempt): boolean {
  if (error instanceof UnreachableError) return !error.lasting && (repeatable || !error.sent);
  if (!(error instanceof ApiError)) return false;
  // 429 is answered before anything is done.
  if (error.status === 429) return true;
  if (!repeatable) return false;
  // A 500 that a webhook or a validation causes comes again every time, but can't be told from the others.
  return error.status === 500 || error.status === 502 || error.status === 503 || error.status === 504;
}
