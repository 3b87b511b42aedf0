import { createInterface } from "node:readline/promises";
import type { World } from "./world.ts";

type Terminal = Pick<World, "stdin" | "stdout">;

/** Whether there is someone to ask. */
export function canAsk({ stdin, stdout }: Terminal): boolean {
  return stdin.isTTY === true && stdout.isTTY === true;
}

/** Asks a question and returns the answer; empty when the input ends, or the signal comes, without one. */
export async function ask({ stdin, stdout }: Terminal, question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: stdin, output: stdout as NodeJS.WriteStream });
  try {
    const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const answer = await Promise.race([lines.question(question, { signal }), ended]);
    return answer.trim();
  } catch (error) {
    if (signal.aborted) return "";
    throw error;
  } finally {
    lines.close();
  }
}
