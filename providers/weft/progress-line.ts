import type { ToolProgress } from "../../toolchain/index.ts";

/**
 * One line for programs that are got at the same time: of one that something is done for, as long as there is one. The
 * others wait for it, and say so once a second.
 */
export function progressLine(tell: (line: string) => void): (event: ToolProgress) => void {
  const working = new Set<string>();
  return ({ tool, step, state, message, elapsedMs }) => {
    if (step === "wait") {
      if (working.size > 0) return;
    } else if (state === "started" || state === "running") working.add(tool);
    else working.delete(tool);
    tell(`${tool}: ${message}${elapsedMs < 1000 ? "" : ` (${Math.floor(elapsedMs / 1000)} s)`}`);
  };
}
