import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { service } from "./fixtures.ts";
import { cannotRead, decode, readFolder } from "./folder.ts";
import { CatalogError, loadCatalog } from "./index.ts";

let root = "";
const put = (name: string, content: string | Uint8Array) => writeFile(join(root, name), content);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "weft-catalog-"));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

describe("readFolder", () => {
  it("reads yaml and yml files of the folder and its subfolders, and nothing hidden", async () => {
    await mkdir(join(root, "team/inner"), { recursive: true });
    await mkdir(join(root, ".git"));
    for (const name of ["b.yaml", "a.yml", "C.YAML", "team/d.yaml", "team/inner/e.yaml"]) await put(name, name);
    for (const name of [".hidden.yaml", ".git/x.yaml", "README.md", "a.yaml.bak", "json.json"]) await put(name, "x");
    const { files, problems } = await readFolder(root);
    expect(problems).toEqual([]);
    expect(files).toEqual(
      ["C.YAML", "a.yml", "b.yaml", "team/d.yaml", "team/inner/e.yaml"].map((name) => ({ file: name, text: name })),
    );
  });

  it("follows a link to a file inside the folder", async () => {
    await mkdir(join(root, ".data"));
    await put(".data/a", "linked");
    await symlink(".data/a", join(root, "a.yaml"));
    expect((await readFolder(root)).files).toEqual([{ file: "a.yaml", text: "linked" }]);
  });

  it("rejects a linked folder, whatever its name, and reads the files beside it", async () => {
    const other = await mkdtemp(join(tmpdir(), "weft-catalog-linked-"));
    await writeFile(join(other, "b.yaml"), "linked");
    await put("a.yaml", "mine");
    await symlink(other, join(root, "team"));
    await symlink("gone", join(root, "nowhere"));
    const { files, problems } = await readFolder(root);
    await rm(other, { recursive: true });
    expect(files).toEqual([{ file: "a.yaml", text: "mine" }]);
    expect(problems).toMatchObject([
      {
        file: "team",
        message: "This is a link to a folder, which is not followed.",
        fix: "put the folder itself here",
      },
    ]);
  });

  it("drops a byte order mark", async () => {
    await put("a.yaml", "\ufeffname: a");
    expect((await readFolder(root)).files).toEqual([{ file: "a.yaml", text: "name: a" }]);
  });

  it.each([
    ["a link out of the folder", () => symlink("/etc/hostname", join(root, "a.yaml")), /leads out/],
    ["a link that leads out by ..", () => symlink("../../etc/hostname", join(root, "a.yaml")), /leads out/],
    ["a link to nothing", () => symlink("gone", join(root, "a.yaml")), /does not exist/],
    ["a link to itself", () => symlink("a.yaml", join(root, "a.yaml")), /link that leads to itself/],
    ["a link to a folder", () => symlink(".", join(root, "a.yaml")), /link to a folder, which is not followed/],
    // Opened as a file is, a pipe without a writer would block for ever.
    ["a named pipe", async () => execFileSync("mkfifo", [join(root, "a.yaml")]), /not a regular file/],
    ["a huge file", () => put("a.yaml", "#".repeat(10_000_000)), /10000000 bytes, and 65536 is the most/],
    ["bytes that are not UTF-8", () => put("a.yaml", Buffer.from("x: 1\ny: \xe9\n", "latin1")), /not UTF-8/],
  ])("rejects %s", async (_, make, message) => {
    await make();
    const { files, problems } = await readFolder(root);
    expect(files).toEqual([]);
    expect(problems).toMatchObject([{ file: "a.yaml", message: expect.stringMatching(message) }]);
  });

  it("takes a file of exactly the most bytes", async () => {
    await put("a.yaml", "#".repeat(65_536));
    expect((await readFolder(root)).files).toHaveLength(1);
  });

  it("rejects folders in folders without end", async () => {
    await mkdir(join(root, "a/".repeat(20)), { recursive: true });
    expect((await readFolder(root)).problems).toMatchObject([{ message: expect.stringMatching(/more than 8 deep/) }]);
  });

  it("rejects an empty folder, a missing one and one that is a file", async () => {
    await put("notes.txt", "x");
    const message = async (folder: string) => (await readFolder(folder)).problems.map((problem) => problem.message);
    expect(await message(root)).toEqual(["The folder holds no service files."]);
    expect(await message(join(root, "gone"))).toEqual(["The folder does not exist."]);
    expect(await message(join(root, "notes.txt"))).toEqual(["The folder is not a folder."]);
  });
});

describe("cannotRead", () => {
  // The system calls can't be made to fail this way for a superuser, whom permissions do not bind.
  it("says what a refused file or folder needs", () => {
    const error = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
    expect(cannotRead(".", error).message).toBe("The folder may not be read by this user.");
    expect(cannotRead("a.yaml", error)).toMatchObject({
      file: "a.yaml",
      message: expect.stringMatching(/may not be read/),
    });
    expect(cannotRead("a.yaml", Object.assign(new Error("x"), { code: "EIO" })).message).toMatch(
      /can't be read \(EIO\)/,
    );
  });
});

describe("decode", () => {
  it("tells the line and column of the first byte that is not UTF-8", () => {
    const bytes = Buffer.concat([Buffer.from("a: é\nb: \ufffd ü"), Buffer.from([0xff]), Buffer.from("c\n")]);
    expect(decode("a.yaml", bytes)).toMatchObject({
      position: { line: 2, column: 7, excerpt: { column: 1, text: "b: \ufffd ü\ufffd" } },
    });
  });

  it("recognises UTF-16", () => {
    expect(decode("a.yaml", Buffer.from("\ufeffname: a", "utf16le"))).toMatchObject({
      message: expect.stringMatching(/UTF-16/),
    });
  });
});

describe("loadCatalog", () => {
  it("loads a folder", async () => {
    await put("a.yaml", service());
    await put("b.yaml", service({ name: "web", calls: "[]" }));
    const { services } = await loadCatalog(root);
    expect(services.map(({ name, file }) => [name, file])).toEqual([
      ["orders", "a.yaml"],
      ["web", "b.yaml"],
    ]);
  });

  it("rejects a folder with problems by one error that holds all of them, of files and of what is in them", async () => {
    await put("a.yaml", service({ image: "x", calls: "[payments]" }));
    await put("payments.yaml", Buffer.from([0xff]));
    await put("z.yaml", "\tname: z\n");
    const error = await loadCatalog(root).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CatalogError);
    const { problems, message } = error as CatalogError;
    expect(problems.map(({ file }) => file)).toEqual(["a.yaml", "payments.yaml", "z.yaml"]);
    expect(message).toContain(`3 problems in the service catalog ${root}:`);
  });
});
