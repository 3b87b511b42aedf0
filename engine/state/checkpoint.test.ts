import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equal, type PropertyMap, Secret } from "../property.ts";
import type { ResourceState, Snapshot } from "../resource.ts";
import { CheckpointEncoder, compress, NO_EXTRAS, parseCheckpoint } from "./checkpoint.ts";
import { PASSPHRASE, recordedStates, resource, STACK, snapshotOf } from "./fixtures/support.ts";
import { integrityProblems } from "./integrity.ts";
import { SecretMemory } from "./secret-memory.ts";
import { type Crypter, createCrypter, unlock } from "./secrets.ts";

function codec(crypter: Crypter) {
  const memory = new SecretMemory();
  const encoder = new CheckpointEncoder({
    encrypt: (secret, plaintext, place) => memory.recall(place, secret) ?? crypter.encrypt(plaintext),
  });
  const reader = {
    decrypt: (ciphertext: string) => crypter.decrypt(ciphertext),
    decrypted: (secret: Secret, ciphertext: string, place: string) => memory.remember(place, secret, ciphertext),
  };
  return { encoder, reader };
}

describe("the recorded checkpoints of the official CLI", () => {
  const states = recordedStates();

  it("are all there", () => {
    expect(states).toHaveLength(25);
  });

  it.each(states)("$name comes back byte for byte, secrets included", async ({ bytes, stack }) => {
    const parsed = parseCheckpoint(bytes, stack);
    const crypter = await unlock(PASSPHRASE, parsed.salt ?? "", "the recording");
    const { encoder, reader } = codec(crypter);
    const snapshot = parsed.decode(reader);
    expect(integrityProblems(snapshot)).toEqual([]);
    const { manifest } = JSON.parse(bytes.toString()).checkpoint.latest;
    const encoded = encoder.encode(snapshot, { stack, salt: crypter.salt, extras: parsed.extras });
    // Only the time is written in another precision.
    const text = encoded
      .file(manifest.version, new Date(0))
      .toString()
      .replace("1970-01-01T00:00:00.000Z", manifest.time);
    expect(text).toBe(bytes.toString());
  });

  it("hold no secret in plain text, once encoded anew", async () => {
    const { bytes, stack } = states.find(({ name }) => name.includes("1-after-up")) ?? states[0] ?? expect.fail();
    const parsed = parseCheckpoint(bytes, stack);
    const snapshot = parsed.decode(codec(await unlock(PASSPHRASE, parsed.salt ?? "", "the recording")).reader);
    const crypter = await createCrypter(PASSPHRASE);
    const head = { stack, salt: crypter.salt, extras: parsed.extras };
    const text = codec(crypter).encoder.encode(snapshot, head).file("v1", new Date()).toString();
    const [provider] = snapshot.resources.filter(({ type }) => type === "pulumi:providers:weft");
    expect(provider?.inputs.password).toEqual(new Secret("s3cr3t-canary"));
    expect(text).not.toContain("s3cr3t-canary");
    expect(text).not.toContain("client-key");
    const again = parseCheckpoint(Buffer.from(text), stack).decode(codec(crypter).reader);
    expect(again).toEqual(snapshot);
  });
});

const urn = fc.string({ minLength: 1, unit: "grapheme" }).map((name) => `urn:pulumi:local::weft::t::${name}`);
const texts = fc.array(fc.string(), { maxLength: 3 });
const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor"));
const map = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.array(fc.tuple(key, value), { maxLength: 5 }).map((entries) => Object.fromEntries(entries));
const properties: fc.Arbitrary<PropertyMap> = map(
  fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    texts,
    fc.string().map((text) => new Secret(text)),
  ),
);
/** `fc.record` makes objects without a prototype; JSON does not. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });
const anyResource: fc.Arbitrary<ResourceState> = record({
  urn,
  type: fc.string({ minLength: 1 }),
  custom: fc.boolean(),
  id: fc.string(),
  inputs: properties,
  outputs: properties,
  parent: fc.option(urn, { nil: undefined }),
  provider: fc.option(urn, { nil: undefined }),
  dependencies: fc.array(urn, { maxLength: 3 }),
  propertyDependencies: map(fc.array(urn, { maxLength: 2 })),
  protect: fc.boolean(),
  retainOnDelete: fc.boolean(),
  deletedWith: fc.option(urn, { nil: undefined }),
  additionalSecretOutputs: texts,
  ignoreChanges: texts,
  replaceOnChanges: texts,
  customTimeouts: fc.option(fc.constantFrom({ create: 1 }, { delete: 0.5, update: 2 }), { nil: undefined }),
  initErrors: texts,
  delete: fc.boolean(),
  pendingReplacement: fc.boolean(),
  aliases: texts,
  created: fc.option(fc.constant("2026-11-22T08:30:44.243133747Z"), { nil: undefined }),
  modified: fc.constant(undefined),
  rest: fc.constantFrom(
    {},
    { sourcePosition: "project:///a.ts#1,2", stackTrace: [{}, { sourcePosition: "x" }] },
    { external: true, importID: "i", aFieldOfTheFuture: { kept: false }, anotherOne: 0 },
    { taint: true, resourceHooks: { "before-create": ["h"] }, replacementTrigger: { v: new Secret([1]) } },
  ),
});

describe("any snapshot", () => {
  it("comes back as it was", async () => {
    const crypter = await createCrypter(PASSPHRASE);
    const { encoder, reader } = codec(crypter);
    const operation = record({
      type: fc.constantFrom("creating", "updating", "deleting", "importing"),
      resource: anyResource,
    });
    const snapshots = record({
      resources: fc.array(anyResource),
      pendingOperations: fc.array(operation, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const file = encoder
          .encode(snapshot as Snapshot, { stack: STACK, salt: crypter.salt, extras: NO_EXTRAS })
          .file("v", new Date());
        // Unlike vitest's own comparison, this one knows properties named __proto__.
        expect(isDeepStrictEqual(parseCheckpoint(file, STACK).decode(reader), snapshot)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("is encoded once for each resource object", async () => {
    const crypter = await createCrypter(PASSPHRASE);
    let encrypted = 0;
    const encoder = new CheckpointEncoder({
      encrypt(_, plaintext) {
        encrypted++;
        return crypter.encrypt(plaintext);
      },
    });
    const head = { stack: STACK, salt: crypter.salt, extras: NO_EXTRAS };
    const [a, b] = [resource("a"), resource("b")];
    const first = encoder.encode(snapshotOf(a, b), head).body;
    expect(encoder.encode(snapshotOf(a, b), head).body).toEqual(first);
    expect(encrypted).toBe(2);
  });
});

describe("features", () => {
  const encode = async (state: ResourceState) => {
    const crypter = await createCrypter(PASSPHRASE);
    const encoded = codec(crypter).encoder.encode(snapshotOf(state), {
      stack: STACK,
      salt: crypter.salt,
      extras: NO_EXTRAS,
    });
    return JSON.parse(encoded.file("v", new Date()).toString());
  };

  it("are declared by what resources use, and make it version 4", async () => {
    expect(await encode(resource("a"))).toMatchObject({ version: 3 });
    const rest = { taint: true, resourceHooks: { "before-create": ["x"] }, viewOf: "urn" };
    expect(await encode(resource("a", { rest }))).toMatchObject({ version: 4, features: ["hooks", "taint", "views"] });
    expect(await encode(resource("a", { rest: { taint: false, resourceHooks: {} } }))).toMatchObject({ version: 3 });
  });

  it("rejects one that nobody here knows", () => {
    const file = { version: 4, features: ["hooks", "time-travel"], checkpoint: { stack: "organization/weft/local" } };
    expect(() => parseCheckpoint(Buffer.from(JSON.stringify(file)), STACK)).toThrow("uses time-travel");
  });
});

describe("checkpoint files", () => {
  const parse = (file: unknown) => parseCheckpoint(Buffer.from(JSON.stringify(file)), STACK);
  const latest = { manifest: { time: "", magic: "", version: "" } };

  it("reads what stack init writes: no deployment yet, or an empty one", () => {
    for (const file of [
      { version: 0, checkpoint: { stack: "organization/weft/local" } },
      { version: 3, checkpoint: { stack: "organization/weft/local", latest } },
    ]) {
      const parsed = parse(file);
      expect(parsed.decode({ decrypt: String, decrypted: () => {} })).toEqual({ resources: [], pendingOperations: [] });
      expect(parsed.salt).toBeUndefined();
    }
  });

  it("reads compressed ones", () => {
    const [state] = recordedStates();
    const { bytes, stack } = state ?? expect.fail();
    for (const compression of ["gzip", "zstd"] as const) {
      const packed = compress(bytes, compression);
      expect(packed.length).toBeLessThan(bytes.length);
      expect(parseCheckpoint(packed, stack).types).toEqual(parseCheckpoint(bytes, stack).types);
    }
  });

  it("keeps what it does not use: snippets, extensions, plugins of the manifest", async () => {
    const crypter = await createCrypter(PASSPHRASE);
    const extra = { snippets: [{ uuid: "u" }], extensions: { e: { v: 1 } } };
    const plugins = [{ name: "kubernetes", path: "", type: "resource", version: "4.34.2" }];
    const file = {
      version: 4,
      features: ["snippets-prototype"],
      checkpoint: { stack: "s", latest: { ...extra, manifest: { ...latest.manifest, plugins } } },
    };
    const { extras } = parse(file);
    const text = codec(crypter)
      .encoder.encode(snapshotOf(), { stack: STACK, salt: crypter.salt, extras })
      .file("v", new Date());
    const written = JSON.parse(text.toString());
    expect(written).toMatchObject({ version: 4, features: ["snippets-prototype"], checkpoint: { latest: extra } });
    expect(written.checkpoint.latest.manifest.plugins).toEqual(plugins);
  });

  it.each([
    [{}, "it has no version"],
    [{ version: 0 }, "old version 0"],
    [{ version: 0, stack: "s", latest: {} }, "old version 0"],
    [{ version: 2, checkpoint: { stack: "s" } }, "old version 2"],
    [{ version: 5, checkpoint: { stack: "s" } }, "has version 5; this engine reads 3 and 4"],
    [{ version: 3 }, "checkpoint"],
    [{ version: 3, checkpoint: { stack: "s", latest: { manifest: { time: "", magic: "x", version: "v" } } } }, "magic"],
    [{ version: 3, checkpoint: { stack: "s", latest: { ...latest, resources: [{ type: "t" }] } } }, "resources[0].urn"],
    [
      {
        version: 3,
        checkpoint: { stack: "s", latest: { ...latest, secrets_providers: { type: "service", state: {} } } },
      },
      '"service"',
    ],
    [
      { version: 3, checkpoint: { stack: "s", latest: { ...latest, secrets_providers: { type: "passphrase" } } } },
      "no salt",
    ],
  ])("rejects %j", (file, message) => {
    expect(() => parse(file)).toThrow(message);
  });
});

describe("the memory of ciphertexts", () => {
  it("gives one back only for the same value in the same place", () => {
    const memory = new SecretMemory();
    const secret = new Secret({ a: 1 });
    memory.remember("here", secret, "c1");
    expect(memory.recall("here", secret)).toBe("c1");
    expect(memory.recall("here", new Secret({ a: 1 }))).toBe("c1");
    expect(memory.recall("there", secret)).toBeUndefined();
    expect(memory.recall("here", new Secret({ a: 2 }))).toBeUndefined();
    expect(memory.recall("here", new Secret({ a: new Secret(1) }))).toBeUndefined();
  });

  it("tells a resource from its replacement, which has the same URN", () => {
    const memory = new SecretMemory();
    const [old, young] = [new Secret("x"), new Secret("x")];
    memory.remember("here", old, "c1");
    memory.remember("here", young, "c2");
    expect(equal(old, young)).toBe(true);
    expect([memory.recall("here", old), memory.recall("here", young)]).toEqual(["c1", "c2"]);
  });
});
