import type { OperationFlags } from "./flags.ts";
import type { Reporter } from "./reporter.ts";
import { styleFor, wantsColor } from "./show/style.ts";
import type { World } from "./world.ts";

/** JSON when it is asked for, a moving picture for a person at a terminal, lines for everyone else. */
export async function createReporter(flags: OperationFlags, world: World): Promise<Reporter> {
  if (flags.json) {
    const { jsonReporter } = await import("./show/json.ts");
    return jsonReporter(world);
  }
  const { textReporter } = await import("./show/text-reporter.ts");
  const live = wantsPicture(flags, world) ? (await import("./show/live-area.ts")).liveArea(world) : undefined;
  return textReporter(world, {
    style: styleFor(wantsColor(flags.color, world.env, world.stdout)),
    live,
    quiet: flags.quiet === true,
    verbose: flags.verbose === true,
    timestamps: flags.timestamps === true,
  });
}

/** Whoever asks for every line, for times or for silence wants no picture; nor does a CI job that has a terminal. */
export function wantsPicture({ quiet, verbose, timestamps }: OperationFlags, { env, stdout }: World): boolean {
  return stdout.isTTY === true && env.TERM !== "dumb" && !env.CI && !quiet && !verbose && !timestamps;
}
