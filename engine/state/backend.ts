import { mkdir, stat } from "node:fs/promises";
import { parse } from "yaml";
import { COMPRESSION_SUFFIX, type Compression, type ParsedCheckpoint } from "./checkpoint.ts";
import { reasonOf, StateError } from "./error.ts";
import { Folder } from "./folder.ts";
import { backupsFolder, checkpointKey, historyFolder, LAYOUT, META, STACKS, stacksFolder, tagsKey } from "./layout.ts";
import { parseBackendUrl } from "./location.ts";
import { lockStack, type StackLock } from "./lock.ts";
import { nameProblem, type StackReference } from "./names.ts";
import { readStackFile } from "./stack-file.ts";
import { openState, type RecordedState, readState, type StackKeys, type StackState } from "./stack-state.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The layout that groups stacks by project. Older state has no `meta.yaml`. */
const LAYOUT_VERSION = 1;
const STACK_FILE = /^(.+)\.json(?:\.gz|\.zst)?$/;
const ROOT_STACK = "pulumi:pulumi:Stack";

/**
 * Opens the folder that a `file://` URL names, relative to the project's folder, as the Pulumi CLI would. The folder
 * must exist. Honours the CLI's own settings in `env`: `PULUMI_DIY_BACKEND_GZIP`, `PULUMI_DIY_BACKEND_ZSTD` and
 * `PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS`.
 */
export async function openBackend(url: string, projectDirectory: string, env: Environment): Promise<Backend> {
  const location = parseBackendUrl(url, projectDirectory);
  const compression = compressionOf(env);
  if (location.create) await mkdir(location.directory, { recursive: true });
  await requireFolder(location.directory, url);
  const folder = new Folder(location);
  await ensureLayout(folder);
  return new Backend(url, folder, compression, !isTruthy(env.PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS));
}

/** A folder of stacks in Pulumi's own layout. */
export class Backend {
  readonly url: string;
  readonly #folder: Folder;
  readonly #compression: Compression;
  readonly #backups: boolean;

  constructor(url: string, folder: Folder, compression: Compression, backups: boolean) {
    this.url = url;
    this.#folder = folder;
    this.#compression = compression;
    this.#backups = backups;
  }

  /** Absolute path of the folder. */
  get directory(): string {
    return this.#folder.root;
  }

  /** The stacks of one project, or of all, by name. */
  async listStacks(project?: string): Promise<StackReference[]> {
    const projects = project === undefined ? await this.#folder.listFolders(STACKS) : [project];
    const stacks: StackReference[] = [];
    for (const name of projects.filter((name) => nameProblem("project", name) === undefined)) {
      const files = await this.#folder.list(stacksFolder(name));
      const names = new Set(files.flatMap((file) => STACK_FILE.exec(file)?.[1] ?? []));
      stacks.push(...[...names].sort().map((stack) => ({ project: name, stack })));
    }
    return stacks;
  }

  /** A stack's state for looking at it, without its lock; `undefined` when there is no such stack. */
  readStack(stack: StackReference, keys: StackKeys): Promise<RecordedState | undefined> {
    return readState(this.#folder, stack, keys);
  }

  /** Takes the stack's lock, which `openStack` and `removeStack` ask for. Throws a `LockedError` when it is taken. */
  lockStack(stack: StackReference): Promise<StackLock> {
    return lockStack(this.#folder, stack);
  }

  /**
   * Opens a stack for writing; one that does not exist begins empty. A stack that uses checkpoint features (`hooks`,
   * `taint`, …) is refused: the engine acts on none.
   */
  openStack(lock: StackLock, keys: StackKeys): Promise<StackState> {
    const options = { folder: this.#folder, compression: this.#compression, backups: this.#backups };
    return openState(options, lock.stack, keys);
  }

  /**
   * Removes a stack that has no resources (but the stack itself) and no pending operations left, as `pulumi stack rm`
   * does: its checkpoint, tags and history. With `backups`, also the `.bak` file and the backups: nothing of it is left.
   */
  async removeStack({ stack }: StackLock, options: { readonly backups: boolean }): Promise<void> {
    const file = await readStackFile(this.#folder, stack);
    if (file !== undefined) {
      refuseRemoval(stack, file.parsed);
      await this.#folder.retire(file.key);
    }
    if (options.backups) {
      for (const suffix of Object.values(COMPRESSION_SUFFIX)) {
        await this.#folder.delete(`${checkpointKey(stack)}${suffix}.bak`);
      }
    }
    await this.#folder.delete(tagsKey(stack));
    await this.#folder.deleteFolder(historyFolder(stack));
    if (options.backups) await this.#folder.deleteFolder(backupsFolder(stack));
  }

  /** Removes what an empty backend needs no more. True when it has no stacks, and nobody is at work on one. */
  async removeIfEmpty(): Promise<boolean> {
    for (const folder of await this.#folder.listFolders(LAYOUT))
      await this.#folder.removeEmptyFolders(`${LAYOUT}/${folder}`);
    if ((await this.#folder.listFolders(LAYOUT)).length > 0) return false;
    await this.#folder.delete(META);
    return this.#folder.removeEmptyFolders(LAYOUT);
  }
}

function refuseRemoval({ stack }: StackReference, { types, pending }: ParsedCheckpoint): void {
  const left = types.filter((type) => type !== ROOT_STACK).length;
  if (left > 0) throw new StateError(`the stack ${stack} still has ${left} resources; destroy them before removing it`);
  if (pending > 0) {
    throw new StateError(
      `the stack ${stack} has ${pending} pending operations: what they began to make may exist. Destroy the stack again before removing it`,
    );
  }
}

async function requireFolder(path: string, url: string): Promise<void> {
  const info = await stat(path).catch((error: unknown) => {
    throw new StateError(
      `the backend ${url} is the folder ${path}, which can't be opened: ${reasonOf(error)}. Make it with: mkdir -p '${path}'`,
    );
  });
  if (!info.isDirectory()) throw new StateError(`the backend ${url} is ${path}, which is a file; a folder is needed`);
}

async function ensureLayout(folder: Folder): Promise<void> {
  const path = folder.path(META);
  const text = await folder.read(META);
  if (text !== undefined) return requireLayout(text.toString(), path);
  if ((await folder.list(STACKS)).some((name) => STACK_FILE.test(name))) throw legacy(folder.root);
  await folder.write(META, Buffer.from(`version: ${LAYOUT_VERSION}\n`));
}

function requireLayout(text: string, path: string): void {
  let meta: unknown;
  try {
    meta = parse(text);
  } catch (error) {
    throw new StateError(`${path} is damaged: ${reasonOf(error)}. It should hold: version: ${LAYOUT_VERSION}`);
  }
  const version = typeof meta === "object" && meta !== null && "version" in meta ? meta.version : undefined;
  if (version === LAYOUT_VERSION) return;
  if (version === 0) throw legacy(path);
  throw new StateError(
    typeof version === "number" && version > LAYOUT_VERSION
      ? `${path} says version ${version}; the built-in engine knows version ${LAYOUT_VERSION}. A newer Pulumi CLI made this state and can go on with it`
      : `${path} has no version. It should hold: version: ${LAYOUT_VERSION}`,
  );
}

function legacy(path: string): StateError {
  return new StateError(`${path} has the layout of old Pulumi versions, without projects. Run: pulumi state upgrade`);
}

function compressionOf(env: Environment): Compression {
  const gzip = isTruthy(env.PULUMI_DIY_BACKEND_GZIP);
  const zstd = isTruthy(env.PULUMI_DIY_BACKEND_ZSTD);
  if (gzip && zstd) {
    throw new StateError("PULUMI_DIY_BACKEND_GZIP and PULUMI_DIY_BACKEND_ZSTD are both set; unset one of them");
  }
  if (gzip) return "gzip";
  return zstd ? "zstd" : "none";
}

function isTruthy(value: string | undefined): boolean {
  return value === "1" || value?.toLowerCase() === "true";
}
