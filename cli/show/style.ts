import { styleText } from "node:util";
import type { Output } from "../world.ts";

/** Colours by what they mean; each returns its text as it is when there are none. */
export interface Style {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  accent(text: string): string;
  bold(text: string): string;
  dim(text: string): string;
}

export function styleFor(color: boolean): Style {
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    color && text !== "" ? styleText(format, text, { validateStream: false }) : text;
  return {
    good: paint("green"),
    bad: paint("red"),
    warn: paint("yellow"),
    accent: paint("cyan"),
    bold: paint("bold"),
    dim: paint("dim"),
  };
}

/** The flag counts first, then FORCE_COLOR, then NO_COLOR (as for Node.js itself), then whether there is a terminal. */
export function wantsColor(flag: boolean | undefined, env: NodeJS.ProcessEnv, output: Output): boolean {
  if (flag === false) return false;
  if (env.FORCE_COLOR) return !["0", "false"].includes(env.FORCE_COLOR);
  if (env.NO_COLOR) return false;
  return output.isTTY === true && env.TERM !== "dumb";
}
