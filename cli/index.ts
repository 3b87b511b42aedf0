import { allTaken, type World } from "./world.ts";

/**
 * Runs one `weft` command and returns its exit code, once everything that it said has been taken: the process may end
 * then. Everything that it needs is loaded here, by the command that needs it: `weft --help` is to answer at once.
 *
 * @param args - The command line, without the program's name.
 */
export async function main(args: readonly string[], world: World): Promise<number> {
  const { runCommand, tellProblem } = await import("./program.ts");
  // An error that nobody caught: whatever was under way is in no known state, so it is not waited for.
  const onUncaught = (error: unknown): void => {
    const code = tellProblem(error, args, world);
    void allTaken(world).then(() => world.exit(code));
  };
  world.signals.on("uncaughtException", onUncaught);
  try {
    const code = await runCommand(args, world);
    await allTaken(world);
    return code;
  } finally {
    world.signals.off("uncaughtException", onUncaught);
  }
}

export { processWorld, type World } from "./world.ts";
