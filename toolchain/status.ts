import { stat } from "node:fs/promises";
import { type CacheEntry, hashFile, type Manifest, readEntry } from "./cache.ts";
import { reasonOf, type Way } from "./errors.ts";
import { findGo, GO_MODULES } from "./go-build.ts";
import type { ToolchainContext } from "./installation.ts";
import { findInstalled, requireVersion } from "./probe.ts";
import { cacheRoot, mirrorOf, throughMirror } from "./settings.ts";
import type { Tool } from "./tool.ts";

/** Where a tool would come from if it were asked for now. */
export interface ToolStatus {
  readonly tool: string;
  readonly version: string;
  readonly platform: string;
  /**
   * The first way that is open; `undefined` when none is. "release" means that there is one whose checksum can be
   * known: whether its host answers shows only when it is downloaded.
   */
  readonly from: Way | undefined;
  /** Absolute; only when the tool is there already ("cache", "installed"). */
  readonly path: string | undefined;
  readonly bytes: number | undefined;
  /** Only for cached ones. */
  readonly manifest: Manifest | undefined;
  /** Every way in order, with what speaks for or against it. */
  readonly ways: readonly { readonly way: Way; readonly open: boolean; readonly detail: string }[];
}

/** Looks at every way to every tool, without installing and without the network. Starts what it finds on PATH. */
export async function statusOf(tools: readonly Tool[], context: ToolchainContext): Promise<ToolStatus[]> {
  const root = cacheRoot(context.env);
  const mirror = mirrorOf(context.env);
  const go = await findGo(context.modules ?? GO_MODULES, context).then(
    ({ path, version }) => ({ way: "go", open: true, detail: `${path} is Go ${version}` }) as const,
    (error: unknown) => ({ way: "go", open: false, detail: reasonOf(error) }) as const,
  );
  context.signal?.throwIfAborted();
  return await Promise.all(
    tools.map(async (tool) => {
      const entry = await readEntry(root, tool, context.platform);
      const found = await findInstalled(tool, context);
      const release = tool.releases[context.platform];
      const ways: ToolStatus["ways"] = [
        { way: "cache", open: "path" in entry, detail: "path" in entry ? entry.path : entry.reason },
        { way: "installed", open: "path" in found, detail: "path" in found ? found.path : found.reason },
        "url" in release
          ? {
              way: "release",
              open: true,
              detail: `${throughMirror(release.url, mirror)}, its SHA-256 is ${release.checksum.kind}`,
            }
          : { way: "release", open: false, detail: release.unavailable },
        go,
      ];
      const path = "path" in entry ? entry.path : "path" in found ? found.path : undefined;
      return {
        tool: tool.name,
        version: tool.version,
        platform: context.platform,
        from: ways.find(({ open }) => open)?.way,
        path,
        bytes: path === undefined ? undefined : (await stat(path)).size,
        manifest: "path" in entry ? entry.manifest : undefined,
        ways,
      };
    }),
  );
}

/** Whether a tool is what it should be. */
export interface ToolVerdict {
  readonly tool: string;
  readonly version: string;
  /** "absent": neither cached nor installed, so there is nothing to verify. */
  readonly state: "sound" | "bad" | "absent";
  readonly from: "cache" | "installed" | undefined;
  readonly path: string | undefined;
  /** SHA-256 as it is now; cached ones only, for nothing is known of the others to compare it with. */
  readonly sha256: string | undefined;
  /** Everything that is wrong; empty unless "bad". */
  readonly problems: readonly string[];
}

/**
 * Hashes every cached program again, compares it with its manifest and, where it is the released file itself, with the
 * pinned checksum; then asks it, or the one found on PATH, for its version. A cached program whose hash is wrong is
 * not started.
 */
export async function verdictsOn(tools: readonly Tool[], context: ToolchainContext): Promise<ToolVerdict[]> {
  const root = cacheRoot(context.env);
  const verdicts: ToolVerdict[] = [];
  // One after the other: hashing is bound to the disk.
  for (const tool of tools) {
    const entry = await readEntry(root, tool, context.platform);
    if ("path" in entry) verdicts.push(await judge(tool, entry, context));
    else if (entry.damaged) verdicts.push(verdict(tool, { state: "bad", from: "cache", problems: [entry.reason] }));
    else verdicts.push(await judgeInstalled(tool, context));
  }
  return verdicts;
}

async function judge(tool: Tool, { path, manifest }: CacheEntry, context: ToolchainContext): Promise<ToolVerdict> {
  const sha256 = await hashFile(path, context.signal);
  const problems: string[] = [];
  if (sha256 !== manifest.sha256) {
    problems.push(`${path} has the SHA-256 ${sha256}; ${manifest.sha256} was installed`);
  }
  const release = tool.releases[context.platform];
  if (manifest.source === "release" && "url" in release && release.archive === undefined) {
    const { checksum } = release;
    if (checksum.kind === "pinned" && checksum.sha256 !== sha256) {
      problems.push(`${path} has the SHA-256 ${sha256}; the pinned one is ${checksum.sha256}`);
    }
  }
  if (problems.length === 0) problems.push(...(await versionProblems(tool, path, context)));
  return verdict(tool, { state: problems.length === 0 ? "sound" : "bad", from: "cache", path, sha256, problems });
}

/** What is found on PATH was asked for its version in being found. */
async function judgeInstalled(tool: Tool, context: ToolchainContext): Promise<ToolVerdict> {
  const found = await findInstalled(tool, context);
  if ("reason" in found) return verdict(tool, { state: "absent" });
  return verdict(tool, { state: "sound", from: "installed", path: found.path });
}

async function versionProblems(tool: Tool, path: string, context: ToolchainContext): Promise<string[]> {
  try {
    await requireVersion(tool, path, context);
    return [];
  } catch (error) {
    context.signal?.throwIfAborted();
    return [reasonOf(error)];
  }
}

function verdict({ name, version }: Tool, facts: Partial<ToolVerdict> & Pick<ToolVerdict, "state">): ToolVerdict {
  return { tool: name, version, from: undefined, path: undefined, sha256: undefined, problems: [], ...facts };
}
