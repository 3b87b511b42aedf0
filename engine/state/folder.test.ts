import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixtures/support.ts";
import { Folder } from "./folder.ts";

async function open(attributes = true): Promise<{ folder: Folder; root: string }> {
  const root = await temporaryFolder();
  return { folder: new Folder({ directory: root, attributes, create: false }), root };
}

const bytes = (text: string) => Buffer.from(text);

describe("a backend's files", () => {
  it("have beside them the attributes that the CLI's blob library writes", async () => {
    const { folder, root } = await open();
    await folder.write("a/meta.yaml", bytes("version: 1\n"));
    expect(await readdir(join(root, "a"))).toEqual(["meta.yaml", "meta.yaml.attrs"]);
    // Recorded of the CLI for the same content.
    expect(await readFile(join(root, "a/meta.yaml.attrs"), "utf8")).toBe(
      '{"user.cache_control":"","user.content_disposition":"","user.content_encoding":"","user.content_language":"","user.content_type":"text/plain; charset=utf-8","user.metadata":null,"md5":"EaRWdV65+nlqCnYlI4a4Wg=="}\n',
    );
    expect(await folder.list("a")).toEqual(["meta.yaml"]);
  });

  it("have none when the URL says so", async () => {
    const { folder, root } = await open(false);
    await folder.write("a", bytes("1"), "a.bak");
    await folder.write("a", bytes("2"), "a.bak");
    expect(await readdir(root)).toEqual(["a", "a.bak"]);
    expect(await folder.checksum("a", bytes("x"))).toBe("absent");
  });

  it("keep the content before, and the mode that the user gave them", async () => {
    const { folder, root } = await open();
    await folder.write("a", bytes("one"), "a.bak");
    expect(await readdir(root)).toEqual(["a", "a.attrs"]);
    await rm(join(root, "a"));
    await writeFile(join(root, "a"), "one", { mode: 0o600 });
    for (const text of ["two", "three"]) await folder.write("a", bytes(text), "a.bak");
    expect([await folder.read("a"), await folder.read("a.bak")]).toEqual([bytes("three"), bytes("two")]);
    expect((await stat(join(root, "a"))).mode & 0o777).toBe(0o600);
    expect(await folder.checksum("a.bak", bytes("two"))).toBe("match");
    expect(await readdir(root)).toEqual(["a", "a.attrs", "a.bak", "a.bak.attrs"]);
  });

  it("tell a changed file from a whole one, and from one whose checksum nobody wrote", async () => {
    const { folder, root } = await open();
    await folder.write("a", bytes("one"));
    expect(await folder.checksum("a", bytes("one"))).toBe("match");
    expect(await folder.checksum("a", bytes("onf"))).toBe("mismatch");
    await writeFile(join(root, "a.attrs"), "{broken");
    expect(await folder.checksum("a", bytes("one"))).toBe("mismatch");
    await writeFile(join(root, "a.attrs"), '{"md5":null}');
    expect(await folder.checksum("a", bytes("one"))).toBe("absent");
    await rm(join(root, "a.attrs"));
    expect(await folder.checksum("a", bytes("one"))).toBe("absent");
  });

  it("leave nothing half-written when a write fails, and the old content whole", async () => {
    const { folder, root } = await open();
    await folder.write("a", bytes("one"));
    // A folder where the kept file should go: its rename fails after everything was prepared.
    await folder.write("a.bak/inside", bytes("x"));
    await expect(folder.write("a", bytes("two"), "a.bak")).rejects.toThrow();
    expect(await folder.read("a")).toEqual(bytes("one"));
    expect(await folder.checksum("a", bytes("one"))).toBe("match");
    expect(await readdir(root)).toEqual(["a", "a.attrs", "a.bak"]);
  });

  it("are taken out of use and deleted with their attributes, present or not", async () => {
    const { folder, root } = await open();
    await folder.write("a", bytes("one"));
    await folder.retire("a");
    expect(await readdir(root)).toEqual(["a.bak", "a.bak.attrs"]);
    for (let time = 0; time < 2; time++) await folder.delete("a.bak");
    expect(await readdir(root)).toEqual([]);
  });

  it("are tidied of what killed runs left, and of nothing else", async () => {
    const { folder, root } = await open();
    const left = ["dev.json.1f.tmp", "dev.json.attrs.1f.tmp", "dev.json.gz.bak.attrs.1f.tmp"];
    const kept = ["dev.json", "dev.json.bak", "dev.json.json.1f.tmp", "dev2.json.1f.tmp", "dev.json.notes.tmp"];
    for (const name of [...left, ...kept]) await writeFile(join(root, name), "x");
    await folder.removeTemporary(".", "dev.json");
    expect((await readdir(root)).sort()).toEqual(kept.sort());
  });
});
