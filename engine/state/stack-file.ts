import { setTimeout as sleep } from "node:timers/promises";
import type { Snapshot } from "../resource.ts";
import { COMPRESSION_SUFFIX, type ParsedCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import { errorCode, reasonOf, StateError } from "./error.ts";
import type { Folder } from "./folder.ts";
import { integrityProblems } from "./integrity.ts";
import { backupsFolder, checkpointKey } from "./layout.ts";
import type { StackReference } from "./names.ts";
import type { SecretReader } from "./property-codec.ts";

/** A stack's checkpoint file as found. */
export interface StackFile {
  readonly key: string;
  readonly parsed: ParsedCheckpoint;
  /** False when the file is whole but the attributes beside it are of a save that died: they are to be written again. */
  readonly tidy: boolean;
}

const SUFFIXES = Object.values(COMPRESSION_SUFFIX);
const READ_ATTEMPTS = 3;
/** Milliseconds; a save puts its files in place in less. */
const READ_PAUSE = 20;

/** The key of the stack's checkpoint: of several compressions, the one written last. `undefined`: no such stack. */
export async function findStackFile(folder: Folder, stack: StackReference): Promise<string | undefined> {
  let found: { key: string; modified: number } | undefined;
  for (const suffix of SUFFIXES) {
    const key = checkpointKey(stack) + suffix;
    const modified = await folder.modified(key);
    if (modified !== undefined && (found === undefined || modified >= found.modified)) found = { key, modified };
  }
  return found?.key;
}

/** Reads and checks a checkpoint. `undefined`: no such stack. A damaged one is an error that names the way back. */
export async function readStackFile(folder: Folder, stack: StackReference): Promise<StackFile | undefined> {
  const key = await findStackFile(folder, stack);
  if (key === undefined) return undefined;
  for (let attempt = 1; ; attempt++) {
    const bytes = await folder.read(key);
    if (bytes === undefined) return undefined;
    const checksum = await folder.checksum(key, bytes);
    // A save writes the file before it to .bak, then the attributes, then the file. Died in between, the file is old
    // and whole.
    const tidy = checksum !== "mismatch";
    const whole = tidy || (await folder.read(`${key}.bak`))?.equals(bytes) === true;
    if (!whole && attempt < READ_ATTEMPTS) {
      // Or a run that holds the lock is just saving.
      await sleep(READ_PAUSE);
      continue;
    }
    try {
      // Before anything is read from it: what a flipped bit says is not worth a message of its own.
      if (!whole) throw new Error("it does not have the checksum that was recorded when it was written");
      return { key, parsed: parseCheckpoint(bytes, stack), tidy };
    } catch (error) {
      throw await damaged(folder, stack, key, error, whole);
    }
  }
}

/** Decodes a checkpoint that was read, and checks that it holds together. */
export async function decodeStackFile(
  folder: Folder,
  stack: StackReference,
  file: StackFile,
  reader: SecretReader,
): Promise<Snapshot> {
  try {
    const snapshot = file.parsed.decode(reader);
    const problems = integrityProblems(snapshot);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    return snapshot;
  } catch (error) {
    throw await damaged(folder, stack, file.key, error, true);
  }
}

async function damaged(folder: Folder, stack: StackReference, key: string, error: unknown, checksum: boolean) {
  // Versions, features and providers are not damage; those messages say what to do.
  if (error instanceof StateError) return error;
  const path = folder.path(key);
  const reason = error instanceof Error ? error.message : reasonOf(error);
  const previous = await summary(folder, stack, `${key}.bak`);
  const lines = [`the checkpoint ${path} is damaged: ${reason}`, "Nothing was written."];
  if (previous === undefined) {
    lines.push(
      `There is no readable ${path}.bak; copies of finished runs are in ${folder.path(backupsFolder(stack))}.`,
    );
  } else {
    lines.push(
      `The state before its last save is whole: ${previous}. To go back to it:`,
      `  cp '${path}.bak' '${path}' && rm -f '${path}.attrs'`,
      "Then preview: what the lost save recorded shows as a difference.",
    );
  }
  if (!checksum) lines.push(`If you changed the file on purpose, keep it with: rm '${path}.attrs'`);
  return new StateError(lines.join("\n"));
}

async function summary(folder: Folder, stack: StackReference, key: string): Promise<string | undefined> {
  try {
    const bytes = await folder.read(key);
    if (bytes === undefined || (await folder.checksum(key, bytes)) === "mismatch") return undefined;
    const { types } = parseCheckpoint(bytes, stack);
    const modified = await folder.modified(key);
    return `${folder.path(key)}, ${types.length} resources, written ${new Date(modified ?? 0).toISOString()}`;
  } catch {
    return undefined;
  }
}

/** What a failed write means for the user. `error` is what the system said. */
export function writeFailure(path: string, error: unknown): StateError {
  const code = errorCode(error);
  const full = code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
  return new StateError(
    [
      `can't write the state to ${path}: ${full ? "the disk is full, or a limit was reached" : reasonOf(error)} (${code ?? "unknown"})`,
      `What was recorded before is whole in ${path}. It lists every operation that had begun as pending, so that the next run can tell what it may have made.`,
      full ? "Free some space and run again." : "Make the folder writable and run again.",
    ].join("\n"),
  );
}
