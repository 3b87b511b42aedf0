import { createReadStream, createWriteStream } from "node:fs";
import { lstat, open, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createInflateRaw } from "node:zlib";
import { extract } from "tar";

export interface UnpackOptions {
  readonly archive: string;
  readonly format: "tar.gz" | "zip";
  /** Path of the wanted file inside the archive; nothing else is unpacked. */
  readonly member: string;
  /** Where the file is put; its folder exists. */
  readonly target: string;
  /** A folder on the target's file system to work in. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
}

/**
 * Takes one file out of an archive whose checksum has been verified.
 *
 * @throws an Error when the archive can't be read or holds no such file.
 */
export async function unpack(options: UnpackOptions): Promise<void> {
  const { archive, format, member, target, scratch, signal } = options;
  if (format === "tar.gz") await unpackTar(archive, member, target, scratch);
  else await unpackZip(archive, member, target, signal);
  signal?.throwIfAborted();
}

async function unpackTar(archive: string, member: string, target: string, scratch: string): Promise<void> {
  await extract({
    file: archive,
    cwd: scratch,
    strip: member.split("/").length - 1,
    filter: (path) => path.replace(/^\.\//, "") === member,
    strict: true,
    // Root would otherwise give the file to the user number of whoever packed it.
    preserveOwner: false,
  });
  const unpacked = join(scratch, basename(member));
  const info = await lstat(unpacked).catch(() => undefined);
  if (info === undefined) throw absent(archive, member);
  if (!info.isFile()) throw new Error(`${member} in ${archive} is not a plain file`);
  await rename(unpacked, target);
}

// The fixed parts of a zip file, by the field names of PKWARE's APPNOTE.TXT 4.3. etcd's releases for darwin are zip
// files, and none of the packages in use reads them.
const END = { size: 22, entries: 10, directorySize: 12, directoryOffset: 16 };
const END_SIGNATURE = Buffer.from([0x50, 0x4b, 0x05, 0x06]);
const CENTRAL = {
  signature: 0x02014b50,
  size: 46,
  method: 10,
  packed: 20,
  unpacked: 24,
  name: 28,
  extra: 30,
  comment: 32,
  offset: 42,
};
const LOCAL = { signature: 0x04034b50, size: 30, name: 26, extra: 28 };
const STORED = 0;
const DEFLATED = 8;
const LONGEST_COMMENT = 0xffff;

async function unpackZip(
  archive: string,
  member: string,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const entry = await findZipEntry(archive, member);
  const { method, start, packed, unpacked } = entry;
  if (method !== STORED && method !== DEFLATED) throw new Error(`${archive}: unknown compression ${method}`);
  const source = createReadStream(archive, { start, end: start + packed - 1 });
  const sink = createWriteStream(target, { mode: 0o600 });
  if (method === STORED) await pipeline(source, sink, { signal });
  else await pipeline(source, createInflateRaw(), sink, { signal });
  if (sink.bytesWritten !== unpacked) {
    throw new Error(`${member} in ${archive} has ${sink.bytesWritten} bytes; the archive promises ${unpacked}`);
  }
}

async function findZipEntry(archive: string, member: string) {
  const file = await open(archive, "r");
  const read = async (position: number, length: number) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  };
  try {
    const { size } = await file.stat();
    const tail = await read(Math.max(0, size - END.size - LONGEST_COMMENT), END.size + LONGEST_COMMENT);
    const end = tail.lastIndexOf(END_SIGNATURE);
    if (end < 0 || tail.length < end + END.size) throw new Error(`${archive} is not a zip file`);
    const directory = await read(
      tail.readUInt32LE(end + END.directoryOffset),
      tail.readUInt32LE(end + END.directorySize),
    );
    let at = 0;
    for (let left = tail.readUInt16LE(end + END.entries); left > 0; left--) {
      if (directory.readUInt32LE(at) !== CENTRAL.signature) throw new Error(`${archive}: its directory is damaged`);
      const nameLength = directory.readUInt16LE(at + CENTRAL.name);
      const name = directory.toString("utf8", at + CENTRAL.size, at + CENTRAL.size + nameLength);
      if (name === member) {
        const offset = directory.readUInt32LE(at + CENTRAL.offset);
        const local = await read(offset, LOCAL.size);
        if (local.readUInt32LE(0) !== LOCAL.signature)
          throw new Error(`${archive}: ${member} is not where it should be`);
        return {
          method: directory.readUInt16LE(at + CENTRAL.method),
          packed: directory.readUInt32LE(at + CENTRAL.packed),
          unpacked: directory.readUInt32LE(at + CENTRAL.unpacked),
          start: offset + LOCAL.size + local.readUInt16LE(LOCAL.name) + local.readUInt16LE(LOCAL.extra),
        };
      }
      const tailLength = directory.readUInt16LE(at + CENTRAL.extra) + directory.readUInt16LE(at + CENTRAL.comment);
      at += CENTRAL.size + nameLength + tailLength;
    }
    throw absent(archive, member);
  } finally {
    await file.close();
  }
}

function absent(archive: string, member: string): Error {
  return new Error(`${archive} holds no ${member}`);
}
