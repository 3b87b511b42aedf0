import pLimit, { type LimitFunction } from "p-limit";
import { type CacheEntry, readEntry, type Stage, withStage } from "./cache.ts";
import { codeOf, reasonOf, type WayFailure } from "./errors.ts";
import type { Fetcher } from "./fetcher.ts";
import { findGo, GO_MODULES, type Go, installBuild } from "./go-build.ts";
import { withLock } from "./lock.ts";
import type { Platform } from "./platform.ts";
import { findInstalled } from "./probe.ts";
import type { Reporter, ToolProgress } from "./progress.ts";
import { type Mirror, mirrorOf } from "./settings.ts";
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

/** What the tools of one installation share: the network, Go, and the limits on both. */
export class Installation {
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

  static async start(root: string, context: ToolchainContext): Promise<Installation> {
    // Loaded here, not above: with everything cached, as nearly always, a run needs no network code.
    const { Fetcher } = await import("./fetcher.ts");
    const signal = context.signal ?? new AbortController().signal;
    const mirror = mirrorOf(context.env);
    return new Installation(root, context, signal, mirror, new Fetcher(context.env, mirror, signal));
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
