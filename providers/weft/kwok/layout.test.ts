import { chmod, mkdir, mkdtemp, readdir, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  fileState,
  fromPath,
  type Layout,
  layout,
  linkPrograms,
  MARKER,
  makeFolders,
  readMarker,
  removeEmptyRoots,
  removeFiles,
  writeMarker,
} from "./layout.ts";

let folder: string;
let at: Layout;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-layout-"));
  at = layout(folder, ".weft/kwok", "local");
});
afterEach(() => rm(folder, { recursive: true }));

async function fill(...files: string[]): Promise<void> {
  await makeFolders(at, { urn: "u" });
  for (const file of files) {
    await mkdir(dirname(join(at.cluster, file)), { recursive: true });
    await writeFile(join(at.cluster, file), "content");
  }
}

const COMPLETE = ["kwok.yaml", "kubeconfig.yaml", "pki/ca.crt", "pki/admin.crt", "pki/admin.key", "etcd/member"];

describe("a cluster's folder", () => {
  it("counts from the project, unless it is absolute, and is found again by its path", () => {
    expect(at.cluster).toBe(join(folder, ".weft/kwok/clusters/local"));
    expect(layout(folder, "/var/kwok", "local").cluster).toBe("/var/kwok/clusters/local");
    expect(fromPath(at.cluster, "local")).toEqual(at);
  });

  it("is closed to others", async () => {
    await makeFolders(at);
    expect((await stat(at.cluster)).mode & 0o777).toBe(0o700);
    expect((await stat(at.root)).mode & 0o777).toBe(0o700);
  });

  it("is complete with all that a start needs", async () => {
    expect((await fileState(at)).state).toBe("none");
    await fill(...COMPLETE.slice(1));
    expect(await fileState(at)).toEqual({ state: "broken", missing: ["kwok.yaml"] });
    await fill("kwok.yaml");
    expect(await fileState(at)).toEqual({ state: "complete", missing: [] });
  });

  it.each(COMPLETE.slice(0, -1))("is broken by an empty %s, as a full disk leaves it", async (file) => {
    await fill(...COMPLETE);
    await writeFile(join(at.cluster, file), "");
    expect(await fileState(at)).toEqual({ state: "broken", missing: [file] });
  });

  it("is somebody else's with content but without the marker, which is there from the first moment on", async () => {
    await fill(...COMPLETE);
    await writeFile(join(at.cluster, MARKER), "");
    expect((await fileState(at)).state).toBe("complete");
    await rm(join(at.cluster, MARKER));
    expect((await fileState(at)).state).toBe("foreign");
  });

  it("is nobody's when a kill left it empty, or all but empty", async () => {
    await mkdir(at.cluster, { recursive: true });
    expect((await fileState(at)).state).toBe("broken");
    await writeFile(join(at.cluster, `${MARKER}.new`), "{");
    expect((await fileState(at)).state).toBe("broken");
    expect(await removeFiles(at)).toEqual([]);
  });

  it("is closed to others also where it was open before", async () => {
    await mkdir(at.cluster, { recursive: true });
    await chmod(at.cluster, 0o777);
    await makeFolders(at);
    expect((await stat(at.cluster)).mode & 0o777).toBe(0o700);
  });

  it.each<[string, (elsewhere: string) => Promise<void>, RegExp]>([
    [
      "a link",
      (elsewhere) => symlink(elsewhere, at.cluster),
      /local is not a folder of yours: it is a link to \/.*else$/,
    ],
    ["a file", () => writeFile(at.cluster, ""), /EEXIST|local is not a folder of yours: it is a file$/],
  ])("rejects %s in its place, and touches nothing behind it", async (_case, put, message) => {
    const elsewhere = join(folder, "else");
    await mkdir(join(elsewhere, "pki"), { recursive: true });
    await mkdir(dirname(at.cluster), { recursive: true });
    await put(elsewhere);
    await expect(makeFolders(at, { urn: "u" })).rejects.toThrow(message);
    expect(await removeFiles(at)).toEqual([at.cluster]);
    expect(await readdir(elsewhere)).toEqual(["pki"]);
  });

  it("rejects a folder of another user, where they could read the keys", async () => {
    await mkdir(at.cluster, { recursive: true });
    const me = process.getuid?.() ?? 0;
    const getuid = vi.spyOn(process, "getuid").mockReturnValue(me + 1);
    await expect(makeFolders(at, { urn: "u" })).rejects.toThrow(
      `${at.cluster} is not a folder of yours: it belongs to user ${me}, and you are ${me + 1}`,
    );
    getuid.mockRestore();
    expect(await readdir(at.cluster)).toEqual([]);
  });

  it("is removed with all that is ours, and the empty folders around it", async () => {
    await fill(...COMPLETE, "logs/etcd.log", "pids/etcd.pid", "bin/etcd");
    expect(await removeFiles(at)).toEqual([]);
    await removeEmptyRoots(at);
    expect(await readdir(join(folder, ".weft"))).toEqual([]);
  });

  it("keeps what is not ours, and says where", async () => {
    await fill(...COMPLETE, "notes.txt");
    expect(await removeFiles(at)).toEqual([at.cluster]);
    await removeEmptyRoots(at);
    expect(await readdir(at.cluster)).toEqual(["notes.txt"]);
  });

  it("is removed twice without complaint", async () => {
    expect(await removeFiles(at)).toEqual([]);
    await removeEmptyRoots(at);
  });
});

describe("the note in it", () => {
  it("is read as written", async () => {
    await makeFolders(at);
    expect(await readMarker(at)).toBeUndefined();
    await writeMarker(at, { urn: "u" });
    expect(await readMarker(at)).toEqual({ urn: "u" });
    await writeMarker(at, { urn: "u", uid: "1" });
    expect(await readMarker(at)).toEqual({ urn: "u", uid: "1" });
  });

  it.each(["", "{", "[]", "null", '{"urn":1}'])("counts as missing when it holds %j", async (text) => {
    await makeFolders(at);
    await writeFile(join(at.cluster, "weft.json"), text);
    expect(await readMarker(at)).toBeUndefined();
  });
});

describe("the links to the programs", () => {
  it("follow programs that move, and tell so", async () => {
    await makeFolders(at);
    expect(await linkPrograms(at, { etcd: "/a/etcd" })).toBe(true);
    expect(await linkPrograms(at, { etcd: "/a/etcd" })).toBe(false);
    expect(await linkPrograms(at, { etcd: "/b/etcd" })).toBe(true);
    expect(await readlink(join(at.cluster, "bin/etcd"))).toBe("/b/etcd");
  });
});
