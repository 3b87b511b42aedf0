import { spawn } from "node:child_process";
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { entryFolder, readEntry, sweep, withStage } from "./cache.ts";
import { ToolchainError } from "./errors.ts";
import { installTools } from "./install.ts";
import { fakeTool, NATIVE, nativeTool, program, releaseServer, sandbox } from "./testing/fixture.ts";

const tool = fakeTool({ name: "alpha" });

async function installed() {
  const server = await releaseServer();
  server.serve("/alpha.test/alpha", program("alpha"));
  const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
  const path = (await installTools([tool], box.context)).get("alpha") ?? "";
  return { server, box, path, manifest: join(entryFolder(box.root, tool, "linux-amd64"), "manifest.json") };
}

describe("a cache entry", () => {
  it.each<[string, (paths: { path: string; manifest: string }) => Promise<void>, RegExp]>([
    ["a program of another size", ({ path }) => appendFile(path, "x"), /bytes; \d+ were installed$/],
    ["a program that lost its mode", ({ path }) => chmod(path, 0o644), /is not executable$/],
    ["no program", ({ path }) => rm(path), /holds only manifest\.json$/],
    ["no manifest", ({ manifest }) => rm(manifest), /holds only alpha$/],
    ["an empty manifest", ({ manifest }) => writeFile(manifest, ""), /is not a manifest$/],
    ["a manifest of something else", ({ manifest }) => writeFile(manifest, '{"sha256":"x"}'), /is not a manifest$/],
    [
      "a folder in the program's place",
      async ({ path }) => {
        await rm(path);
        await mkdir(path);
      },
      /is not a file$/,
    ],
  ])("with %s is reported, and installed again", async (_case, damage, reason) => {
    const { server, box, path, manifest } = await installed();
    await damage({ path, manifest });
    expect(await readEntry(box.root, tool, "linux-amd64")).toEqual({
      reason: expect.stringMatching(reason),
      damaged: true,
    });
    box.events.length = 0;

    await installTools([tool], box.context);

    expect(box.events[0]).toMatchObject({ step: "cache", state: "failed", message: expect.stringMatching(reason) });
    expect(await readFile(path, "utf8")).toBe(program("alpha"));
    expect("path" in (await readEntry(box.root, tool, "linux-amd64"))).toBe(true);
    expect(server.asked).toHaveLength(2);
    expect(await box.leftovers()).toEqual([]);
  });

  it("is kept when two installations end at the same time: the first one stays", async () => {
    const box = await sandbox();
    const publish = (source: "release" | "go") =>
      withStage(box.root, tool, "linux-amd64", async (stage) => {
        await box.script(stage.program, program("alpha"));
        return await stage.publish({ source });
      });
    const first = await publish("release");
    const second = await publish("go");
    expect(second).toEqual(first);
    expect(second.manifest.source).toBe("release");
  });

  it("belongs to one version and one platform", async () => {
    const { box } = await installed();
    const other = { ...tool, version: "9.8.8" };
    expect(await readEntry(box.root, other, "linux-amd64")).toMatchObject({ damaged: false });
    expect(await readEntry(box.root, tool, "linux-arm64")).toMatchObject({ damaged: false });
  });
});

describe("a cache that cannot be written", () => {
  // A file where the folder should be: unlike a mode, that stops root too.
  it("rejects with the folder's name and what to do about it, after looking on PATH", async () => {
    const box = await sandbox();
    const file = join(box.folder, "file");
    await writeFile(file, "");
    const context = { ...box.context, env: { ...box.context.env, WEFT_CACHE_DIR: file } };
    const error = await installTools([tool], context).catch((thrown: unknown) => thrown);
    if (!(error instanceof ToolchainError)) throw new Error(`expected a ToolchainError, got ${error}`);
    expect(error.failures[0]?.ways.map(({ way }) => way)).toEqual(["cache", "installed", "release", "go"]);
    expect(error.failures[0]?.ways[3]?.reason).toContain(`the cache ${file}/toolchain cannot be written: ENOTDIR`);
    expect(error.message).toContain("set WEFT_CACHE_DIR to another folder");

    await symlink(NATIVE, join(box.bin, "alpha"));
    expect((await installTools([nativeTool("alpha")], context)).get("alpha")).toBe(NATIVE);
  });
});

describe("leftovers of other installations", async () => {
  const host = await hostOfStages();

  async function leave(root: string, name: string): Promise<string> {
    const folder = join(root, ".staging", name);
    await mkdir(join(folder, "scratch"), { recursive: true });
    await writeFile(join(folder, "scratch", "download"), "half");
    return name;
  }

  /** The number of a process that has ended. */
  async function deadPid(): Promise<number> {
    const child = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => child.once("exit", resolve));
    return child.pid ?? 0;
  }

  it("are removed when their process is dead, and kept while it lives", async () => {
    const box = await sandbox();
    const living = spawn("/bin/sleep", ["300"]);
    onTestFinished(() => void living.kill("SIGKILL"));
    const kept = await leave(box.root, `alpha~${living.pid}~00000000~${host}`);
    await leave(box.root, `alpha~${await deadPid()}~00000000~${host}`);
    // In a container, the dead process may have had the number that this one has now.
    await leave(box.root, `beta~${process.pid}~00000000~${host}`);
    await sweep(box.root);
    expect(await box.leftovers()).toEqual([kept]);
  });

  it("of other machines are removed after a day, for nobody can tell whether their process lives", async () => {
    const box = await sandbox();
    const fresh = await leave(box.root, `alpha~1~00000000~${host}.elsewhere`);
    const old = await leave(box.root, `alpha~2~00000000~${host}.elsewhere`);
    const twoDaysAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
    await utimes(join(box.root, ".staging", old), twoDaysAgo, twoDaysAgo);
    await sweep(box.root);
    expect(await box.leftovers()).toEqual([fresh]);
  });

  it.runIf(process.platform === "linux")("of a container with this one's name count as another machine's", async () => {
    const box = await sandbox();
    const [elsewhere, replaced] = [host.replace(/\d+_?$/, "4026500000_"), /\d+_?$/.test(host)];
    expect(replaced).toBe(true);
    // Living over there, under a number that nobody has here.
    const kept = await leave(box.root, `alpha~${await deadPid()}~00000000~${elsewhere}`);
    await sweep(box.root);
    expect(await box.leftovers()).toEqual([kept]);
  });

  it("do not include the stage of an installation in this process", async () => {
    const box = await sandbox();
    await withStage(box.root, tool, "linux-amd64", async () => {
      await sweep(box.root);
      expect(await box.leftovers()).toHaveLength(1);
    });
    expect(await box.leftovers()).toEqual([]);
  });
});

/** The part of a stage's name that says where its process numbers mean something. */
async function hostOfStages(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "weft-host-"));
  try {
    const [name = ""] = await withStage(root, tool, "linux-amd64", () => readdir(join(root, ".staging")));
    return name.split("~")[3] ?? "";
  } finally {
    await rm(root, { recursive: true });
  }
}
