import weft from "../../package.json" with { type: "json" };
import { EMPTY_SNAPSHOT, type Snapshot } from "../resource.ts";
import {
  CheckpointEncoder,
  type CheckpointExtras,
  COMPRESSION_SUFFIX,
  type Compression,
  compress,
  NO_EXTRAS,
} from "./checkpoint.ts";
import { StateError } from "./error.ts";
import type { Folder } from "./folder.ts";
import { addBackup, addToHistory, type UpdateRecord } from "./history.ts";
import { integrityProblems } from "./integrity.ts";
import { checkpointKey, stacksFolder } from "./layout.ts";
import type { StackReference } from "./names.ts";
import type { Passphrase } from "./passphrase.ts";
import type { SecretReader } from "./property-codec.ts";
import { SecretMemory } from "./secret-memory.ts";
import { type Crypter, createCrypter, unlock } from "./secrets.ts";
import { decodeStackFile, findStackFile, readStackFile, type StackFile, writeFailure } from "./stack-file.ts";
import { StateWriter } from "./writer.ts";

/** What opens a stack's secrets. */
export interface StackKeys {
  readonly passphrase: Passphrase;
  /** The `encryptionsalt` of the stack's config, and the file it is in. Without it, the checkpoint's own is used. */
  readonly encryptionSalt?: { readonly salt: string; readonly file: string } | undefined;
}

/** A stack's state as recorded, read without its lock: for previews and outputs. */
export interface RecordedState {
  readonly stack: StackReference;
  readonly snapshot: Snapshot;
  /** Checkpoint features in use (`hooks`, `taint`, …). */
  readonly features: readonly string[];
  /** Absolute path of the checkpoint. */
  readonly file: string;
}

/** A stack's state, open for writing. Only for whoever holds its lock. */
export interface StackState extends RecordedState {
  /** True when the stack had no checkpoint; the first save makes it. */
  readonly isNew: boolean;
  readonly writer: StateWriter;
  /** The key that new secrets are encrypted with. */
  readonly crypter: Crypter;
  /** Ends a run: waits for the last save, then adds the run to the history and the checkpoint to the backups. */
  record(update: UpdateRecord): Promise<void>;
}

export interface StateOptions {
  readonly folder: Folder;
  readonly compression: Compression;
  readonly backups: boolean;
}

/** How manifests name the engine that wrote them; the CLI shows it, and takes any. */
const ENGINE_VERSION = `weft/${weft.version}`;
const IGNORE: SecretReader["decrypted"] = () => {};

export async function readState(
  folder: Folder,
  stack: StackReference,
  keys: StackKeys,
): Promise<RecordedState | undefined> {
  const file = await readStackFile(folder, stack);
  if (file === undefined) return undefined;
  const crypter = await crypterOf(folder, file, keys.passphrase);
  const snapshot = await decodeStackFile(folder, stack, file, readerOf(crypter, IGNORE));
  return { stack, snapshot, features: file.parsed.features, file: folder.path(file.key) };
}

/**
 * Opens a stack for writing, or makes a new one. One that uses checkpoint features is refused, because going on would
 * quietly drop what they ask for.
 */
export async function openState(
  { folder, compression, backups }: StateOptions,
  stack: StackReference,
  keys: StackKeys,
): Promise<StackState> {
  await folder.removeTemporary(stacksFolder(stack.project), `${stack.stack}.json`);
  const found = await readStackFile(folder, stack);
  refuseFeatures(stack, found?.parsed.features ?? []);
  const { encryptionSalt, passphrase } = keys;
  const [recorded, configured] = await Promise.all([
    found === undefined ? undefined : crypterOf(folder, found, passphrase),
    encryptionSalt === undefined ? undefined : unlock(passphrase, encryptionSalt.salt, encryptionSalt.file),
  ]);
  const crypter = configured ?? recorded ?? (await createCrypter(passphrase));
  const memory = new SecretMemory();
  // A ciphertext of another key is of no use for the next checkpoint.
  const decrypted: SecretReader["decrypted"] =
    recorded?.salt === crypter.salt ? (secret, text, place) => memory.remember(place, secret, text) : IGNORE;
  const snapshot =
    found === undefined ? EMPTY_SNAPSHOT : await decodeStackFile(folder, stack, found, readerOf(recorded, decrypted));
  const file = new CheckpointFile(folder, stack, crypter, memory, compression, found?.parsed.extras ?? NO_EXTRAS);
  if (found?.tidy && found.key === file.key) file.expect(found.parsed.body);
  const writer = new StateWriter((next) => file.write(next));
  return {
    stack,
    snapshot,
    features: found?.parsed.features ?? [],
    file: folder.path(file.key),
    isNew: found === undefined,
    writer,
    crypter,
    async record(update) {
      await writer.flush();
      const key = await findStackFile(folder, stack);
      // A run that failed before its first save leaves no stack behind.
      if (key === undefined) return;
      await addToHistory(folder, stack, key, update, compression);
      if (backups) await addBackup(folder, stack, key);
    },
  };
}

/** The checkpoint of an open stack: encodes snapshots and puts them in its place. */
class CheckpointFile {
  readonly key: string;
  readonly #folder: Folder;
  readonly #stack: StackReference;
  readonly #salt: string;
  readonly #compression: Compression;
  readonly #extras: CheckpointExtras;
  readonly #encoder: CheckpointEncoder;
  #written: Buffer | undefined;

  constructor(
    folder: Folder,
    stack: StackReference,
    crypter: Crypter,
    memory: SecretMemory,
    compression: Compression,
    extras: CheckpointExtras,
  ) {
    this.#folder = folder;
    this.#stack = stack;
    this.#salt = crypter.salt;
    this.#compression = compression;
    this.#extras = extras;
    this.key = checkpointKey(stack) + COMPRESSION_SUFFIX[compression];
    this.#encoder = new CheckpointEncoder({
      encrypt(secret, plaintext, place) {
        const ciphertext = memory.recall(place, secret) ?? crypter.encrypt(plaintext);
        memory.remember(place, secret, ciphertext);
        return ciphertext;
      },
    });
  }

  /** Says what the file holds already; the same is not written again. */
  expect(body: Buffer): void {
    this.#written = body;
  }

  async write(snapshot: Snapshot): Promise<void> {
    const problems = integrityProblems(snapshot);
    const head = { stack: this.#stack, salt: this.#salt, extras: this.#extras };
    const encoded = this.#encoder.encode(snapshot, head, problems.length === 0 ? undefined : problems.join("\n"));
    if (this.#written?.equals(encoded.body)) return;
    const old = await findStackFile(this.#folder, this.#stack);
    try {
      const data = compress(encoded.file(ENGINE_VERSION, new Date()), this.#compression);
      await this.#folder.write(this.key, data, `${this.key}.bak`);
      if (old !== undefined && old !== this.key) await this.#folder.retire(old);
    } catch (error) {
      throw writeFailure(this.#folder.path(old ?? this.key), error);
    }
    this.#written = encoded.body;
    // Written all the same, as the CLI does: a record of what exists is worth more than none.
    if (problems.length > 0) {
      throw new StateError(
        `the engine recorded a state that does not hold together; this is a bug in the engine. The state before it is in ${this.#folder.path(this.key)}.bak\n${problems.join("\n")}`,
      );
    }
  }
}

async function crypterOf(folder: Folder, file: StackFile, passphrase: Passphrase): Promise<Crypter | undefined> {
  const { salt } = file.parsed;
  return salt === undefined ? undefined : await unlock(passphrase, salt, folder.path(file.key));
}

function readerOf(crypter: Crypter | undefined, decrypted: SecretReader["decrypted"]): SecretReader {
  return {
    decrypted,
    decrypt(ciphertext, place) {
      if (crypter === undefined) throw new Error(`${place} is encrypted, but the checkpoint has no secrets provider`);
      try {
        return crypter.decrypt(ciphertext);
      } catch {
        throw new Error(`the secret ${place} can't be decrypted: it was damaged, or encrypted with another key`);
      }
    },
  };
}

export function refuseFeatures({ stack }: StackReference, used: readonly string[]): void {
  if (used.length === 0) return;
  throw new StateError(
    `the stack ${stack} uses ${used.join(", ")}, which the built-in engine does not do; the Pulumi CLI can go on with it`,
  );
}
