import { mkdir, readFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { parse } from "yaml";
import { backendUrl, forgetUnused, type Project } from "../../engine/project/index.ts";
import { type Backend, openBackend, type Passphrase, type StackReference } from "../../engine/state/index.ts";
import { privateCopyPath } from "../private-copy.ts";

/** What of a stack's own file decides how its secrets are kept. */
export interface StackSettings {
  readonly file: string;
  readonly text: string;
  /** A passphrase keeps them, not a key in some cloud. */
  readonly passphrase: boolean;
  /** The salt is written down in the file. */
  readonly salted: boolean;
}

export async function readStackSettings(project: Project, stack: string): Promise<StackSettings> {
  const file = join(project.stackDirectory, `Pulumi.${stack}${extname(project.file)}`);
  const text = await readFile(file, "utf8");
  const content: unknown = parse(text) ?? {};
  const field = (name: string): unknown => (content as Record<string, unknown>)[name];
  const provider = field("secretsprovider") ?? "";
  return {
    file,
    text,
    passphrase: provider === "" || provider === "default" || provider === "passphrase",
    salted: typeof field("encryptionsalt") === "string",
  };
}

/** A `file://` backend, which both engines can use; `undefined` for every other kind. */
export async function fileBackend(project: Project, env: NodeJS.ProcessEnv): Promise<Backend | undefined> {
  const url = backendUrl(project, env);
  return url?.toLowerCase().startsWith("file:") ? openBackend(url, project.directory, env) : undefined;
}

/**
 * A copy of the stack's file for the CLI. Whatever it does (a preview, too), the CLI writes a salt into a stack's file
 * that has none; the salt belongs to the passphrase of this clone, so it must not get into a file that is shared.
 * With PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER, the CLI takes the salt that it writes from the stack's state.
 */
export async function privateCopy(project: Project, stack: string, settings: StackSettings): Promise<string> {
  const path = privateCopyPath(project, stack);
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, settings.text, { mode: 0o600 });
  return path;
}

/** Makes the stack, empty, if there is none. The CLI's own `stack init` would write a salt into the stack's file. */
export async function makeStack(backend: Backend, stack: StackReference, passphrase: Passphrase): Promise<void> {
  const known = await backend.listStacks(stack.project);
  if (known.some((other) => other.stack === stack.stack)) return;
  await using lock = await backend.lockStack(stack);
  const state = await backend.openStack(lock, { passphrase });
  if (state.isNew) await state.writer.save(state.snapshot);
  await state.writer.flush();
}

/** Forgets a stack that is empty, to the last file. The CLI's own `stack rm` leaves backups, and deletes its config. */
export async function forgetStack(
  backend: Backend,
  project: Project,
  stack: string,
  passphrase: Passphrase | undefined,
): Promise<void> {
  {
    await using lock = await backend.lockStack({ project: project.name, stack });
    await backend.removeStack(lock, { backups: true });
  }
  await forgetUnused(project, backend, passphrase);
}
