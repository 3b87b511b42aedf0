import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "./error.ts";
import type { Location } from "./location.ts";

const ATTRIBUTES = ".attrs";
/** The ending of half-written files; the CLI uses the same one. */
const TEMPORARY = ".tmp";
const TEMPORARY_TAIL = /^(?:\.gz|\.zst)?(?:\.bak)?(?:\.attrs)?\.[0-9a-f]+\.tmp$/;

/** Whether a file has the checksum that was recorded beside it. */
export type Checksum = "match" | "mismatch" | "absent";

/**
 * The files of a backend. Each is replaced as a whole and durably, and has beside it the `.attrs` file that the CLI's
 * blob library writes: attributes first, then the file, so that a write that dies in between leaves the old file.
 */
export class Folder {
  readonly root: string;
  readonly #attributes: boolean;

  constructor(location: Location) {
    this.root = location.directory;
    this.#attributes = location.attributes;
  }

  path(key: string): string {
    return join(this.root, key);
  }

  /** The file's bytes; `undefined` when there is no such file. */
  async read(key: string): Promise<Buffer | undefined> {
    return unlessMissing(readFile(this.path(key)));
  }

  /** Names of the files directly in a folder, sorted; without attribute files. Empty when the folder is missing. */
  async list(key: string): Promise<string[]> {
    return (await this.#entries(key))
      .filter((e) => e.isFile() && !e.name.endsWith(ATTRIBUTES))
      .map((e) => e.name)
      .sort();
  }

  async listFolders(key: string): Promise<string[]> {
    return (await this.#entries(key))
      .filter((e) => e.isDirectory())
      .map((e) => e.name)
      .sort();
  }

  async #entries(key: string) {
    return (await unlessMissing(readdir(this.path(key), { withFileTypes: true }))) ?? [];
  }

  /** Milliseconds since 1970, or `undefined` when there is no such file. */
  async modified(key: string): Promise<number | undefined> {
    return (await unlessMissing(stat(this.path(key))))?.mtimeMs;
  }

  /**
   * Replaces a file. When it returns, the new content survives a crash of the machine; when it throws, the old content
   * is whole. With `keep`, the old content stays under that key.
   */
  async write(key: string, data: Uint8Array, keep?: string): Promise<void> {
    const path = this.path(key);
    await makeFolder(dirname(path));
    const old = keep === undefined ? undefined : this.path(keep);
    // All is prepared at once, because waiting for the disk is what a save costs. The order of the renames matters:
    // the old file is kept first, and the new one comes last.
    const prepared = await settled([
      ...(old === undefined ? [] : [sameContent(path, old), this.#prepareCopiedAttributes(path, old)]),
      this.#prepareAttributes(path, data),
      prepare(path, data),
    ]);
    try {
      for (const file of prepared) await rename(file.temporary, file.path);
    } finally {
      await discard(prepared);
    }
    await syncFolder(dirname(path));
  }

  /** Copies a file and its attributes durably. */
  async copy(from: string, to: string): Promise<void> {
    await this.write(to, await readFile(this.path(from)));
  }

  /** Takes a file out of use: it stays under `.bak` only. */
  async retire(key: string): Promise<void> {
    await this.copy(key, `${key}.bak`);
    await this.delete(key);
  }

  /** Removes a file and its attributes; a missing file is fine. */
  async delete(key: string): Promise<void> {
    await rm(this.path(key), { force: true });
    await rm(this.path(key) + ATTRIBUTES, { force: true });
  }

  /** Removes a folder and all in it; a missing folder is fine. */
  async deleteFolder(key: string): Promise<void> {
    await rm(this.path(key), { recursive: true, force: true });
  }

  /** Removes a folder and the folders in it as far as they hold no file. True when nothing is left of it. */
  async removeEmptyFolders(key: string): Promise<boolean> {
    const inside = await Promise.all(
      (await this.listFolders(key)).map((name) => this.removeEmptyFolders(join(key, name))),
    );
    if (!inside.every(Boolean)) return false;
    try {
      await rmdir(this.path(key));
      return true;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return true;
      // Something is in it, perhaps since a moment ago.
      if (errorCode(error) === "ENOTEMPTY" || errorCode(error) === "EEXIST") return false;
      throw error;
    }
  }

  async checksum(key: string, data: Uint8Array): Promise<Checksum> {
    if (!this.#attributes) return "absent";
    const text = await this.read(key + ATTRIBUTES);
    if (text === undefined) return "absent";
    try {
      const attributes: unknown = JSON.parse(text.toString());
      const recorded =
        typeof attributes === "object" && attributes !== null && "md5" in attributes ? attributes.md5 : null;
      // A file that something else put here has attributes without a checksum.
      if (recorded === null || recorded === "") return "absent";
      return recorded === md5(data) ? "match" : "mismatch";
    } catch {
      return "mismatch";
    }
  }

  async #prepareAttributes(path: string, data: Uint8Array): Promise<Prepared | undefined> {
    if (!this.#attributes) return undefined;
    const text = `${JSON.stringify({
      "user.cache_control": "",
      "user.content_disposition": "",
      "user.content_encoding": "",
      "user.content_language": "",
      "user.content_type": contentType(data),
      "user.metadata": null,
      md5: md5(data),
    })}\n`;
    return prepare(path + ATTRIBUTES, Buffer.from(text));
  }

  async #prepareCopiedAttributes(source: string, target: string): Promise<Prepared | undefined> {
    if (!this.#attributes) return undefined;
    const text = await unlessMissing(readFile(source + ATTRIBUTES));
    if (text !== undefined) return prepare(target + ATTRIBUTES, text);
    await rm(target + ATTRIBUTES, { force: true });
    return undefined;
  }

  /** Removes what killed runs left half-written of the file `name` in a folder. Only for whoever holds its lock. */
  async removeTemporary(folder: string, name: string): Promise<void> {
    for (const other of await this.list(folder)) {
      if (other.startsWith(name) && TEMPORARY_TAIL.test(other.slice(name.length))) {
        await rm(this.path(join(folder, other)), { force: true });
      }
    }
  }
}

/** Makes a folder and its parents, durably. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first !== undefined) await syncFolder(dirname(first));
}

/** Writes a new file and waits until it is on the disk. Fails when the file exists. */
export async function writeDurably(path: string, data: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    // `writeFile` goes on after a short write, which is how a disk that fills up announces itself.
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A file that is on the disk under another name, ready to take its place. */
interface Prepared {
  readonly temporary: string;
  readonly path: string;
}

async function prepare(path: string, data: Uint8Array): Promise<Prepared> {
  const temporary = temporaryName(path);
  try {
    await writeDurably(temporary, data, await modeOf(path));
    return { temporary, path };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Prepares `target` to have the content of `source`. No bytes are copied: `source` is always replaced, not changed. */
async function sameContent(source: string, target: string): Promise<Prepared | undefined> {
  const temporary = temporaryName(target);
  const linked = link(source, temporary).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") throw error;
    // Not every file system has hard links.
    return copyFile(source, temporary, constants.COPYFILE_EXCL);
  });
  return await unlessMissing(linked.then(() => ({ temporary, path: target })));
}

/** All results, or the first failure once all have ended and what succeeded is removed again. */
async function settled(steps: readonly Promise<Prepared | undefined>[]): Promise<Prepared[]> {
  const results = await Promise.allSettled(steps);
  const prepared = results.flatMap((result) => (result.status === "fulfilled" ? (result.value ?? []) : []));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return prepared;
  await discard(prepared);
  throw failed.reason;
}

async function discard(files: readonly Prepared[]): Promise<void> {
  await Promise.all(files.map(({ temporary }) => rm(temporary, { force: true })));
}

/** The result, or `undefined` when a file is missing. */
async function unlessMissing<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Without it, a rename may be undone by a crash of the machine. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    // Some network file systems can't sync a folder.
    if (errorCode(error) !== "EINVAL" && errorCode(error) !== "ENOTSUP") throw error;
  } finally {
    await folder.close();
  }
}

/** A name beside `path` that nobody else uses. */
export function temporaryName(path: string): string {
  return join(dirname(path), `${basename(path)}.${process.pid.toString(16)}${nanoseconds().toString(16)}${TEMPORARY}`);
}

let last = 0n;

/** Nanoseconds since 1970, never the same twice in this process. */
export function nanoseconds(): bigint {
  const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1000n;
  last = now > last ? now : last + 1n;
  return last;
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return 0o666;
  }
}

function md5(data: Uint8Array): string {
  return createHash("md5").update(data).digest("base64");
}

function contentType(data: Uint8Array): string {
  if (data[0] === 0x1f && data[1] === 0x8b) return "application/x-gzip";
  return data[0] === 0x28 && data[1] === 0xb5 ? "application/octet-stream" : "text/plain; charset=utf-8";
}
