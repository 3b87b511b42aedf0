import { main } from "../index.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { testProject } from "./project.ts";
import { type TestWorld, testWorld, type WorldOptions } from "./world.ts";

export interface Ran {
  readonly code: number;
  readonly world: TestWorld;
}

/** Runs a command in a project of its own, and types the answer to what it asks. */
export async function weft(
  args: string[],
  engine: FakeEngine,
  more: WorldOptions & { answer?: string } = {},
): Promise<Ran> {
  await using project = await testProject();
  const world = testWorld({ cwd: project.directory, engine, ...more });
  if (more.answer !== undefined) world.stdin.write(`${more.answer}\n`);
  return { code: await main(args, world), world };
}

/** What an engine was asked to do, in order. */
export function operations({ calls }: FakeEngine): string[] {
  return calls.map(({ operation }) => operation);
}
