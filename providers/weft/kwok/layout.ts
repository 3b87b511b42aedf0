import { lstat, mkdir, readFile, readlink, rename, rm, rmdir, symlink, unlink, writeFile } from "node:fs/promises";
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

/** Notes beside the cluster, for a later run: whose it is, and whether it was ever complete. */
export interface Marker {
  /** The Pulumi resource that made it. */
  readonly urn: string;
  /** `undefined` until the cluster has been up once. */
  readonly uid?: string;
}

const MARKER = "weft.json";

/** Without any of these a cluster can't be started again as the one it was. */
const ESSENTIAL = ["kwok.yaml", "kubeconfig.yaml", "pki/ca.crt", "pki/admin.crt", "pki/admin.key", "etcd/member"];

/** Everything that Weft and kwokctl put into a cluster's folder. */
const OURS = ["bin", "cache", "etcd", "logs", "pids", "pki", "kwok.yaml", "kwok.yaml.new", "kubeconfig.yaml", MARKER];

export async function fileState(at: Layout): Promise<{ state: "none" | "broken" | "complete"; missing: string[] }> {
  if (!(await present(at.cluster))) return { state: "none", missing: [...ESSENTIAL] };
  const found = await Promise.all(ESSENTIAL.map((file) => present(join(at.cluster, file))));
  const missing = ESSENTIAL.filter((_, index) => !found[index]);
  return { state: missing.length === 0 ? "complete" : "broken", missing };
}

export async function readMarker(at: Layout): Promise<Marker | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(at.cluster, MARKER), "utf8"));
    if (typeof parsed !== "object" || parsed === null || !("urn" in parsed) || typeof parsed.urn !== "string") return;
    return { urn: parsed.urn, ...("uid" in parsed && typeof parsed.uid === "string" && { uid: parsed.uid }) };
  } catch {
    // Absent, or cut off by a kill while it was being written: both mean that the cluster never was complete.
    return undefined;
  }
}

export async function writeMarker(at: Layout, marker: Marker): Promise<void> {
  await writeFile(join(at.cluster, MARKER), `${JSON.stringify(marker, null, 2)}\n`, { mode: 0o600 });
}

/** The folder, closed to everyone else (it holds the cluster's private keys), and the folders that kwokctl expects. */
export async function makeFolders(at: Layout): Promise<void> {
  await mkdir(at.cluster, { recursive: true, mode: 0o700 });
  for (const folder of ["bin", "logs", "pids"]) await mkdir(join(at.cluster, folder), { recursive: true, mode: 0o700 });
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

/** Removes what Weft and kwokctl made, and the folders around it if nothing else is in them. Returns what stays. */
export async function removeFiles(at: Layout): Promise<string[]> {
  for (const entry of OURS) await rm(join(at.cluster, entry), { recursive: true, force: true, maxRetries: 3 });
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
  return (await lstat(path).catch(() => undefined)) !== undefined;
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
