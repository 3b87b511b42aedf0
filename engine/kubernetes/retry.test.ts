import { describe, expect, it } from "vitest";
import { ApiError, UnreachableError } from "./api-error.ts";
import { type Attempt, DEFAULT_BUDGET, retryDelay } from "./retry.ts";

function attempt(error: unknown, rest: Partial<Attempt> = {}): Attempt {
  return { error, count: 1, elapsed: 0, repeatable: true, contacted: true, budget: DEFAULT_BUDGET, random: 0, ...rest };
}

const api = (status: number, retryAfter?: number) => new ApiError(status, { message: "x" }, retryAfter);
const down = (sent: boolean, lasting = false) => new UnreachableError("https://a", "X", "down", { sent, lasting });

describe("retries", () => {
  it.each([429, 500, 502, 503, 504])("wait after %i, longer each time, and never together", (status) => {
    expect(retryDelay(attempt(api(status)))).toBe(50);
    expect(retryDelay(attempt(api(status), { random: 0.99 }))).toBeGreaterThan(90);
    expect(retryDelay(attempt(api(status), { count: 4 }))).toBe(400);
    expect(retryDelay(attempt(api(status), { count: 40 }))).toBe(2500);
  });

  it("wait at least as long as the server asks", () => {
    expect(retryDelay(attempt(api(429, 3)))).toBeGreaterThanOrEqual(3000);
  });

  it.each([400, 401, 403, 404, 409, 410, 422])("are not made after %i", (status) => {
    expect(retryDelay(attempt(api(status)))).toBeUndefined();
  });

  /** Between half a delay and a whole one. */
  const soon = (delay: number | undefined) => {
    expect(delay).toBeGreaterThanOrEqual(50);
    expect(delay).toBeLessThanOrEqual(100);
  };

  it("repeat what may have been done only where that is the same", () => {
    const once = { repeatable: false };
    expect(retryDelay(attempt(api(500), once))).toBeUndefined();
    expect(retryDelay(attempt(down(true), once))).toBeUndefined();
    // Not even begun: 429 is answered before, and a refused connection carried nothing.
    soon(retryDelay(attempt(api(429), once)));
    soon(retryDelay(attempt(down(false), once)));
    soon(retryDelay(attempt(down(true))));
  });

  it("end with the budget: a server that was there may take longer to come back than one to appear", () => {
    const elapsed = DEFAULT_BUDGET.firstContact;
    expect(retryDelay(attempt(down(false), { elapsed, contacted: false }))).toBeUndefined();
    soon(retryDelay(attempt(down(false), { elapsed, contacted: true })));
    expect(retryDelay(attempt(down(false), { elapsed: DEFAULT_BUDGET.outage }))).toBeUndefined();
    expect(retryDelay(attempt(api(429, 3600)))).toBeUndefined();
  });

  it("are not made where the same comes again, nor after a failure that is none of the server's", () => {
    expect(retryDelay(attempt(down(false, true)))).toBeUndefined();
    expect(retryDelay(attempt(new Error("bug")))).toBeUndefined();
  });
});
