import type { Backend, Passphrase } from "../state/index.ts";
import type { Project } from "./project.ts";
import { hasEncryptedConfig } from "./stack-config.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the project's stacks are kept: `PULUMI_BACKEND_URL`, else `backend.url` of Pulumi.yaml. */
export function backendUrl(project: Project, env: Environment): string | undefined {
  return env.PULUMI_BACKEND_URL || project.backendUrl;
}

/** Only the project's own backend is looked at when its last stack goes: a passphrase that stacks elsewhere need is kept. */
export async function keepForOthers(project: Project, env: Environment, passphrase: Passphrase): Promise<void> {
  if (backendUrl(project, env) !== project.backendUrl) await passphrase.keep();
}

/** With the last stack goes what only stacks need: the backend's own files, and a passphrase that was made for them. */
export async function forgetUnused(
  project: Project,
  backend: Backend,
  passphrase: Passphrase | undefined,
): Promise<void> {
  if ((await backend.removeIfEmpty()) && !(await hasEncryptedConfig(project))) await passphrase?.forget();
}
