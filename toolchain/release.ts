import { rename } from "node:fs/promises";
import { join } from "node:path";
import { unpack } from "./archive.ts";
import type { CacheEntry, Stage } from "./cache.ts";
import { findChecksum } from "./checksum.ts";
import type { Fetcher } from "./fetcher.ts";
import { type Surroundings, tryOut } from "./probe.ts";
import type { Reporter } from "./progress.ts";
import { type Mirror, throughMirror } from "./settings.ts";
import type { Release, Tool } from "./tool.ts";

export interface ReleaseContext extends Surroundings {
  readonly fetcher: Fetcher;
  readonly mirror: Mirror | undefined;
  readonly reporter: Reporter;
}

const MAX_CHECKSUM_FILE_BYTES = 1 << 20;
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Installs a program from its official release: downloaded to the stage, its SHA-256 compared before it becomes
 * executable, unpacked, asked for its version, and only then put into the cache.
 *
 * @throws an Error that says why this way failed.
 */
export async function installRelease(
  tool: Tool,
  release: Release,
  stage: Stage,
  context: ReleaseContext,
): Promise<CacheEntry> {
  const { fetcher, mirror, reporter, signal } = context;
  const url = throughMirror(release.url, mirror);
  const expected = await expectedChecksum(release, context);
  const file = join(stage.scratch, "download");
  await reporter.step(
    "download",
    `downloading ${url}`,
    async (measure) => {
      const got = await fetcher.file(url, file, (bytes, totalBytes) => measure({ bytes, totalBytes }));
      if (got.sha256 === expected) return got;
      const page = got.contentType.startsWith("text/html") ? "; it is a web page" : "";
      const { kind } = release.checksum;
      throw new Error(
        `${url} has the wrong SHA-256: ${got.sha256} (${got.bytes} bytes${page}); the ${kind} one is ${expected}`,
      );
    },
    ({ bytes }) => `downloaded ${(bytes / 1e6).toFixed(1)} MB; its SHA-256 is the ${release.checksum.kind} one`,
  );
  const { archive } = release;
  if (archive === undefined) {
    await rename(file, stage.program);
  } else {
    await reporter.step(
      "unpack",
      `unpacking ${archive.member}`,
      () => unpack({ archive: file, ...archive, target: stage.program, scratch: stage.scratch, signal }),
      () => `unpacked ${archive.member}`,
    );
  }
  await tryOut(tool, stage, context);
  return await stage.publish({ source: "release", url, checksum: release.checksum.kind });
}

async function expectedChecksum(release: Release, { fetcher, mirror, reporter }: ReleaseContext): Promise<string> {
  const { checksum } = release;
  if (checksum.kind === "pinned") return checksum.sha256;
  const url = throughMirror(checksum.url, mirror);
  const { protocol, hostname } = new URL(url);
  if (protocol !== "https:" && !LOOPBACK.includes(hostname)) {
    throw new Error(
      `its checksum is not pinned, and one read from ${url} over plain http proves nothing; use a mirror with https`,
    );
  }
  return await reporter.step(
    "check",
    `reading the published checksum ${url}`,
    async () => {
      const text = await fetcher.text(url, MAX_CHECKSUM_FILE_BYTES);
      const name = release.url.slice(release.url.lastIndexOf("/") + 1);
      const sum = findChecksum(text, name);
      if (sum === undefined) throw new Error(`${url} holds no SHA-256 for ${name}`);
      return sum;
    },
    (sum) => `the published SHA-256 is ${sum}`,
  );
}
