import { readEntry, sweep } from "./cache.ts";
import { missingTools, type ToolFailure } from "./errors.ts";
import { GO_MODULES, requiredGo } from "./go-build.ts";
import { Installation, type ToolchainContext } from "./installation.ts";
import { Reporter } from "./progress.ts";
import { cacheRoot } from "./settings.ts";
import type { Tool } from "./tool.ts";

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

  const installation = await Installation.start(root, context);
  try {
    const outcomes = await Promise.allSettled(
      missing.map(async ({ tool, reporter, reason }) => ({
        tool,
        outcome: await installation.obtain(tool, reporter, [{ way: "cache", reason }]),
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
      throw missingTools(failures, tools.length, await advice(tools, failures, installation.cacheRefused, context));
    return paths;
  } finally {
    await installation.close();
  }
}

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
