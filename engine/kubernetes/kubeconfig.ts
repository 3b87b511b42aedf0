import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parse } from "yaml";
import { isMap, type PropertyValue } from "../property.ts";
import { isJsonMap, type JsonMap, mapAt, mapsAt, textAt } from "./json.ts";
import { reveal } from "./secrets.ts";

/** A kubeconfig as far as it decides where requests go; credentials are left to the Kubernetes client library. */
export interface Kubeconfig {
  readonly content: JsonMap;
  /** Relative paths in it are relative to this folder. */
  readonly folder: string;
}

export interface Overrides {
  readonly context: string | undefined;
  readonly cluster: string | undefined;
}

/** The kubeconfig's text, its content as an object, or the path of a file. Throws an Error that says what is wrong. */
export function readKubeconfig(value: PropertyValue): Kubeconfig {
  const given = reveal(value);
  if (isMap(given)) return { content: given as JsonMap, folder: process.cwd() };
  if (typeof given !== "string" || given.trim() === "") throw new Error("is neither a kubeconfig nor the path of one");
  const path = filePath(given);
  if (path !== undefined) return { content: parseText(readFileSync(path, "utf8"), path), folder: dirname(path) };
  return { content: parseText(given, undefined), folder: process.cwd() };
}

function filePath(text: string): string | undefined {
  // A kubeconfig has several lines; no sane path does.
  if (text.includes("\n") || text.trimStart().startsWith("{")) return undefined;
  const expanded = text === "~" || text.startsWith("~/") ? join(homedir(), text.slice(1)) : text;
  const path = resolve(expanded);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() === true) return path;
  // Anything else may be a credential in the wrong place, which must not be repeated.
  if (/^(~|\.{0,2})\//.test(text)) throw new Error(`there is no file ${path}`);
  return undefined;
}

/** Never repeats the text: it may hold credentials. */
function parseText(text: string, path: string | undefined): JsonMap {
  const where = path === undefined ? "" : ` in ${path}`;
  let content: unknown;
  try {
    content = parse(text);
  } catch {
    throw new Error(`is no valid YAML${where}`);
  }
  if (!isJsonMap(content) || !Array.isArray(content.clusters)) {
    throw new Error(`is no kubeconfig${where}: it has no list of clusters`);
  }
  return content;
}

/** The context in use. Throws an Error that lists the contexts there are. */
export function activeContext(config: Kubeconfig, overrides: Overrides): JsonMap {
  const name = overrides.context ?? textAt(config.content, "current-context") ?? "";
  const contexts = mapsAt(config.content, "contexts");
  const found = contexts.find((context) => context.name === name);
  if (found !== undefined) return mapAt(found, "context");
  const names = contexts.map((context) => JSON.stringify(context.name)).join(", ") || "none";
  throw new Error(
    name === ""
      ? `names no current-context; contexts in it: ${names}`
      : `has no context ${JSON.stringify(name)}; contexts in it: ${names}`,
  );
}

/** The cluster in use: server, certificate authority, and so on. */
export function activeCluster(config: Kubeconfig, overrides: Overrides): JsonMap {
  const name = overrides.cluster ?? textAt(activeContext(config, overrides), "cluster") ?? "";
  const clusters = mapsAt(config.content, "clusters");
  const found = clusters.find((cluster) => cluster.name === name);
  if (found === undefined) {
    const names = clusters.map((cluster) => JSON.stringify(cluster.name)).join(", ") || "none";
    throw new Error(`has no cluster ${JSON.stringify(name)}; clusters in it: ${names}`);
  }
  const cluster = mapAt(found, "cluster");
  if (textAt(cluster, "server") === undefined) throw new Error(`names no server for cluster ${JSON.stringify(name)}`);
  return cluster;
}

/** The namespace of the context in use; "default" where it names none. */
export function contextNamespace(config: Kubeconfig, overrides: Overrides): string {
  return textAt(activeContext(config, overrides), "namespace") || "default";
}

const PATH_KEYS = ["certificate-authority", "client-certificate", "client-key", "tokenFile"];

/** The content with the overrides applied and every path made absolute, for the client library. */
export function resolvedContent(config: Kubeconfig, overrides: Overrides): JsonMap {
  const context = activeContext(config, overrides);
  const chosen = overrides.cluster === undefined ? context : { ...context, cluster: overrides.cluster };
  const absolute = (holder: string) =>
    mapsAt(config.content, `${holder}s`).map((item) => {
      const inner = Object.entries(mapAt(item, holder)).map(([key, value]) => [
        key,
        PATH_KEYS.includes(key) && typeof value === "string" && !isAbsolute(value) ? join(config.folder, value) : value,
      ]);
      return { ...item, [holder]: Object.fromEntries(inner) };
    });
  return {
    ...config.content,
    clusters: absolute("cluster"),
    users: absolute("user"),
    contexts: [{ name: "weft", context: chosen }],
    "current-context": "weft",
  };
}
