import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { StateError } from "./error.ts";

/** Where a `file://` backend keeps its state, and how. */
export interface Location {
  /** Absolute path. */
  readonly directory: string;
  /** False with `metadata=skip`: no `.attrs` file beside each file. */
  readonly attributes: boolean;
  /** True with `create_dir`: the folder is made when it is missing. */
  readonly create: boolean;
}

const PREFIX = "file://";

/**
 * Reads a backend URL as Pulumi does: `file:///absolute`, `file://./relative`, `file://~/home`, percent-encoded.
 * Relative paths start at the project's folder (the CLI starts at the working folder, so it works at the top only).
 */
export function parseBackendUrl(url: string, projectDirectory: string): Location {
  if (!url.toLowerCase().startsWith(PREFIX)) {
    const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(url)?.[0];
    throw new StateError(
      scheme === undefined
        ? `the backend URL ${JSON.stringify(url)} has no scheme; write ${PREFIX}./path for a folder of the project`
        : scheme.toLowerCase() === "file"
          ? `the backend URL ${JSON.stringify(url)} must start with "${PREFIX}": ${PREFIX}./path, ${PREFIX}~/path or ${PREFIX}/absolute/path`
          : `the built-in engine keeps state in folders only (${PREFIX}); the Pulumi CLI serves the ${scheme} backend ${redacted(url)}. Run it with --engine pulumi, or set PULUMI_BACKEND_URL to a ${PREFIX} URL`,
    );
  }
  const rest = url.slice(PREFIX.length);
  if (rest.includes("#")) throw new StateError(`the backend URL ${JSON.stringify(url)} contains "#"; write %23 for it`);
  const question = rest.indexOf("?");
  const raw = question === -1 ? rest : rest.slice(0, question);
  const query = new URLSearchParams(question === -1 ? "" : rest.slice(question + 1));
  return { directory: resolve(projectDirectory, expand(decode(raw, url))), ...options(query, url) };
}

function expand(path: string): string {
  if (path === "~") return homedir();
  if (path.startsWith("~/")) return join(homedir(), path.slice(2));
  if (path.startsWith("~")) {
    throw new StateError(`the backend URL ${PREFIX}${path} names another user's home; write the absolute path`);
  }
  return path;
}

function decode(path: string, url: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new StateError(
      `the backend URL ${JSON.stringify(url)} is not well percent-encoded; write %25 for a plain "%"`,
    );
  }
}

function options(query: URLSearchParams, url: string): Pick<Location, "attributes" | "create"> {
  // `no_tmp_dir` asks for temporary files beside the real ones; that is always so here.
  const known = ["no_tmp_dir", "metadata", "create_dir"];
  for (const key of query.keys()) {
    if (!known.includes(key)) {
      throw new StateError(
        `the backend URL ${JSON.stringify(url)} has the parameter ${JSON.stringify(key)}; the built-in engine knows ${known.join(", ")}`,
      );
    }
  }
  const metadata = query.get("metadata") ?? "";
  if (metadata !== "" && metadata !== "skip") {
    throw new StateError(`the backend URL ${JSON.stringify(url)} has metadata=${metadata}; only "skip" is allowed`);
  }
  return { attributes: metadata !== "skip", create: (query.get("create_dir") ?? "") !== "" };
}

/** A database URL may carry a password. */
function redacted(url: string): string {
  return JSON.stringify(url.replace(/\/\/[^/@]*@/, "//****@"));
}
