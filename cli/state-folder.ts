import { stat } from "node:fs/promises";
import { join } from "node:path";
import { backendUrl, type Project } from "../engine/project/index.ts";
import { META, openBackend, parseBackendUrl } from "../engine/state/index.ts";

/** What can be told of a stack's backend without writing into it. */
export interface StateFolder {
  readonly directory: string;
  /** The folder is made when it is first used. */
  readonly made: boolean;
  /** Whether the stack is in it. */
  readonly exists: boolean;
}

/**
 * Looks for a stack in a `file://` backend; `undefined` for every other kind. Opening a folder that was never used would
 * write into it, and reading a stack that does not exist would make a passphrase for it.
 *
 * @throws StateError when the URL, or what is in the folder, can't be read.
 */
export async function findState(
  project: Project,
  stack: string,
  env: NodeJS.ProcessEnv,
): Promise<StateFolder | undefined> {
  const url = backendUrl(project, env);
  if (!url?.toLowerCase().startsWith("file:")) return undefined;
  const { directory, create } = parseBackendUrl(url, project.directory);
  const used = (await stat(join(directory, META)).catch(() => undefined)) !== undefined;
  const stacks = used ? await (await openBackend(url, project.directory, env)).listStacks(project.name) : [];
  return { directory, made: create, exists: stacks.some((other) => other.stack === stack) };
}
