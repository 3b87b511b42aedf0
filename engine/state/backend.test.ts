import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openBackend } from "./backend.ts";
import {
  PASSPHRASE,
  recordedState,
  resource,
  STACK,
  snapshotOf,
  temporaryBackend,
  temporaryFolder,
} from "./fixtures/support.ts";

const KEYS = { passphrase: PASSPHRASE };
const META = ".pulumi/meta.yaml";

describe("opening a backend", () => {
  it("marks a new folder with the layout that the CLI uses", async () => {
    const project = await temporaryFolder();
    await mkdir(join(project, "state"));
    const backend = await openBackend("file://./state", project, {});
    expect(backend.directory).toBe(join(project, "state"));
    expect(await readFile(join(backend.directory, META), "utf8")).toBe("version: 1\n");
    await openBackend("file://./state", project, {});
    expect(await readdir(join(backend.directory, ".pulumi"))).toEqual(["meta.yaml", "meta.yaml.attrs"]);
  });

  it("makes a missing folder only when the URL asks for it", async () => {
    const project = await temporaryFolder();
    const open = openBackend("file://./state", project, {});
    await expect(open).rejects.toThrow(`mkdir -p '${join(project, "state")}'`);
    await openBackend("file://./state?create_dir=1", project, {});
    expect((await stat(join(project, "state"))).isDirectory()).toBe(true);
  });

  it("rejects a file in place of the folder", async () => {
    const project = await temporaryFolder();
    await writeFile(join(project, "state"), "");
    await expect(openBackend("file://./state", project, {})).rejects.toThrow("which is a file");
  });

  it.each([
    ["version: 2\n", "says version 2; the built-in engine knows version 1"],
    ["version: 0\n", "pulumi state upgrade"],
    ["", "has no version"],
    ["version: one\n", "has no version"],
    ["version: [", "is damaged"],
  ])("rejects the layout %j", async (meta, message) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, ".pulumi"));
    await writeFile(join(folder, META), meta);
    await expect(openBackend(`file://${folder}`, "/", {})).rejects.toThrow(message);
    expect(await readFile(join(folder, META), "utf8")).toBe(meta);
  });

  it("rejects old state, which has no mark and no projects", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, ".pulumi/stacks"), { recursive: true });
    await writeFile(join(folder, ".pulumi/stacks/dev.json"), "{}");
    await expect(openBackend(`file://${folder}`, "/", {})).rejects.toThrow("pulumi state upgrade");
    expect(await readdir(join(folder, ".pulumi"))).toEqual(["stacks"]);
  });

  it("rejects two compressions at once", async () => {
    const env = { PULUMI_DIY_BACKEND_GZIP: "true", PULUMI_DIY_BACKEND_ZSTD: "1" };
    await expect(temporaryBackend(env)).rejects.toThrow("unset one of them");
  });
});

describe("the stacks of a backend", () => {
  it("are listed by project and name, whatever else lies there", async () => {
    const backend = await temporaryBackend();
    const folder = join(backend.directory, ".pulumi/stacks");
    const files = ["weft/local.json", "weft/dev.json.gz", "weft/dev.json", "other/a.b.json.zst"];
    const noise = [
      "weft/local.json.bak",
      "weft/local.json.attrs",
      "weft/x.json.1f.tmp",
      "weft/local.pulumi-tags",
      "no project/a.json",
    ];
    for (const file of [...files, ...noise]) {
      await mkdir(join(folder, file, ".."), { recursive: true });
      await writeFile(join(folder, file), "{}");
    }
    const weft = [
      { project: "weft", stack: "dev" },
      { project: "weft", stack: "local" },
    ];
    expect(await backend.listStacks("weft")).toEqual(weft);
    expect(await backend.listStacks()).toEqual([{ project: "other", stack: "a.b" }, ...weft]);
    expect(await backend.listStacks("none")).toEqual([]);
    expect(await backend.readStack({ project: "none", stack: "none" }, KEYS)).toBeUndefined();
  });
});

describe("removing a stack", () => {
  async function withStack(...resources: Parameters<typeof snapshotOf>) {
    const backend = await temporaryBackend();
    const lock = await backend.lockStack(STACK);
    const state = await backend.openStack(lock, KEYS);
    await state.writer.save(snapshotOf());
    await state.writer.save(snapshotOf(...resources));
    await state.record({
      kind: "destroy",
      started: new Date(),
      ended: new Date(),
      succeeded: true,
      message: "",
      environment: {},
      config: {},
      resourceChanges: {},
    });
    return { backend, lock };
  }

  const root = resource("weft-local", { type: "pulumi:pulumi:Stack", custom: false, id: "" });

  it("leaves what pulumi stack rm leaves: the checkpoint as .bak, and the backups", async () => {
    const { backend, lock } = await withStack(root);
    await backend.removeStack(lock, { backups: false });
    expect(await backend.listStacks()).toEqual([]);
    const left = await readdir(backend.directory, { recursive: true });
    expect(left.filter((name) => name.includes("local.json"))).toEqual([
      ".pulumi/stacks/weft/local.json.bak",
      ".pulumi/stacks/weft/local.json.bak.attrs",
    ]);
    expect(left.filter((name) => name.includes("history/weft/local"))).toEqual([]);
    expect(left.filter((name) => /backups\/weft\/local\/.*\.json$/.test(name))).toHaveLength(1);
    await lock.release();
  });

  it("leaves nothing of it when asked to, and is not troubled by a stack that is gone", async () => {
    const { backend, lock } = await withStack(root);
    await backend.removeStack(lock, { backups: true });
    await backend.removeStack(lock, { backups: true });
    await lock.release();
    const left = await readdir(backend.directory, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual(["meta.yaml", "meta.yaml.attrs"]);
  });

  it("rejects a stack that still has resources", async () => {
    const { backend, lock } = await withStack(root, resource("a"), resource("b"));
    await expect(backend.removeStack(lock, { backups: true })).rejects.toThrow("still has 2 resources; destroy them");
    expect(await backend.listStacks()).toEqual([STACK]);
    await lock.release();
  });

  it("rejects a stack that may have made something nobody recorded", async () => {
    const backend = await temporaryBackend();
    await mkdir(join(backend.directory, ".pulumi/stacks/weft"), { recursive: true });
    const file = join(backend.directory, ".pulumi/stacks/weft/local.json");
    await writeFile(file, recordedState("c-interrupted/5-destroy-again"));
    await using lock = await backend.lockStack(STACK);
    await expect(backend.removeStack(lock, { backups: false })).rejects.toThrow("has 1 pending operations");
  });
});

describe("an empty backend", () => {
  it("is left without a trace", async () => {
    const backend = await temporaryBackend();
    await using lock = await backend.lockStack(STACK);
    const state = await backend.openStack(lock, KEYS);
    await state.writer.save(snapshotOf());
    expect(await backend.removeIfEmpty()).toBe(false);
    await backend.removeStack(lock, { backups: true });
    await lock.release();
    expect(await backend.removeIfEmpty()).toBe(true);
    expect(await readdir(backend.directory)).toEqual([]);
    expect(await backend.removeIfEmpty()).toBe(true);
  });

  it("is left alone while somebody is at work on a stack", async () => {
    const backend = await temporaryBackend();
    await using _lock = await backend.lockStack(STACK);
    expect(await backend.removeIfEmpty()).toBe(false);
    expect(await readFile(join(backend.directory, META), "utf8")).toBe("version: 1\n");
  });
});
