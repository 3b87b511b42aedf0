import type { Dirent } from "node:fs";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Problem } from "./problem.ts";
import type { SourceFile } from "./source.ts";
import { Source } from "./source.ts";

/** Bytes. A service file has 1 to 5 KiB; one of more than this is something else. */
const largest = 64 * 1024;
/** Service files in one catalog. */
const mostFiles = 2000;
const deepestFolder = 8;

export interface Folder {
  readonly files: readonly SourceFile[];
  readonly problems: readonly Problem[];
}

/**
 * Every `*.yaml` and `*.yml` below a folder, in the order of their paths. Subfolders are read (one for each team, say);
 * hidden entries are not. A symbolic link is followed if it leads to a file inside the folder; one to a folder is a
 * problem, because services that nobody reads would be missed, or deleted.
 */
export async function readFolder(directory: string): Promise<Folder> {
  const files: SourceFile[] = [];
  const problems: Problem[] = [];
  const root = await realpath(directory).catch(() => directory);
  const names = await list(root, "", 0, problems);
  if (names.length > mostFiles) {
    const message = `The folder holds ${names.length} service files, and ${mostFiles} is the most.`;
    problems.push(problemOf(".", message, "name the folder that holds the service files themselves"));
    return { files: [], problems };
  }
  for (const name of names) {
    const content = await readSource(root, name);
    if (typeof content === "string") files.push({ file: name, text: content });
    else problems.push(content);
  }
  if (names.length === 0 && problems.length === 0) {
    const message = "The folder holds no service files.";
    problems.push({ ...problemOf(".", message, "add a file for each service"), allowed: "*.yaml and *.yml" });
  }
  return { files, problems };
}

async function list(root: string, folder: string, depth: number, problems: Problem[]): Promise<string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    problems.push(cannotRead(folder === "" ? "." : folder, error));
    return [];
  }
  const names: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith(".")) continue;
    if (entry.isSymbolicLink() && (await isFolder(join(root, path)))) {
      const message = "This is a link to a folder, which is not followed.";
      problems.push(problemOf(path, message, "put the folder itself here"));
    } else if (!entry.isDirectory()) {
      if (/\.ya?ml$/i.test(entry.name)) names.push(path);
    } else if (depth < deepestFolder) {
      names.push(...(await list(root, path, depth + 1, problems)));
    } else {
      problems.push(problemOf(path, `Folders are nested more than ${deepestFolder} deep.`, "move the files up"));
    }
  }
  return names;
}

async function isFolder(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts?.isDirectory() === true;
}

async function readSource(root: string, name: string): Promise<string | Problem> {
  let handle: FileHandle | undefined;
  try {
    const real = await realpath(join(root, name));
    if (relative(root, real).split(sep)[0] === "..") {
      return problemOf(name, "The link leads out of the catalog's folder.", "put the file itself here");
    }
    // Without O_NONBLOCK, opening a named pipe would wait for someone to write to it.
    handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = await handle.stat();
    if (!facts.isFile()) return problemOf(name, "This is not a regular file.", "rename it, or move it elsewhere");
    const buffer = Buffer.alloc(largest + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    if (bytesRead > largest) {
      const message = `The file has ${facts.size} bytes, and ${largest} is the most.`;
      return problemOf(name, message, "describe one service in it; keep data elsewhere");
    }
    return decode(name, buffer.subarray(0, bytesRead));
  } catch (error) {
    return cannotRead(name, error);
  } finally {
    await handle?.close();
  }
}

/** Text of UTF-8 bytes, or where they stop being that. */
export function decode(name: string, bytes: Uint8Array): string | Problem {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const good = wellFormedPrefix(bytes);
    const position = new Source({ file: name, text: `${good}\u{fffd}` }).position({
      from: good.length,
      to: good.length,
    });
    const utf16 = bytes[0] === 0xff || bytes[0] === 0xfe || bytes.includes(0);
    const message = `From here on the file is not UTF-8${utf16 ? "; it looks like UTF-16" : ""}.`;
    return { ...problemOf(name, message, "save it as UTF-8"), position, allowed: "UTF-8 text" };
  }
}

/** Replaced bytes are told from a replacement character that was really there by encoding the text again. */
function wellFormedPrefix(bytes: Uint8Array): string {
  const again = new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  const bad = again.findIndex((byte, index) => byte !== bytes[index]);
  return new TextDecoder().decode(bytes.subarray(0, bad));
}

const causes: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "does not exist"],
  ["ENOTDIR", "is not a folder"],
  ["EACCES", "may not be read by this user"],
  ["EPERM", "may not be read by this user"],
  ["ELOOP", "is a link that leads to itself"],
]);

/** What a failed system call says, for a person. */
export function cannotRead(name: string, error: unknown): Problem {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const cause = causes.get(code) ?? `can't be read (${code || String(error)})`;
  const what = name === "." ? "The folder" : "The file or folder";
  return problemOf(name, `${what} ${cause}.`, name === "." ? "name a folder of service files" : "correct or remove it");
}

function problemOf(file: string, message: string, fix: string): Problem {
  const none = { position: undefined, value: undefined, allowed: undefined, suggestion: undefined };
  return { file, path: "", message, fix, related: [], ...none };
}
