import { DEFAULT_STACK } from "../flags.ts";

/** What the command was started by, and so is started by again. */
export type Caller = "weft" | "npx" | "npm";

export function callerOf({ npm_lifecycle_event: script }: NodeJS.ProcessEnv): Caller {
  return script === undefined ? "weft" : script === "npx" ? "npx" : "npm";
}

/** Commands that package.json has a script for. */
const SCRIPTS: Readonly<Record<string, string>> = { up: "up", preview: "preview", destroy: "down" };

/** A command line that can be copied. The stack is left out where it is the usual one. */
export function nextCommand(caller: Caller, command: string, stack = DEFAULT_STACK, ...flags: string[]): string {
  const args = [...(stack === DEFAULT_STACK ? [] : [stack]), ...flags];
  if (caller !== "npm") return [...(caller === "npx" ? ["npx"] : []), "weft", command, ...args].join(" ");
  const script = SCRIPTS[command];
  if (script === undefined) return ["npm run weft --", command, ...args].join(" ");
  return ["npm run", script, ...(args.length === 0 ? [] : ["--", ...args])].join(" ");
}
