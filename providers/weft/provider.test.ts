import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { EngineLog } from "./engine-log.ts";
import { layout, makeFolders } from "./kwok/layout.ts";
import { WeftProvider } from "./provider.ts";

const URN = "urn:pulumi:local::weft::weft-native:cluster:Kwok::cluster";
// Everything that ends in an answer of the engine's own is for test/kwok-*.test.ts.
const log = { status: () => undefined, warn: () => undefined, delivered: async () => undefined };
const toolchain = { versions: [], install: () => Promise.reject(new Error("not part of this test")) };

async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), "weft-provider-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const at = layout(folder, "kwok", "local");
  await makeFolders(at, { urn: URN, uid: "u1" });
  return { folder, at, provider: new WeftProvider("1.0.0", folder, log as unknown as EngineLog, toolchain) };
}

describe("the end of a cluster", () => {
  it("takes what identifies it, and no output that a later release has added", async () => {
    const { folder, at, provider } = await setUp();
    await provider.delete("u1", URN, { path: at.cluster, name: "local", uid: "u1" });
    expect(await readdir(folder)).toEqual([]);
  });

  it("rejects a state that does not say which cluster", async () => {
    const { folder, at, provider } = await setUp();
    await expect(provider.delete("u1", URN, { path: at.cluster })).rejects.toThrow("lacks name, uid");
    expect(await readdir(folder)).toEqual(["kwok"]);
  });
});
