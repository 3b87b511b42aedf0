import { expect, vi } from "vitest";
import { isAlive } from "../state/alive.ts";

/** Resolves when a process is gone. */
export async function gone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 20_000, interval: 50 });
}

/** Statements that start a process which holds the standard streams of the one that runs them, and print its id. */
export const BEAR_CHILD = `
  const child = process.getBuiltinModule("node:child_process").spawn(
    process.execPath, ["--eval", "setTimeout(() => {}, 60_000)"], { stdio: "inherit", detached: true });
  child.unref();
  console.log("child " + child.pid);
`;

/** The id that `BEAR_CHILD` printed. */
export function childIn(lines: readonly string[]): number {
  return Number(lines.find((line) => line.startsWith("child "))?.slice("child ".length));
}
