import { readFile, writeFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PASSPHRASE, recordedState, STACK, temporaryBackend, temporaryFolder } from "./fixtures/support.ts";
import { Folder } from "./folder.ts";
import { checkpointKey } from "./layout.ts";
import { readStackFile } from "./stack-file.ts";

const KEY = checkpointKey(STACK);
const older = recordedState("a-platform/1-after-up");
const state = recordedState("a-platform/3-image-change");

/** A backend with one stack that was saved twice. */
async function saved(): Promise<Folder> {
  const folder = new Folder({ directory: await temporaryFolder(), attributes: true, create: false });
  for (const bytes of [older, state]) await folder.write(KEY, bytes, `${KEY}.bak`);
  return folder;
}

/** Changes a file behind the backend's back. */
const damage = (folder: Folder, bytes: Uint8Array) => writeFile(folder.path(KEY), bytes);
const messageOf = (folder: Folder) =>
  readStackFile(folder, STACK).then(
    () => "read without complaint",
    (error: Error) => error.message,
  );

describe("a damaged checkpoint", () => {
  it("is rejected whichever bit of it was flipped", async () => {
    const folder = await saved();
    const bits = fc.integer({ min: 0, max: state.length * 8 - 1 });
    await fc.assert(
      fc.asyncProperty(bits, async (bit) => {
        const bytes = Buffer.from(state);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await damage(folder, bytes);
        expect(await messageOf(folder)).toContain("does not have the checksum");
      }),
      { numRuns: 30 },
    );
  });

  it("is rejected wherever it was cut off, with the way back that is named", async () => {
    const folder = await saved();
    const path = folder.path(KEY);
    for (const length of [0, 1, 100, state.length - 1]) {
      await damage(folder, state.subarray(0, length));
      const message = await messageOf(folder);
      expect(message).toContain(`the checkpoint ${path} is damaged`);
      expect(message).toContain("Nothing was written.");
      expect(message).toContain(`${path}.bak, 13 resources`);
      expect(message).toContain(`cp '${path}.bak' '${path}' && rm -f '${path}.attrs'`);
      expect(await readFile(path)).toHaveLength(length);
    }
    // The way back works.
    await damage(folder, await readFile(`${path}.bak`));
    expect(await messageOf(folder)).toBe("read without complaint");
  });

  it("is told how to be kept, when it was changed on purpose", async () => {
    const folder = await saved();
    await damage(folder, Buffer.from(state.toString().replace("example/orders:2", "example/orders:9")));
    const message = await messageOf(folder);
    expect(message).toContain("does not have the checksum");
    expect(message).toContain(`keep it with: rm '${folder.path(KEY)}.attrs'`);
  });

  it("does not name a way back that is damaged too", async () => {
    const folder = await saved();
    await damage(folder, state.subarray(0, 10));
    await writeFile(folder.path(`${KEY}.bak`), older.subarray(0, 10));
    expect(await messageOf(folder)).toMatch(/There is no readable .*\.bak; copies of finished runs are in .*backups/);
  });

  // Without the checksum a flipped bit inside a text can't be told from the text: the CLI sees no more either.
  it("is rejected without a checksum too, where its shape, its magic number or a secret shows it", async () => {
    const folder = await saved();
    await folder.delete(KEY);
    for (const [from, to] of [
      [`"version":3`, `"version":3,`],
      ['"urn":', '"urm":'],
      ['"version":"v3.260.0"', '"version":"v3.260.1"'],
    ] as const) {
      await damage(folder, Buffer.from(state.toString().replace(from, to)));
      expect(await messageOf(folder)).toContain("is damaged");
    }
  });

  it("is told from a write that died: the file before is whole, and used", async () => {
    const folder = await saved();
    // What a kill leaves between the attributes' rename and the file's.
    await folder.write(`${KEY}.bak`, state);
    const next = new Folder({ directory: await temporaryFolder(), attributes: true, create: false });
    await next.write("x", Buffer.from("the next state"));
    await writeFile(`${folder.path(KEY)}.attrs`, await readFile(`${next.path("x")}.attrs`));
    const file = await readStackFile(folder, STACK);
    expect([file?.tidy, file?.parsed.types.length]).toEqual([false, 13]);
  });
});

describe("secrets of a damaged checkpoint", () => {
  it("rejects one that was changed, and names the property", async () => {
    const backend = await temporaryBackend();
    const folder = new Folder({ directory: backend.directory, attributes: false, create: false });
    const text = state.toString();
    const [, secret = ""] = /"password":\{[^}]*"ciphertext":"v1:[^:]*:([^"]*)"/.exec(text) ?? [];
    expect(secret).not.toBe("");
    await folder.write(KEY, Buffer.from(text.replace(secret, `A${secret.slice(1)}`)));
    const read = backend.readStack(STACK, { passphrase: PASSPHRASE });
    await expect(read).rejects.toThrow(/the secret \S+providers:weft::default inputs\.password can't be decrypted/);
  });

  it("rejects one that does not hold together", async () => {
    const backend = await temporaryBackend();
    const folder = new Folder({ directory: backend.directory, attributes: false, create: false });
    const parsed = JSON.parse(state.toString());
    parsed.checkpoint.latest.resources.shift();
    await folder.write(KEY, Buffer.from(JSON.stringify(parsed)));
    await expect(backend.readStack(STACK, { passphrase: PASSPHRASE })).rejects.toThrow("which is missing");
  });
});
