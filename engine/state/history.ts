import { COMPRESSION_SUFFIX, type Compression, compress } from "./checkpoint.ts";
import { type Folder, nanoseconds } from "./folder.ts";
import { backupsFolder, checkpointKey, historyFolder } from "./layout.ts";
import type { StackReference } from "./names.ts";

/** One finished run, as `pulumi stack history` lists it. */
export interface UpdateRecord {
  readonly kind: "update" | "refresh" | "destroy" | "resource-import";
  readonly started: Date;
  readonly ended: Date;
  readonly succeeded: boolean;
  /** Free text; may be empty. */
  readonly message: string;
  /** Where and with what it ran (`exec.kind`, `pulumi.version`, …). No secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /** The stack's config with secrets encrypted (`StackConfig.recorded`). */
  readonly config: Readonly<Record<string, unknown>>;
  /** Number of resources by operation: `create`, `update`, `delete`, `replace`, `same`, … */
  readonly resourceChanges: Readonly<Record<string, number>>;
}

/** Adds a run to the stack's history, with a copy of the checkpoint `key` beside it. */
export async function addToHistory(
  folder: Folder,
  stack: StackReference,
  key: string,
  record: UpdateRecord,
  compression: Compression,
): Promise<void> {
  const prefix = `${historyFolder(stack)}/${stack.stack}-${nanoseconds()}`;
  const entry = {
    kind: record.kind,
    startTime: seconds(record.started),
    message: record.message,
    environment: sorted(record.environment),
    config: sorted(record.config),
    version: 0,
    result: record.succeeded ? "succeeded" : "failed",
    endTime: seconds(record.ended),
    resourceChanges: Object.keys(record.resourceChanges).length === 0 ? undefined : sorted(record.resourceChanges),
  };
  const suffix = COMPRESSION_SUFFIX[compression];
  await folder.write(`${prefix}.history.json${suffix}`, compress(Buffer.from(JSON.stringify(entry)), compression));
  await folder.copy(key, `${prefix}.checkpoint.json${suffix}`);
}

/** Copies the checkpoint `key` to the stack's backups. */
export async function addBackup(folder: Folder, stack: StackReference, key: string): Promise<void> {
  const suffix = key.slice(checkpointKey(stack).length);
  await folder.copy(key, `${backupsFolder(stack)}/${stack.stack}.${nanoseconds()}.json${suffix}`);
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

function sorted<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
