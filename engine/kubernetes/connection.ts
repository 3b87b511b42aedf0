import { createHash } from "node:crypto";
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import { type Access, activeEntries, libraryAccess, loadLibrary, plainAccess } from "./access.ts";
import { type JsonMap, textAt } from "./json.ts";
import { type Kubeconfig, type Overrides, resolvedContent } from "./kubeconfig.ts";

/** How requests reach an API server. */
export interface Connection {
  /** The server's address, for messages. */
  readonly server: string;
  open(): Promise<Channel>;
  /** Forgets credentials that the server refused, so that the next `open` gets new ones. */
  renew(): void;
  close(): Promise<void>;
}

export interface Channel {
  readonly requests: Dispatcher;
  /** Apart from `requests`, so that open watches never take a place that a request waits for. */
  readonly watches: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

/** The API server ends requests after 60 s itself; the rest is for the way. */
const DEFAULT_REQUEST_TIMEOUT = 70_000;
const CONNECT_TIMEOUT = 10_000;
/** Bookmarks come about once a minute, so a watch that is silent for longer is dead. */
const WATCH_SILENCE = 150_000;
/** Tokens from plugins and files are looked at again after this long; the library keeps those that are still valid. */
const CREDENTIAL_AGE = 30_000;
const CREDENTIAL_TIMEOUT = 60_000;
/** Connections where the server (or a proxy before it) speaks HTTP/1.1; with HTTP/2 one carries everything. */
const CONNECTIONS = 16;

/** `timeout`: milliseconds until an answer has begun, and between its parts. */
export function connectTo(kubeconfig: Kubeconfig, overrides: Overrides, timeout: number | undefined): Connection {
  return new KubeconfigConnection(resolvedContent(kubeconfig, overrides), timeout ?? DEFAULT_REQUEST_TIMEOUT);
}

interface Agents {
  /** A digest of the certificates they were made with. */
  readonly identity: string;
  readonly requests: Dispatcher;
  readonly watches: Dispatcher;
}

class KubeconfigConnection implements Connection {
  readonly server: string;
  readonly #content: JsonMap;
  readonly #proxy: string | undefined;
  readonly #timeout: number;
  #library: Promise<KubeConfig> | undefined;
  #channel: Promise<Channel> | undefined;
  #openedAt = 0;
  #agents: Agents | undefined;

  constructor(content: JsonMap, timeout: number) {
    const { cluster } = activeEntries(content);
    this.server = textAt(cluster, "server") ?? "";
    this.#proxy = textAt(cluster, "proxy-url");
    this.#content = content;
    this.#timeout = timeout;
  }

  open(): Promise<Channel> {
    if (this.#channel === undefined || performance.now() - this.#openedAt > CREDENTIAL_AGE) {
      this.#openedAt = performance.now();
      const opening = this.#open();
      // A failure is not kept: the next request asks for credentials again.
      opening.catch(() => {
        if (this.#channel === opening) this.#channel = undefined;
      });
      this.#channel = opening;
    }
    return this.#channel;
  }

  renew(): void {
    this.#channel = undefined;
    this.#library = undefined;
  }

  async close(): Promise<void> {
    const agents = this.#agents;
    this.#agents = undefined;
    await Promise.all([agents?.requests.destroy(), agents?.watches.destroy()]);
  }

  async #open(): Promise<Channel> {
    const { tls, headers } = await this.#access();
    const { requests, watches } = this.#agentsFor(tls);
    return { requests, watches, headers };
  }

  async #access(): Promise<Access> {
    try {
      const plain = plainAccess(this.#content);
      if (plain !== undefined) return plain;
      this.#library ??= loadLibrary(this.#content);
      return await withTimeout(libraryAccess(await this.#library), CREDENTIAL_TIMEOUT);
    } catch (error) {
      const reason = error instanceof Error ? error.message.trim() : String(error);
      throw new Error(`no credentials could be had for it: ${reason}`, { cause: error });
    }
  }

  /** New agents only where certificates changed: a new token needs no new connection. */
  #agentsFor(tls: Access["tls"]): Agents {
    const digest = createHash("sha256");
    for (const [name, value] of Object.entries(tls)) digest.update(`${name}=${String(value)};`);
    const identity = digest.digest("hex");
    if (this.#agents?.identity === identity) return this.#agents;
    const before = this.#agents;
    const timeout = this.#timeout;
    this.#agents = {
      identity,
      requests: this.#agent(tls, { connections: CONNECTIONS, headersTimeout: timeout, bodyTimeout: timeout }),
      watches: this.#agent(tls, { headersTimeout: timeout, bodyTimeout: WATCH_SILENCE }),
    };
    // Requests under way on the old ones are let finish.
    before?.requests.close().catch(() => {});
    before?.watches.close().catch(() => {});
    return this.#agents;
  }

  #agent(tls: Access["tls"], limits: Agent.Options): Dispatcher {
    if (this.server.startsWith("http:") && tls.rejectUnauthorized !== false) {
      throw new Error("its address is http, which shows credentials to everybody on the way: use https");
    }
    if (this.#proxy?.startsWith("socks")) {
      throw new Error(`its proxy-url ${this.#proxy} is a SOCKS proxy, which is not supported`);
    }
    if (this.#proxy !== undefined) return new ProxyAgent({ uri: this.#proxy, requestTls: tls, ...limits });
    return new Agent({
      ...limits,
      connect: { ...tls, preferH2: true, timeout: CONNECT_TIMEOUT, keepAlive: true },
      h2Options: { maxConcurrentStreams: 200, pingInterval: 15_000 },
    });
  }
}

async function withTimeout<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
