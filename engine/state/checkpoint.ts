import { createHash } from "node:crypto";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { EMPTY_SNAPSHOT, type PendingOperation, type ResourceState, type Snapshot } from "../resource.ts";
import { StateError } from "./error.ts";
import { qualifiedName, type StackReference } from "./names.ts";
import type { SecretReader, SecretWriter } from "./property-codec.ts";
import { decodeResource, type EncodedResource, encodeResource, resourceSchema } from "./resource-codec.ts";

/** The checkpoint version without features, and the one that lists them. */
const PLAIN_VERSION = 3;
const FEATURES_VERSION = 4;
/** Features whose records survive reading and writing here. Whether an engine acts on them is its own matter. */
const CARRIED = [
  ...["refreshBeforeUpdate", "views", "hooks", "taint", "replaceWith", "snippets-prototype"],
  ...["extensionParameterization", "byteString"],
];
const PASSPHRASE_PROVIDER = "passphrase";
const AFTER_MANIFEST = ',"secrets_providers":';

const operationSchema = z.object({
  resource: resourceSchema,
  type: z.enum(["creating", "updating", "deleting", "reading", "importing"]),
});

const latestSchema = z.looseObject({
  manifest: z.looseObject({ time: z.string(), magic: z.string(), version: z.string() }),
  secrets_providers: z.object({ type: z.string(), state: z.unknown().optional() }).nullish(),
  resources: z.array(resourceSchema).nullish(),
  pending_operations: z.array(operationSchema).nullish(),
  metadata: z.unknown().optional(),
});

const fileSchema = z.object({
  version: z.number().int(),
  features: z.array(z.string()).nullish(),
  checkpoint: z.looseObject({ stack: z.string(), latest: latestSchema.nullish() }),
});

/** A checkpoint whose shape is checked and whose secrets are still encrypted. */
export interface ParsedCheckpoint {
  readonly features: readonly string[];
  /** Salt of the passphrase provider; `undefined` when the stack has no secrets provider yet. */
  readonly salt: string | undefined;
  /** What this engine does not use, kept to be written back. */
  readonly extras: CheckpointExtras;
  /** Types of the recorded resources, in order. */
  readonly types: readonly string[];
  /** Number of pending operations. */
  readonly pending: number;
  /** The text after the manifest, to tell whether a new one differs (`EncodedCheckpoint.body`). */
  readonly body: Buffer;
  /** Decrypts and decodes. Throws when a secret can't be decrypted. */
  decode(reader: SecretReader): Snapshot;
}

export interface CheckpointExtras {
  readonly plugins?: unknown;
  readonly latest: Readonly<Record<string, unknown>>;
}

export const NO_EXTRAS: CheckpointExtras = { latest: {} };

/** Reads the bytes of a checkpoint file, compressed or not. Throws an `Error` that says what is wrong with it. */
export function parseCheckpoint(bytes: Buffer, stack: StackReference): ParsedCheckpoint {
  const text = decompress(bytes);
  const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  refuseVersion(json);
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error).replaceAll("\n  → at", " at"));
  const { features, checkpoint } = parsed.data;
  const unknown = (features ?? []).filter((feature) => !CARRIED.includes(feature));
  if (unknown.length > 0) {
    throw new StateError(
      `the stack ${stack.stack} uses ${unknown.join(", ")}, which this engine does not know; a newer Pulumi CLI wrote it and can go on with it`,
    );
  }
  const { latest } = checkpoint;
  // `pulumi stack init` makes a checkpoint without a deployment.
  if (!latest)
    return {
      features: [],
      salt: undefined,
      extras: NO_EXTRAS,
      types: [],
      pending: 0,
      body: Buffer.of(),
      decode: () => EMPTY_SNAPSHOT,
    };
  const { manifest, secrets_providers, resources, pending_operations, metadata: _, ...rest } = latest;
  if (manifest.magic !== magicOf(manifest.version)) {
    throw new Error("the magic number of its manifest does not belong to its version: it was damaged or tampered with");
  }
  return {
    features: features ?? [],
    salt: saltOf(secrets_providers, stack),
    extras: { plugins: manifest.plugins, latest: rest },
    types: (resources ?? []).map(({ type }) => type),
    pending: pending_operations?.length ?? 0,
    body: text.subarray(text.indexOf(AFTER_MANIFEST)),
    decode: (reader) => ({
      resources: (resources ?? []).map((resource) => decodeResource(resource, reader)),
      pendingOperations: (pending_operations ?? []).map(
        ({ type, resource }): PendingOperation => ({ type, resource: decodeResource(resource, reader) }),
      ),
    }),
  };
}

/** Before the shape is checked: another version has another shape. */
function refuseVersion(json: unknown): void {
  const isObject = typeof json === "object" && json !== null;
  const version = isObject && "version" in json ? json.version : undefined;
  if (version === PLAIN_VERSION || version === FEATURES_VERSION) return;
  const latest = isObject && "checkpoint" in json && json.checkpoint;
  // Version 0 without a deployment is what `pulumi stack init` writes first.
  if (version === 0 && typeof latest === "object" && latest !== null && !("latest" in latest)) return;
  if (typeof version !== "number") throw new Error("it is not a checkpoint: it has no version");
  throw new StateError(
    version > FEATURES_VERSION
      ? `the checkpoint has version ${version}; this engine reads ${PLAIN_VERSION} and ${FEATURES_VERSION}. A newer Pulumi CLI wrote it and can go on with it`
      : `the checkpoint has the old version ${version}; this engine reads ${PLAIN_VERSION} and ${FEATURES_VERSION}. Any run of a present Pulumi CLI brings it up to date`,
  );
}

function saltOf(provider: { type: string; state?: unknown } | null | undefined, stack: StackReference) {
  if (!provider || provider.type === "") return undefined;
  if (provider.type !== PASSPHRASE_PROVIDER) {
    throw new StateError(
      `the stack ${stack.stack} encrypts its secrets with the provider ${JSON.stringify(provider.type)}; the built-in engine knows "${PASSPHRASE_PROVIDER}". Use the Pulumi CLI for it, or change the provider: pulumi stack change-secrets-provider ${PASSPHRASE_PROVIDER}`,
    );
  }
  const { state } = provider;
  const salt = typeof state === "object" && state !== null && "salt" in state ? state.salt : undefined;
  if (typeof salt !== "string") throw new Error("its secrets provider has no salt");
  return salt;
}

export type Compression = "none" | "gzip" | "zstd";

/** The ending that the file has beside `.json`. */
export const COMPRESSION_SUFFIX: Readonly<Record<Compression, string>> = { none: "", gzip: ".gz", zstd: ".zst" };

function decompress(bytes: Buffer): Buffer {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes);
  return bytes[0] === 0x28 && bytes[1] === 0xb5 ? zstdDecompressSync(bytes) : bytes;
}

export function compress(bytes: Buffer, compression: Compression): Buffer {
  if (compression === "none") return bytes;
  return compression === "gzip" ? gzipSync(bytes) : zstdCompressSync(bytes);
}

/** SHA-256 of the version: by this the CLI tells that a manifest is whole. */
function magicOf(version: string): string {
  return version === "" ? "" : createHash("sha256").update(version).digest("hex");
}

export interface CheckpointHead {
  readonly stack: StackReference;
  readonly salt: string;
  readonly extras: CheckpointExtras;
}

/** A checkpoint in two parts, because a time alone is no reason to write a file. */
export interface EncodedCheckpoint {
  /** Everything but the manifest. Equal bodies are equal states. */
  readonly body: Buffer;
  /** The whole file, not compressed. `version` is the engine's. */
  file(version: string, time: Date): Buffer;
}

/** Encodes snapshots, and every resource once: a state that did not change is not translated again. */
export class CheckpointEncoder {
  readonly #writer: SecretWriter;
  readonly #encoded = new WeakMap<ResourceState, EncodedResource & { readonly bytes: Buffer }>();

  constructor(writer: SecretWriter) {
    this.#writer = writer;
  }

  /** `problem` is recorded as the CLI records a snapshot that it knows to be broken. */
  encode(snapshot: Snapshot, head: CheckpointHead, problem?: string): EncodedCheckpoint {
    const features = new Set("snippets" in head.extras.latest ? ["snippets-prototype"] : []);
    const resources = snapshot.resources.map((state) => this.#resource(state, features));
    const operations = snapshot.pendingOperations.map(({ type, resource }) =>
      Buffer.concat([
        Buffer.from('{"resource":'),
        this.#resource(resource, features),
        Buffer.from(`,"type":"${type}"}`),
      ]),
    );
    const provider = { type: PASSPHRASE_PROVIDER, state: { salt: head.salt } };
    const metadata =
      problem === undefined ? {} : { integrity_error: { version: "3", command: "weft", error: problem } };
    const body = Buffer.concat([
      Buffer.from(AFTER_MANIFEST + JSON.stringify(provider)),
      ...list("resources", resources),
      ...list("pending_operations", operations),
      Buffer.from(`,"metadata":${JSON.stringify(metadata)}`),
      ...Object.entries(head.extras.latest).map(([key, value]) => Buffer.from(`,"${key}":${JSON.stringify(value)}`)),
      Buffer.from("}}}"),
    ]);
    const versions =
      features.size === 0
        ? `"version":${PLAIN_VERSION}`
        : `"version":${FEATURES_VERSION},"features":${JSON.stringify([...features].sort())}`;
    const start = `{${versions},"checkpoint":{"stack":"${qualifiedName(head.stack)}","latest":{"manifest":`;
    return {
      body,
      file(version, time) {
        const manifest = { time: time.toISOString(), magic: magicOf(version), version, plugins: head.extras.plugins };
        return Buffer.concat([Buffer.from(start + JSON.stringify(manifest)), body]);
      },
    };
  }

  #resource(state: ResourceState, features: Set<string>): Buffer {
    const known = this.#encoded.get(state);
    const encoded = known ?? withBytes(encodeResource(state, this.#writer));
    if (known === undefined) this.#encoded.set(state, encoded);
    for (const feature of encoded.features) features.add(feature);
    return encoded.bytes;
  }
}

function withBytes(encoded: EncodedResource) {
  return { ...encoded, bytes: Buffer.from(encoded.text) };
}

const COMMA = Buffer.from(",");

function list(key: string, items: readonly Buffer[]): Buffer[] {
  if (items.length === 0) return [];
  const joined = items.flatMap((item, index) => (index === 0 ? [item] : [COMMA, item]));
  return [Buffer.from(`,"${key}":[`), ...joined, Buffer.from("]")];
}
