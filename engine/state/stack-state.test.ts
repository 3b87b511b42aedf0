import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { Secret } from "../property.ts";
import type { Backend } from "./backend.ts";
import { PASSPHRASE, recordedState, resource, STACK, snapshotOf, temporaryBackend } from "./fixtures/support.ts";
import type { UpdateRecord } from "./history.ts";
import { Passphrase } from "./passphrase.ts";
import { createCrypter } from "./secrets.ts";
import type { StackKeys, StackState } from "./stack-state.ts";

const KEYS: StackKeys = { passphrase: PASSPHRASE };
const fileOf = (backend: Backend, suffix = "") => join(backend.directory, `.pulumi/stacks/weft/local.json${suffix}`);

async function open(backend: Backend, keys = KEYS): Promise<StackState> {
  const lock = await backend.lockStack(STACK);
  onTestFinished(() => lock.release());
  return backend.openStack(lock, keys);
}

/** A backend that holds a recorded state as the stack `local`. */
async function recorded(name: string, env: Record<string, string> = {}): Promise<Backend> {
  const backend = await temporaryBackend(env);
  await mkdir(join(fileOf(backend), ".."), { recursive: true });
  await writeFile(fileOf(backend), recordedState(name));
  return backend;
}

describe("a stack that is new", () => {
  it("begins empty, and exists with the first save", async () => {
    const backend = await temporaryBackend();
    const state = await open(backend);
    expect([state.isNew, state.snapshot.resources]).toEqual([true, []]);
    expect(await backend.listStacks()).toEqual([]);
    await state.writer.save(snapshotOf(resource("a")));
    expect(await backend.listStacks()).toEqual([STACK]);
    const read = await backend.readStack(STACK, KEYS);
    expect(read?.snapshot).toEqual(snapshotOf(resource("a")));
    expect(read?.file).toBe(state.file);
    expect(await readFile(state.file, "utf8")).not.toContain("of a");
  });

  it("does not begin with a record of a run that saved nothing", async () => {
    const backend = await temporaryBackend();
    await (await open(backend)).record(run);
    expect(await readdir(join(backend.directory, ".pulumi"))).toEqual(["locks", "meta.yaml", "meta.yaml.attrs"]);
  });
});

describe("a stack that was recorded by the CLI", () => {
  it("keeps its file untouched when nothing changes", async () => {
    const backend = await recorded("a-platform/1-after-up");
    const before = await stat(fileOf(backend));
    const { writer, snapshot } = await open(backend);
    // New objects with the same content, secrets included, as a run without changes makes them.
    const copy = snapshot.resources.map((state) => ({ ...state, inputs: { ...state.inputs } }));
    await writer.save({ ...snapshot, resources: copy });
    expect(await readFile(fileOf(backend))).toEqual(recordedState("a-platform/1-after-up"));
    expect((await stat(fileOf(backend))).mtimeMs).toBe(before.mtimeMs);
  });

  it("changes only what changed: the other secrets keep their ciphertexts", async () => {
    const backend = await recorded("a-platform/1-after-up");
    const { writer, snapshot } = await open(backend);
    const resources = snapshot.resources.map((state) =>
      state.type === "pulumi:providers:weft" ? { ...state, inputs: { password: new Secret("other") } } : state,
    );
    await writer.save({ ...snapshot, resources });
    const [old, young] = [recordedState("a-platform/1-after-up").toString(), await readFile(fileOf(backend), "utf8")];
    const ciphertexts = (text: string): string[] => text.match(/"ciphertext":"[^"]+"/g) ?? [];
    const kept = ciphertexts(young).filter((text) => ciphertexts(old).includes(text));
    expect([ciphertexts(old).length, ciphertexts(young).length, kept.length]).toEqual([9, 9, 8]);
    expect(await readFile(fileOf(backend, ".bak"), "utf8")).toBe(old);
  });

  it("is encrypted anew when the stack's config has another salt", async () => {
    const backend = await recorded("a-platform/1-after-up");
    const { salt } = await createCrypter(PASSPHRASE);
    const { writer, snapshot } = await open(backend, { ...KEYS, encryptionSalt: { salt, file: "Pulumi.local.yaml" } });
    await writer.save(snapshot);
    const text = await readFile(fileOf(backend), "utf8");
    expect(JSON.parse(text).checkpoint.latest.secrets_providers.state.salt).toBe(salt);
    const old =
      recordedState("a-platform/1-after-up")
        .toString()
        .match(/"ciphertext":"[^"]+"/g) ?? [];
    expect(old.filter((ciphertext) => text.includes(ciphertext))).toEqual([]);
    expect((await backend.readStack(STACK, KEYS))?.snapshot).toEqual(snapshot);
  });

  it("rejects a wrong passphrase before anything is written", async () => {
    const backend = await recorded("a-platform/1-after-up");
    const keys = { passphrase: new Passphrase("wrong", "the test") };
    await expect(open(backend, keys)).rejects.toThrow("wrong passphrase: the test does not open the secrets of");
    await expect(backend.readStack(STACK, keys)).rejects.toThrow("wrong passphrase");
    expect(await readFile(fileOf(backend))).toEqual(recordedState("a-platform/1-after-up"));
  });

  it("rejects features that the engine does not act on, but shows the stack", async () => {
    const backend = await recorded("b-options/1-up");
    await expect(open(backend)).rejects.toThrow("uses hooks, which the built-in engine does not do");
    expect((await backend.readStack(STACK, KEYS))?.features).toEqual(["hooks"]);
  });

  it("gives its pending operations", async () => {
    const backend = await recorded("c-interrupted/1-killed");
    const [operation] = (await open(backend)).snapshot.pendingOperations;
    expect([operation?.type, operation?.resource.type]).toEqual(["creating", "kubernetes:apps/v1:Deployment"]);
  });
});

const run: UpdateRecord = {
  kind: "update",
  started: new Date(1795334349_000),
  ended: new Date(1795334365_000),
  succeeded: true,
  message: "",
  environment: { updatePlan: "false", "exec.kind": "cli" },
  config: { "weft:password": { secure: "v1:…" }, "weft:nodes": "6" },
  resourceChanges: { create: 12 },
};

describe("the record of a run", () => {
  it("is a history entry as the CLI writes it, with the checkpoint beside it, and a backup", async () => {
    const backend = await temporaryBackend();
    const state = await open(backend);
    void state.writer.save(snapshotOf(resource("a")));
    await state.record(run);
    const history = join(backend.directory, ".pulumi/history/weft/local");
    const [checkpoint = "", , entry = "", , ...others] = (await readdir(history)).sort();
    expect(others).toEqual([]);
    expect(checkpoint).toMatch(/^local-\d{19}\.checkpoint\.json$/);
    expect(entry).toBe(checkpoint.replace("checkpoint", "history"));
    expect(await readFile(join(history, checkpoint))).toEqual(await readFile(state.file));
    const written = JSON.parse(await readFile(join(history, entry), "utf8"));
    const official = JSON.parse(recordedState("backend/history").toString());
    expect(Object.keys(written)).toEqual(Object.keys(official));
    expect(written).toEqual({
      ...official,
      environment: { "exec.kind": "cli", updatePlan: "false" },
      config: { "weft:nodes": "6", "weft:password": { secure: "v1:…" } },
    });
    const [backup = ""] = await readdir(join(backend.directory, ".pulumi/backups/weft/local"));
    expect(backup).toMatch(/^local\.\d{19}\.json$/);
  });

  it("makes no backup when the CLI would not", async () => {
    const backend = await temporaryBackend({ PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true" });
    const state = await open(backend);
    await state.writer.save(snapshotOf());
    await state.record({ ...run, succeeded: false, resourceChanges: {} });
    expect(await readdir(join(backend.directory, ".pulumi"))).not.toContain("backups");
    const files = await readdir(join(backend.directory, ".pulumi/history/weft/local"));
    const entry = files.find((file) => file.endsWith(".history.json")) ?? expect.fail();
    const text = await readFile(join(backend.directory, ".pulumi/history/weft/local", entry), "utf8");
    expect(JSON.parse(text)).toMatchObject({ result: "failed" });
    expect(text).not.toContain("resourceChanges");
  });
});

describe("compressed checkpoints", () => {
  it.each([
    ["PULUMI_DIY_BACKEND_GZIP", ".gz"],
    ["PULUMI_DIY_BACKEND_ZSTD", ".zst"],
  ])("are written with %s, in place of the plain one, and back", async (variable, suffix) => {
    const plain = await recorded("a-platform/1-after-up");
    const folder = plain.directory;
    const { openBackend } = await import("./backend.ts");
    const packed = await openBackend(`file://${folder}`, "/", { [variable]: "1" });
    const names = async () => (await readdir(join(folder, ".pulumi/stacks/weft"))).filter((n) => !n.endsWith(".attrs"));
    const lock = await packed.lockStack(STACK);
    const { snapshot, writer } = await packed.openStack(lock, KEYS);
    await writer.save(snapshot);
    expect((await names()).sort()).toEqual([`local.json${suffix}`, "local.json.bak"].sort());
    expect(await packed.listStacks()).toEqual([STACK]);
    const again = await plain.openStack(lock, KEYS);
    expect(again.snapshot).toEqual(snapshot);
    await again.writer.save(snapshot);
    expect((await names()).sort()).toEqual(["local.json", `local.json${suffix}.bak`, "local.json.bak"].sort());
    await lock.release();
  });
});

describe("a save that fails or is cut short", () => {
  const script = join(import.meta.dirname, "fixtures/child.ts");

  it("rejects on a full disk, keeps what was recorded, and says where", async () => {
    const backend = await temporaryBackend();
    // A limit on the size of files stands for the full disk: writes end short in the same way.
    const command = `ulimit -f 64 && exec "$0" "$1" fill "$2" 1000000`;
    const child = spawn("sh", ["-c", command, process.execPath, script, backend.directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
    expect(output).toContain(`can't write the state to ${fileOf(backend)}: the disk is full, or a limit was reached`);
    expect(output).toContain("What was recorded before is whole");
    const read = await backend.readStack(STACK, KEYS);
    expect(read?.snapshot.resources.map(({ id }) => id)).toEqual(["1"]);
    expect((await readdir(join(fileOf(backend), ".."))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("survives kills in the middle of hundreds of writes: what was acknowledged, or newer, is read back", {
    timeout: 60_000,
  }, async () => {
    const backend = await temporaryBackend();
    let writes = 0;
    for (let kill = 1; kill <= 6; kill++) {
      const child = spawn(process.execPath, [script, "save", backend.directory, "200000"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      const exit = once(child, "exit");
      let acknowledged = 0;
      for await (const line of createInterface(child.stdout)) {
        acknowledged = Number(line);
        if (acknowledged >= kill * 20) child.kill("SIGKILL");
      }
      await exit;
      writes += acknowledged;
      const read = await backend.readStack(STACK, KEYS);
      const found = Number(read?.snapshot.resources[0]?.id);
      expect(found).toBeGreaterThanOrEqual(acknowledged);
      expect(found).toBeLessThanOrEqual(acknowledged + 1);
      expect(read?.snapshot.resources[0]?.outputs.filling).toHaveLength(200000);
      // The next run takes the lock over and tidies up.
      const lock = await backend.lockStack(STACK);
      const { writer, snapshot } = await backend.openStack(lock, KEYS);
      await writer.save({ ...snapshot, pendingOperations: [] });
      const names = await readdir(join(fileOf(backend), ".."));
      expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
      await lock.release();
    }
    expect(writes).toBeGreaterThanOrEqual(400);
  });

  it("records a state that does not hold together, as the CLI does, and then rejects", async () => {
    const backend = await temporaryBackend();
    const { writer } = await open(backend);
    await writer.save(snapshotOf(resource("a")));
    const broken = snapshotOf(resource("b", { parent: "urn:pulumi:local::weft::t::gone" }));
    await expect(writer.save(broken)).rejects.toThrow("a bug in the engine");
    const written = JSON.parse(await readFile(fileOf(backend), "utf8"));
    expect(written.checkpoint.latest.metadata.integrity_error.error).toContain("which is missing");
    await expect(backend.readStack(STACK, KEYS)).rejects.toThrow(`${fileOf(backend)}.bak`);
  });
});

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}
