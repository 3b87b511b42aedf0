import { installTools } from "./install.ts";
import type { ToolchainContext } from "./installation.ts";
import type { ToolProgress } from "./progress.ts";
import { requirePlatform, selectTools } from "./settings.ts";
import { statusOf, type ToolStatus, type ToolVerdict, verdictsOn } from "./status.ts";
import { TOOLS, type ToolName } from "./versions.ts";

export type { Manifest } from "./cache.ts";
export { ToolchainError, type ToolFailure, type Way, type WayFailure } from "./errors.ts";
export type { ToolProgress, ToolStep } from "./progress.ts";
export { cacheRoot } from "./settings.ts";
export type { ToolStatus, ToolVerdict } from "./status.ts";
export { ETCD_VERSION, KUBERNETES_VERSION, KWOK_VERSION, TOOL_NAMES, type ToolName } from "./versions.ts";

export interface ToolchainOptions<N extends ToolName = ToolName> {
  /** @default - all of them */
  readonly tools?: readonly N[];
  /**
   * PATH, KUBEBUILDER_ASSETS, WEFT_CACHE_DIR, WEFT_TOOLCHAIN_MIRROR, the proxy variables, and all that Go reads.
   * @default process.env
   */
  readonly env?: NodeJS.ProcessEnv;
  /** Ends downloads and builds, with the programs they started, at once. */
  readonly signal?: AbortSignal;
  /** Called for every event of `installToolchain`; must not throw. */
  readonly onProgress?: (event: ToolProgress) => void;
}

/**
 * Makes the tools available and tells their absolute paths. For each: the cache, a program of exactly the pinned
 * version on PATH or in KUBEBUILDER_ASSETS, the official release, a Go build. With everything cached it reads a few
 * small files and starts nothing.
 *
 * @throws ToolchainError that names all missing tools, all ways tried, and what to do; the signal's reason.
 */
export async function installToolchain<N extends ToolName = ToolName>(
  options: ToolchainOptions<N> = {},
): Promise<Readonly<Record<N, string>>> {
  const paths = await installTools(selected(options), contextOf(options));
  return Object.fromEntries(paths) as Record<N, string>;
}

/** Where each tool would come from now. Installs nothing and leaves the network alone. */
export async function listToolchain(options: ToolchainOptions = {}): Promise<ToolStatus[]> {
  return await statusOf(selected(options), contextOf(options));
}

/** Hashes the cached tools again, compares them with their manifests and pins, and asks each for its version. */
export async function verifyToolchain(options: ToolchainOptions = {}): Promise<ToolVerdict[]> {
  return await verdictsOn(selected(options), contextOf(options));
}

function selected({ tools }: ToolchainOptions) {
  return selectTools(Object.values(TOOLS), tools);
}

function contextOf({ env = process.env, signal, onProgress }: ToolchainOptions): ToolchainContext {
  return { platform: requirePlatform(process.platform, process.arch), env, signal, onProgress };
}
