import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadCatalog } from "../catalog/index.ts";
import { loadStackConfig, type Project } from "../engine/project/index.ts";
import { ensurePassphrase, Passphrase } from "../engine/state/index.ts";
import { readStackConfig } from "../stacks/config.ts";

// What the program reads, read in the same way before it runs: what is wrong with it is then known at once, with all that
// the readers know of it, where the program could only hand on a text.

/** The stack's own file, decrypted. Makes no passphrase: without one there is nothing that it could decrypt. */
export async function readStackFile(project: Project, stack: string, env: NodeJS.ProcessEnv) {
  const known = passphraseExists(project, env);
  const passphrase = known ? await ensurePassphrase(project, env) : new Passphrase("none yet", "nowhere");
  return loadStackConfig(project, stack, passphrase);
}

/** Whether there is a passphrase, or it would have to be made. */
export function passphraseExists(project: Project, env: NodeJS.ProcessEnv): boolean {
  if (env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE) return true;
  return existsSync(join(project.directory, ".weft", "passphrase"));
}

/** The service catalog that a configuration names. */
export async function readCatalog(project: Project, { catalog }: { readonly catalog: string }) {
  return loadCatalog(resolve(project.directory, catalog));
}

/** The project whose program reads all this; others have programs, and configurations, of their own. */
const OWN_PROJECT = "weft";

/** @throws ConfigError, CatalogError */
export async function checkInputs(project: Project, stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (project.name !== OWN_PROJECT) return;
  // A file that can't be read here may be one that the Pulumi CLI can read; the engine will say what is wrong with it.
  const file = await readStackFile(project, stack, env).catch(() => undefined);
  if (file !== undefined) await readCatalog(project, readStackConfig(file.values, file.file));
}
