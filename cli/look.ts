import type { EngineEvent, Inspection, ResourceState } from "../engine/index.ts";
import { loadDriver } from "./drivers.ts";
import { chooseEngine } from "./engine-choice.ts";
import type { CommonFlags } from "./flags.ts";
import { interruptible } from "./interrupt.ts";
import { findState } from "./state-folder.ts";
import type { Target } from "./target.ts";
import type { World } from "./world.ts";

/**
 * Reads a stack's state, and asks what became of some of its resources. Where the state is a folder, the built-in engine
 * reads it whichever engine wrote it: that is faster, and it alone can ask for a single resource.
 */
export async function look(
  target: Target,
  flags: CommonFlags,
  world: World,
  wanted: (resource: ResourceState) => boolean,
): Promise<{ readonly inspection: Inspection; readonly warnings: readonly string[] }> {
  const { project, stack } = target;
  const state = await findState(project, stack, world.env);
  if (state?.exists === false) return { inspection: { snapshot: undefined, resources: [] }, warnings: [] };
  const asked = flags.engine ?? "auto";
  const engine = asked === "auto" && state !== undefined ? "builtin" : asked;
  const driver = await loadDriver(await chooseEngine(engine, world.env), world);
  const warnings: string[] = [];
  const emit = (event: EngineEvent): void => {
    if (event.kind === "message" && event.severity !== "info") warnings.push(event.text);
  };
  const handlers = { stopping: (name: string) => void world.stderr.write(`${name}: stopping\n`), leaving: () => {} };
  const inspection = await interruptible(world, handlers, async (signal) => {
    const options = { directory: project.directory, stack, env: world.env, emit, signal, policyPacks: [] };
    // What was found, or failed, once it was to stop is no answer.
    return driver.inspect(options, wanted).finally(() => signal.throwIfAborted());
  });
  return { inspection, warnings };
}
