import { createHash, randomBytes } from "node:crypto";
import { createReadStream, readlinkSync } from "node:fs";
import { chmod, lstat, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { codeOf, reasonOf } from "./errors.ts";
import type { Platform } from "./platform.ts";
import type { Tool } from "./tool.ts";

const MANIFEST = "manifest.json";

const manifestSchema = z.object({
  /** SHA-256 of the program, in lower-case hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
  source: z.enum(["release", "go"]),
  /** ISO 8601, UTC. */
  installedAt: z.iso.datetime(),
  /** Releases: where the file came from, and what it was checked against. Go: the version of Go. */
  url: z.string().optional(),
  checksum: z.enum(["pinned", "published"]).optional(),
  goVersion: z.string().optional(),
});

/** What is known of a cached program; it lies beside it. */
export type Manifest = z.infer<typeof manifestSchema>;

export interface CacheEntry {
  readonly path: string;
  readonly manifest: Manifest;
}

/** Why there is no usable entry. "damaged": something is there, but not what was installed. */
export interface NoEntry {
  readonly reason: string;
  readonly damaged: boolean;
}

/** The folder of one program in the cache: `<root>/<tool>/<version>/<platform>`. */
export function entryFolder(root: string, tool: Tool, platform: Platform): string {
  return join(root, tool.name, tool.version, platform);
}

/**
 * The cached program, judged by its manifest, size and mode alone: nothing is hashed and nothing is started.
 * A damaged entry is a reason, never an error: it is installed again.
 */
export async function readEntry(root: string, tool: Tool, platform: Platform): Promise<CacheEntry | NoEntry> {
  const folder = entryFolder(root, tool, platform);
  const path = join(folder, tool.name);
  const damaged = (reason: string): NoEntry => ({ reason, damaged: true });
  try {
    const [text, file] = await Promise.all([readFile(join(folder, MANIFEST), "utf8"), lstat(path)]);
    const manifest = parseManifest(text);
    if (manifest === undefined) return damaged(`${join(folder, MANIFEST)} is not a manifest`);
    if (!file.isFile()) return damaged(`${path} is not a file`);
    if ((file.mode & 0o111) === 0) return damaged(`${path} is not executable`);
    if (file.size !== manifest.bytes) {
      return damaged(`${path} has ${file.size} bytes; ${manifest.bytes} were installed`);
    }
    return { path, manifest };
  } catch (error) {
    if (codeOf(error) !== "ENOENT") return damaged(`${folder} cannot be read: ${reasonOf(error)}`);
    const there = await readdir(folder).catch(() => []);
    return there.length === 0
      ? { reason: `not in ${folder}`, damaged: false }
      : damaged(`${folder} holds only ${there.join(", ")}`);
  }
}

function parseManifest(text: string): Manifest | undefined {
  try {
    return manifestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** A folder that belongs to one installation in this process; on the cache's own file system. */
export interface Stage {
  /** For whatever is needed on the way: archives, a compiler's files. */
  readonly scratch: string;
  /** Where the finished program has to be put. */
  readonly program: string;
  /** To be called when the program is known to be the right one. */
  makeExecutable(): Promise<void>;
  /** Puts the program into the cache, whole and with its manifest, in one step that a crash can't split. */
  publish(manifest: Pick<Manifest, "source" | "url" | "checksum" | "goVersion">): Promise<CacheEntry>;
}

const live = new Set<string>();

/** Gives `work` a stage of its own, and removes what is left of it afterwards. */
export async function withStage<T>(
  root: string,
  tool: Tool,
  platform: Platform,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  // The name tells later runs whose it was; see `sweep`.
  const name = [tool.name, process.pid, randomBytes(4).toString("hex"), host()].join("~");
  const folder = join(stagingFolder(root), name);
  const finished = join(folder, "entry");
  live.add(name);
  try {
    await mkdir(finished, { recursive: true });
    await mkdir(join(folder, "scratch"));
    return await work({
      scratch: join(folder, "scratch"),
      program: join(finished, tool.name),
      makeExecutable: () => chmod(join(finished, tool.name), 0o755),
      publish: (facts) =>
        publish(folder, entryFolder(root, tool, platform), tool, () => readEntry(root, tool, platform), facts),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
    live.delete(name);
  }
}

async function publish(
  stage: string,
  target: string,
  tool: Tool,
  current: () => Promise<CacheEntry | NoEntry>,
  facts: Pick<Manifest, "source" | "url" | "checksum" | "goVersion">,
): Promise<CacheEntry> {
  const finished = join(stage, "entry");
  const program = join(finished, tool.name);
  const [sha256, { size }] = await Promise.all([hashFile(program), stat(program)]);
  const manifest: Manifest = { sha256, bytes: size, installedAt: new Date().toISOString(), ...facts };
  await writeFile(join(finished, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o644 });
  // Everything is on the disk before it gets its name: a power cut leaves the old state or the new one.
  for (const path of [program, join(finished, MANIFEST), finished]) await syncToDisk(path);
  await mkdir(dirname(target), { recursive: true });
  try {
    await rename(finished, target);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(codeOf(error) ?? "")) throw error;
    // Another process was faster, with the same program; or what is there is damaged.
    const there = await current();
    if ("path" in there) return there;
    await rename(target, join(stage, "replaced"));
    await rename(finished, target);
  }
  await syncToDisk(dirname(target));
  return { path: join(target, tool.name), manifest };
}

/** How long what can't be told dead is kept: far longer than any installation takes. */
const LEFTOVER_MS = 24 * 60 * 60 * 1000;

/**
 * Removes what killed installations left behind. Another process of this machine is known to be dead or alive; what
 * another machine or container left in a shared cache is removed after a day.
 */
export async function sweep(root: string): Promise<void> {
  const folder = stagingFolder(root);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (live.has(name)) continue;
    const [, pid, , where] = name.split("~");
    const path = join(folder, name);
    const abandoned = (where === host() && !isAlive(Number(pid))) || (await isOlderThan(path, LEFTOVER_MS));
    // In a cache that several users share, only its owner can remove it; that is no reason not to go on.
    if (abandoned) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

/** Own processes that aren't in `live` are dead ones whose number was given out again, as happens in containers. */
function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

async function isOlderThan(path: string, milliseconds: number): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info !== undefined && Date.now() - info.mtimeMs > milliseconds;
}

function stagingFolder(root: string): string {
  return join(root, ".staging");
}

/** Where process numbers mean the same: containers can have equal host names, and numbers of their own. */
function host(): string {
  return `${hostname()}-${processNamespace()}`.replaceAll(/[^A-Za-z0-9.-]/g, "_");
}

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    // Only Linux has them.
    return "";
  }
}

/** SHA-256 of a file, in lower-case hex. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest("hex");
}

async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
