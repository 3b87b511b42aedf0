import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { type JsonMap, mapAt, mapsAt, textAt } from "./json.ts";

/** What a connection to an API server needs to be trusted, both ways. */
export interface Access {
  readonly tls: Readonly<Record<string, string | Buffer | boolean>>;
  /** Authorization and impersonation. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a kubeconfig's user may hold for the credentials to be all there. */
const PLAIN_USER = new Set([
  "client-certificate",
  "client-certificate-data",
  "client-key",
  "client-key-data",
  "token",
  "tokenFile",
  "username",
  "password",
  "as",
]);
/** What neither this nor the library sends along; leaving it out would act as somebody with other rights. */
const UNSUPPORTED_USER = ["as-groups", "as-uid", "as-user-extra"];

/**
 * Credentials that the kubeconfig itself holds, or files that it names: certificates, a token, a password. `undefined`
 * where a plugin or provider has to be asked: that is left to the Kubernetes client library, which takes a third of a
 * second to load.
 */
export function plainAccess(content: JsonMap): Access | undefined {
  const { cluster, user } = activeEntries(content);
  const unsupported = UNSUPPORTED_USER.filter((key) => Object.hasOwn(user, key));
  if (unsupported.length > 0) throw new Error(`${unsupported.join(" and ")} in the kubeconfig are not supported`);
  if (!Object.keys(user).every((key) => PLAIN_USER.has(key))) return undefined;
  const username = textAt(user, "username");
  const tokenFile = textAt(user, "tokenFile");
  const token = tokenFile === undefined ? textAt(user, "token") : readFileSync(tokenFile, "utf8").trim();
  const password = Buffer.from(`${username}:${textAt(user, "password") ?? ""}`).toString("base64");
  const authorization =
    token !== undefined ? `Bearer ${token}` : username !== undefined ? `Basic ${password}` : undefined;
  const tls = {
    ca: material(cluster, "certificate-authority"),
    cert: material(user, "client-certificate"),
    key: material(user, "client-key"),
    servername: textAt(cluster, "tls-server-name"),
    rejectUnauthorized: cluster["insecure-skip-tls-verify"] === true ? false : undefined,
  };
  const headers = { Authorization: authorization, "Impersonate-User": textAt(user, "as") };
  return { tls: present(tls), headers: present(headers) as Access["headers"] };
}

/** Credentials from the client library. Throws an Error when a plugin fails. */
export async function libraryAccess(config: KubeConfig): Promise<Access> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
  const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value)]);
  const basic = options.auth ? { Authorization: `Basic ${Buffer.from(options.auth).toString("base64")}` } : {};
  return {
    tls: present({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }),
    headers: { ...basic, ...Object.fromEntries(headers) },
  };
}

/** Loaded only when it is needed; see `plainAccess`. */
export async function loadLibrary(content: JsonMap): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromString(JSON.stringify(content));
  return config;
}

/** The cluster and the user of the context in use. */
export function activeEntries(content: JsonMap): { readonly cluster: JsonMap; readonly user: JsonMap } {
  const context = mapsAt(content, "contexts").find(({ name }) => name === content["current-context"]);
  const entry = (holder: "cluster" | "user") => {
    const name = textAt(context, "context", holder);
    return mapAt(
      mapsAt(content, `${holder}s`).find((item) => item.name === name),
      holder,
    );
  };
  return { cluster: entry("cluster"), user: entry("user") };
}

/** Data wins over a file, as in kubectl. */
function material(holder: JsonMap, name: string): Buffer | undefined {
  const data = textAt(holder, `${name}-data`);
  if (data !== undefined) return Buffer.from(data, "base64");
  const path = textAt(holder, name);
  return path === undefined ? undefined : readFileSync(path);
}

function present(options: Readonly<Record<string, unknown>>): Access["tls"] {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as Access["tls"];
}
