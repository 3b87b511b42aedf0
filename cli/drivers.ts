import type { Driver } from "./driver.ts";
import type { EngineChoice } from "./engine-choice.ts";
import type { World } from "./world.ts";

/** Loads what drives the chosen engine; either costs a quarter of a second, so no other command does. */
export async function loadDriver(choice: EngineChoice, world: Pick<World, "builtinEngine">): Promise<Driver> {
  const { executable, version } = choice;
  if (executable === undefined || version === undefined) return world.builtinEngine();
  const { pulumiDriver } = await import("./pulumi-engine.ts");
  return pulumiDriver(executable, version);
}
