import type { Stats } from "node:fs";
import {
  chmod,
  lstat,
  mkdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** Where a cluster's files are. KWOK's own names; `KWOK_WORKDIR` is `root`. */
export interface Layout {
  readonly name: string;
  readonly root: string;
  /** Everything of this cluster. */
  readonly cluster: string;
  readonly lock: string;
}

export function layout(projectRoot: string, directory: string, name: string): Layout {
  const root = resolve(projectRoot, directory);
  return fromPath(join(root, "clusters", name), name);
}

/** The layout of a cluster whose folder is on record. */
export function fromPath(cluster: string, name: string): Layout {
  const clusters = dirname(cluster);
  return { name, root: dirname(clusters), cluster, lock: join(clusters, `.${name}.lock`) };
}

/** Notes beside the cluster, for a later run: whose it is, and whether its making came to its end. */
export interface Marker {
  /** The Pulumi resource that made it. */
  readonly urn: string;
  /** `undefined` while it is being made. With one it may be in somebody's state, and is not to be cleared away. */
  readonly uid?: string;
}

/** The first file to come and the last to go, so that content without it was not put there by Weft. */
export const MARKER = "weft.json";

/** Without any of these a cluster can't be started again as the one it was. */
const ESSENTIAL = ["kwok.yaml", "kubeconfig.yaml", "pki/ca.crt", "pki/admin.crt", "pki/admin.key", "etcd/member"];

/** What makes a folder a cluster's, be it Weft's or one of kwokctl's own. */
const CONTENT = ["bin", "cache", "etcd", "logs", "pids", "pki", "kwok.yaml", "kwok.yaml.new", "kubeconfig.yaml"];

/** "foreign": a cluster that Weft did not make. "broken": essential files are missing. */
export type FileState = "none" | "foreign" | "broken" | "complete";

export async function fileState(at: Layout): Promise<{ state: FileState; missing: string[] }> {
  if (!(await present(at.cluster))) return { state: "none", missing: [...ESSENTIAL] };
  const inside = (names: readonly string[], test: typeof present) =>
    Promise.all(names.map((name) => test(join(at.cluster, name))));
  if (!(await present(join(at.cluster, MARKER))) && (await inside(CONTENT, present)).includes(true)) {
    return { state: "foreign", missing: [] };
  }
  const usable = await inside(ESSENTIAL, notEmpty);
  const missing = ESSENTIAL.filter((_, index) => !usable[index]);
  return { state: missing.length === 0 ? "complete" : "broken", missing };
}

export async function readMarker(at: Layout): Promise<Marker | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(at.cluster, MARKER), "utf8"));
    if (typeof parsed !== "object" || parsed === null || !("urn" in parsed) || typeof parsed.urn !== "string") return;
    return { urn: parsed.urn, ...("uid" in parsed && typeof parsed.uid === "string" && { uid: parsed.uid }) };
  } catch {
    // Absent, or damaged: the cluster counts as one that never was complete.
    return undefined;
  }
}

export async function writeMarker(at: Layout, marker: Marker): Promise<void> {
  await replaceFile(join(at.cluster, MARKER), `${JSON.stringify(marker, null, 2)}\n`);
}

/**
 * The folder, closed to everyone else (it holds the cluster's private keys), and the folders that kwokctl expects. A new
 * cluster's marker comes before them.
 */
export async function makeFolders(at: Layout, marker?: Marker): Promise<void> {
  await mkdir(at.cluster, { recursive: true, mode: 0o700 });
  // What was there already keeps its mode and its owner, and may be a link to anywhere.
  const objection = await folderObjection(at);
  if (objection !== undefined) throw new Error(`${at.cluster} ${objection}`);
  await chmod(at.cluster, 0o700);
  if (marker !== undefined) await writeMarker(at, marker);
  for (const folder of ["bin", "logs", "pids"]) await mkdir(join(at.cluster, folder), { recursive: true, mode: 0o700 });
}

/** Why what lies at the folder's path can't be a cluster of this user. Follows the path in a message. */
export async function folderObjection(at: Layout): Promise<string | undefined> {
  const found = await entryAt(at.cluster);
  if (found === undefined) return undefined;
  const not = "is not a folder of yours:";
  if (found.isSymbolicLink()) return `${not} it is a link to ${await linkTarget(at.cluster)}`;
  if (!found.isDirectory()) return `${not} it is a file`;
  const me = process.getuid?.();
  return found.uid === me ? undefined : `${not} it belongs to user ${found.uid}, and you are ${me}`;
}

/**
 * Links the programs into the cluster's `bin`, where kwokctl starts them from: the path in a process's arguments then
 * says which cluster it belongs to. True when a link was made or now points elsewhere.
 */
export async function linkPrograms(at: Layout, programs: Readonly<Record<string, string>>): Promise<boolean> {
  let changed = false;
  for (const [name, target] of Object.entries(programs)) {
    const path = join(at.cluster, "bin", name);
    if ((await linkTarget(path)) === target) continue;
    changed = true;
    await rm(path, { force: true });
    await symlink(target, path);
  }
  return changed;
}

/** Removes what Weft and kwokctl made, and the folder if nothing else is in it. Returns what stays. */
export async function removeFiles(at: Layout): Promise<string[]> {
  // Through a link, it would be somebody else's files.
  if ((await entryAt(at.cluster))?.isDirectory() === false) return [at.cluster];
  for (const entry of [...CONTENT, `${MARKER}.new`, MARKER]) {
    await rm(join(at.cluster, entry), { recursive: true, force: true, maxRetries: 3 });
  }
  return (await removeIfEmpty(at.cluster)) ? [] : [at.cluster];
}

/** For after the lock, which lies in there, is released. */
export async function removeEmptyRoots(at: Layout): Promise<void> {
  if (await removeIfEmpty(dirname(at.cluster))) await removeIfEmpty(at.root);
}

/** Replaces a file in one step, so that a kill leaves the old one or the new one. */
export async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function present(path: string): Promise<boolean> {
  return (await entryAt(path)) !== undefined;
}

/** An empty file is what a full disk or a power cut leaves of one. */
async function notEmpty(path: string): Promise<boolean> {
  const found = await entryAt(path);
  return found !== undefined && !(found.isFile() && found.size === 0);
}

/** What is at a path, links not followed. A folder that can't be looked into is an error, not an absence. */
async function entryAt(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
}

export function logFile(at: Layout, component: string): string {
  return join(at.cluster, "logs", `${component}.log`);
}

/** Removes a file; fine when there is none. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

async function linkTarget(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined);
}

async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return true;
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    throw error;
  }
}
