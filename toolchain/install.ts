import { setMaxListeners } from "node:events";
import pLimit, { type LimitFunction } from "p-limit";
import { type CacheEntry, readEntry, type Stage, sweep, withStage } from "./cache.ts";
import { codeOf, missingTools, reasonOf, type ToolFailure, type WayFailure } from "./errors.ts";
import type { Fetcher } from "./fetcher.ts";
import { findGo, GO_MODULES, type Go, installBuild, requiredGo } from "./go-build.ts";
import { withLock } from "./lock.ts";
import type { Platform } from "./platform.ts";
import { findInstalled } from "./probe.ts";
import { Reporter, type ToolProgress } from "./progress.ts";
import { cacheRoot, type Mirror, mirrorOf } from "./settings.ts";
import type { Tool } from "./tool.ts";

export interface ToolchainContext {
  readonly platform: Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ToolProgress) => void;
  /** The folder of go.mod; this room's own when absent. */
  readonly modules?: string;
}

/** Enough to fill a fast line, few enough not to be taken for an attack. */
const DOWNLOADS_AT_ONCE = 4;

/**
 * Makes every tool available and tells its absolute path, by name. A tool that can't be had doesn't keep the others
 * from being installed.
 *
 * @throws ToolchainError that names every missing tool, every way tried and why it failed; the signal's reason when
 *   cancelled, after everything that was under way has ended and cleaned up.
 */
export async function installTools(
  tools: readonly Tool[],
  context: ToolchainContext,
): Promise<ReadonlyMap<string, string>> {
  const { env, platform, onProgress = () => {} } = context;
  context.signal?.throwIfAborted();
  const root = cacheRoot(env);
  await sweep(root);

  const paths = new Map<string, string>();
  const missing: { tool: Tool; reporter: Reporter; reason: string }[] = [];
  for (const tool of tools) {
    const reporter = new Reporter(tool.name, tool.version, onProgress);
    const entry = await readEntry(root, tool, platform);
    if ("path" in entry) {
      reporter.ready("cache", entry.path, "in the cache");
      paths.set(tool.name, entry.path);
    } else {
      if (entry.damaged) reporter.failed("cache", entry.reason);
      missing.push({ tool, reporter, reason: entry.reason });
    }
  }
  if (missing.length === 0) return paths;

  const run = await Run.start(root, context);
  try {
    const outcomes = await Promise.allSettled(
      missing.map(async ({ tool, reporter, reason }) => ({
        tool,
        outcome: await run.obtain(tool, reporter, [{ way: "cache", reason }]),
      })),
    );
    context.signal?.throwIfAborted();
    const failures: ToolFailure[] = [];
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") throw outcome.reason;
      const { tool, outcome: result } = outcome.value;
      if (typeof result === "string") paths.set(tool.name, result);
      else failures.push({ tool: tool.name, version: tool.version, platform, ways: result });
    }
    if (failures.length > 0)
      throw missingTools(failures, tools.length, await advice(tools, failures, run.cacheRefused, context));
    return paths;
  } finally {
    await run.close();
  }
}

/** What the tools of one installation share: the network, Go, and the limits on both. */
class Run {
  readonly #root: string;
  readonly #platform: Platform;
  readonly #env: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal;
  readonly #modules: string;
  readonly #mirror: Mirror | undefined;
  readonly #fetcher: Fetcher;
  readonly #downloads: LimitFunction = pLimit(DOWNLOADS_AT_ONCE);
  /** One at a time: a Go build keeps every core busy by itself. */
  readonly #builds: LimitFunction = pLimit(1);
  #go: Promise<Go> | undefined;
  /** The cache's file system refused something. */
  cacheRefused = false;

  static async start(root: string, context: ToolchainContext): Promise<Run> {
    // Loaded here, not above: with everything cached, as nearly always, a run needs no network code.
    const { Fetcher } = await import("./fetcher.ts");
    const signal = AbortSignal.any(context.signal ? [context.signal] : []);
    // Every request and program listens to it; Node warns of a leak from the eleventh listener on.
    setMaxListeners(0, signal);
    const mirror = mirrorOf(context.env);
    return new Run(root, context, signal, mirror, new Fetcher(context.env, mirror, signal));
  }

  private constructor(
    root: string,
    context: ToolchainContext,
    signal: AbortSignal,
    mirror: Mirror | undefined,
    fetcher: Fetcher,
  ) {
    this.#root = root;
    this.#platform = context.platform;
    this.#env = context.env;
    this.#signal = signal;
    this.#modules = context.modules ?? GO_MODULES;
    this.#mirror = mirror;
    this.#fetcher = fetcher;
  }

  close(): Promise<void> {
    return this.#fetcher.close();
  }

  /** The tool's path, or why no way led to it. Begins after the cache. */
  async obtain(
    tool: Tool,
    reporter: Reporter,
    failures: readonly WayFailure[],
  ): Promise<string | readonly WayFailure[]> {
    const found = await this.#search(tool, reporter);
    if ("path" in found) {
      reporter.ready("installed", found.path, `${found.path} is version ${tool.version}`);
      return found.path;
    }
    const failed = [...failures, { way: "installed", reason: found.reason } as const];
    try {
      return await withLock(
        this.#root,
        tool.name,
        this.#signal,
        (wait) => reporter.step("wait", "another process is installing it", wait, () => "the other process has ended"),
        () => this.#install(tool, reporter, failed),
      );
    } catch (error) {
      this.#signal.throwIfAborted();
      const reason = this.#refusal(error);
      if (reason === undefined) throw error;
      return [...failed, { way: "release", reason }, { way: "go", reason }];
    }
  }

  async #search(tool: Tool, reporter: Reporter): Promise<{ path: string } | { reason: string }> {
    const surroundings = { env: this.#env, signal: this.#signal };
    try {
      return await reporter.step(
        "search",
        "looking in KUBEBUILDER_ASSETS and on PATH",
        async () => {
          const found = await findInstalled(tool, surroundings);
          if ("reason" in found) throw new NotFound(found.reason);
          return found;
        },
        ({ path }) => `found ${path}`,
      );
    } catch (error) {
      if (error instanceof NotFound) return { reason: error.message };
      throw error;
    }
  }

  /** With the lock held. */
  async #install(
    tool: Tool,
    reporter: Reporter,
    failures: readonly WayFailure[],
  ): Promise<string | readonly WayFailure[]> {
    const entry = await readEntry(this.#root, tool, this.#platform);
    if ("path" in entry) {
      reporter.ready("cache", entry.path, "another process has put it into the cache");
      return entry.path;
    }
    const ways = [
      { way: "release", install: (stage: Stage) => this.#release(tool, reporter, stage) },
      { way: "go", install: (stage: Stage) => this.#build(tool, reporter, stage) },
    ] as const;
    const failed = [...failures];
    for (const { way, install } of ways) {
      try {
        const { path, manifest } = await withStage(this.#root, tool, this.#platform, install);
        reporter.ready(way, path, `in the cache, SHA-256 ${manifest.sha256}`);
        return path;
      } catch (error) {
        this.#signal.throwIfAborted();
        failed.push({ way, reason: this.#refusal(error) ?? reasonOf(error) });
      }
    }
    return failed;
  }

  async #release(tool: Tool, reporter: Reporter, stage: Stage): Promise<CacheEntry> {
    const release = tool.releases[this.#platform];
    if ("unavailable" in release) {
      reporter.failed("download", release.unavailable);
      throw new Error(release.unavailable);
    }
    const { installRelease } = await import("./release.ts");
    const context = { env: this.#env, signal: this.#signal, fetcher: this.#fetcher, mirror: this.#mirror, reporter };
    return await this.#downloads(() => installRelease(tool, release, stage, context));
  }

  async #build(tool: Tool, reporter: Reporter, stage: Stage): Promise<CacheEntry> {
    const surroundings = { env: this.#env, signal: this.#signal };
    this.#go ??= findGo(this.#modules, surroundings);
    const go = await this.#go.catch((error: unknown) => {
      reporter.failed("build", reasonOf(error));
      throw error;
    });
    const context = { ...surroundings, reporter, platform: this.#platform, modules: this.#modules, go };
    const busy = this.#builds.activeCount + this.#builds.pendingCount > 0;
    const turn = Promise.withResolvers<void>();
    const build = this.#builds(async () => {
      turn.resolve();
      this.#signal.throwIfAborted();
      return await installBuild(tool, stage, context);
    });
    const wait = busy
      ? reporter.step(
          "wait",
          "waiting for another build to end",
          () => turn.promise,
          () => "its turn",
        )
      : undefined;
    const [entry] = await Promise.all([build, wait]);
    return entry;
  }

  /** What to say when the cache's file system refuses; `undefined` for every other error. */
  #refusal(error: unknown): string | undefined {
    const code = codeOf(error);
    if (code === undefined || !REFUSALS.includes(code)) return undefined;
    this.cacheRefused = true;
    return `the cache ${this.#root} cannot be written: ${reasonOf(error)}`;
  }
}

class NotFound extends Error {}

const REFUSALS = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR"];

async function advice(
  tools: readonly Tool[],
  failures: readonly ToolFailure[],
  cacheRefused: boolean,
  context: ToolchainContext,
): Promise<string[]> {
  const { platform, env, modules = GO_MODULES } = context;
  const missing = tools.filter((tool) => failures.some((failure) => failure.tool === tool.name));
  const hosts = new Set(
    missing.flatMap(({ releases }) => {
      const release = releases[platform];
      return "url" in release ? [new URL(release.url).host] : [];
    }),
  );
  const lines: string[] = [];
  if (cacheRefused) lines.push("make the cache writable and give it room, or set WEFT_CACHE_DIR to another folder");
  lines.push(
    `install Go ${await requiredGo(modules)} or newer (https://go.dev/doc/install): Weft builds what is missing`,
  );
  if (hosts.size > 0) {
    const mirror = env.WEFT_TOOLCHAIN_MIRROR ? "the mirror in WEFT_TOOLCHAIN_MIRROR" : [...hosts].join(" and ");
    lines.push(
      `let this machine reach ${mirror} (HTTPS_PROXY and NO_PROXY are honoured)`,
      "set WEFT_TOOLCHAIN_MIRROR to a server that has these files",
    );
  }
  lines.push(
    `put them on PATH or in the folder KUBEBUILDER_ASSETS, of exactly these versions: ${missing
      .map(({ name, version }) => `${name} ${version}`)
      .join(", ")}`,
  );
  return lines;
}
