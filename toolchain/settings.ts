import { join, resolve } from "node:path";
import envPaths from "env-paths";
import { distance } from "fastest-levenshtein";
import { ToolchainError } from "./errors.ts";
import { PLATFORMS, type Platform, platformOf } from "./platform.ts";
import type { Tool } from "./tool.ts";

/** Where the toolchain keeps its programs: WEFT_CACHE_DIR, or the user's own cache folder. */
export function cacheRoot(env: NodeJS.ProcessEnv): string {
  return join(env.WEFT_CACHE_DIR ? resolve(env.WEFT_CACHE_DIR) : envPaths("weft", { suffix: "" }).cache, "toolchain");
}

/** @throws ToolchainError where no program of the toolchain runs. */
export function requirePlatform(os: string, architecture: string): Platform {
  const platform = platformOf(os, architecture);
  if (platform !== undefined) return platform;
  const hint = os === "win32" ? " On Windows, use it inside WSL 2." : "";
  throw new ToolchainError(
    `The embedded cluster runs on ${PLATFORMS.join(", ")}; this is ${os}-${architecture}.${hint}`,
  );
}

/**
 * The tools of these names, in the table's order; all of them when no names are given.
 *
 * @throws ToolchainError with every unknown name.
 */
export function selectTools<T extends Tool>(table: readonly T[], names: readonly string[] | undefined): readonly T[] {
  if (names === undefined) return table;
  const known = table.map((tool) => tool.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const problems = unknown.map((name) => {
      const near = known.find((other) => distance(name, other) <= 3);
      return `There is no tool "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}`;
    });
    throw new ToolchainError([...problems, `The tools are: ${known.join(", ")}.`].join("\n"));
  }
  return table.filter((tool) => names.includes(tool.name));
}

/** A server that stands in for every release host. */
export interface Mirror {
  /** Without credentials; ends with a slash. */
  readonly base: string;
  /** The Authorization header made from the address's user and password. */
  readonly authorization: string | undefined;
}

/**
 * WEFT_TOOLCHAIN_MIRROR. Below it, the official addresses are laid out by host and path, as `wget -x` stores them:
 * `<mirror>/dl.k8s.io/release/…`.
 *
 * @throws ToolchainError when it is set to something else than an http or https address.
 */
export function mirrorOf(env: NodeJS.ProcessEnv): Mirror | undefined {
  const text = env.WEFT_TOOLCHAIN_MIRROR;
  if (!text) return undefined;
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    // The value may hold a password, so it is not repeated.
    throw new ToolchainError(
      "WEFT_TOOLCHAIN_MIRROR is not an http or https address. Example: https://mirror.example.com/weft",
    );
  }
  const { username, password } = url;
  const credentials = `${decoded(username)}:${decoded(password)}`;
  return {
    base: `${url.origin}${url.pathname.replace(/\/+$/, "")}/`,
    authorization: username === "" ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ToolchainError('WEFT_TOOLCHAIN_MIRROR has a "%" in its user or password that encodes nothing: write %25');
  }
}

/** Where `url` is fetched from. */
export function throughMirror(url: string, mirror: Mirror | undefined): string {
  return mirror === undefined ? url : mirror.base + url.replace(/^https:\/\//, "");
}
