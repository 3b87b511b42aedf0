import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { create } from "tar";
import { describe, expect, it } from "vitest";
import { unpack } from "./archive.ts";
import { sandbox } from "./testing/fixture.ts";

interface Packed {
  readonly name: string;
  readonly content: string;
  readonly stored?: boolean;
  /** An extra field, as some packers add to the local head alone. */
  readonly extra?: number;
}

/** A zip file as packers write them: local heads with contents, then the directory, then the end. */
function zip(files: readonly Packed[], comment = ""): Buffer {
  const heads: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, stored = false, extra = 0 } of files) {
    const data = stored ? Buffer.from(content) : deflateRawSync(content);
    const common = Buffer.alloc(22);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(Buffer.byteLength(content), 18);
    const nameLength = Buffer.alloc(2);
    nameLength.writeUInt16LE(name.length);
    const extraLength = Buffer.alloc(2);
    extraLength.writeUInt16LE(extra);
    const local = Buffer.concat([
      Buffer.from("PK\x03\x04"),
      common,
      nameLength,
      extraLength,
      Buffer.from(name),
      Buffer.alloc(extra),
      data,
    ]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([Buffer.from("PK\x01\x02\x14\x03"), common, nameLength, Buffer.alloc(2), place, Buffer.from(name)]),
    );
    heads.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...heads, entries, end, Buffer.from(comment)]);
}

async function unpacked(content: Buffer, format: "tar.gz" | "zip", member: string): Promise<string> {
  const box = await sandbox();
  const archive = join(box.folder, "archive");
  const target = join(box.folder, "target");
  const scratch = join(box.folder, "scratch");
  await mkdir(scratch);
  await writeFile(archive, content);
  await unpack({ archive, format, member, target, scratch });
  return await readFile(target, "utf8");
}

const long = "a program, many times. ".repeat(10_000);

describe("a zip file", () => {
  const files: readonly Packed[] = [
    { name: "etcd-v1/README.md", content: "read me" },
    { name: "etcd-v1/etcd", content: long, extra: 28 },
    { name: "etcd-v1/etcdctl", content: "not this one" },
    { name: "etcd-v1/plain", content: "stored as it is", stored: true },
  ];

  it("gives one deflated file, whatever else it holds", async () => {
    expect(await unpacked(zip(files), "zip", "etcd-v1/etcd")).toBe(long);
  });

  it("gives a stored file", async () => {
    expect(await unpacked(zip(files), "zip", "etcd-v1/plain")).toBe("stored as it is");
  });

  it("may end with a comment", async () => {
    expect(await unpacked(zip(files, "made by hand"), "zip", "etcd-v1/etcd")).toBe(long);
  });

  it.each<[string, Buffer, RegExp]>([
    ["that lacks the file", zip([{ name: "other", content: "x" }]), /holds no etcd-v1\/etcd$/],
    ["that is something else", Buffer.from("<html>"), /is not a zip file$/],
    ["that is cut off", zip(files).subarray(0, 300), /is not a zip file$/],
    ["that is empty", Buffer.alloc(0), /is not a zip file$/],
  ])("rejects one %s", async (_case, content, message) => {
    await expect(unpacked(content, "zip", "etcd-v1/etcd")).rejects.toThrow(message);
  });
});

describe("a tar archive", () => {
  async function tar(): Promise<Buffer> {
    const box = await sandbox();
    await mkdir(join(box.folder, "etcd-v1"));
    await writeFile(join(box.folder, "etcd-v1", "etcd"), long);
    await symlink("etcd", join(box.folder, "etcd-v1", "link"));
    await create({ gzip: true, cwd: box.folder, file: join(box.folder, "t.tgz") }, ["etcd-v1"]);
    return await readFile(join(box.folder, "t.tgz"));
  }

  it("gives one file", async () => {
    expect(await unpacked(await tar(), "tar.gz", "etcd-v1/etcd")).toBe(long);
  });

  it("rejects one that lacks the file, or has a link in its place", async () => {
    await expect(unpacked(await tar(), "tar.gz", "etcd-v1/etcdctl")).rejects.toThrow(/holds no etcd-v1\/etcdctl$/);
    await expect(unpacked(await tar(), "tar.gz", "etcd-v1/link")).rejects.toThrow(/is not a plain file$/);
  });

  it("rejects what is no archive", async () => {
    await expect(unpacked(Buffer.from("<html>".repeat(200)), "tar.gz", "etcd-v1/etcd")).rejects.toThrow();
  });
});
