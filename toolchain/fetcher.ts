import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { codeOf, reasonOf, ToolchainError } from "./errors.ts";
import type { Mirror } from "./settings.ts";

/** A host that can't be reached must not cost more than this, whatever a firewall does with the packets. */
const CONNECT_MS = 5_000;
const FIRST_ANSWER_MS = 10_000;
/** A transfer that moves nothing for so long is dead. */
const STALL_MS = 20_000;
/** One that moves less than this in a minute would keep an `up` busy for hours, and a build takes minutes. */
const SLOWEST_BYTES = 1_000_000;
const SLOWEST_MS = 60_000;
/** Several times the largest program. A server that never ends must not fill the disk. */
const MAX_FILE_BYTES = 512_000_000;
const MAX_REDIRECTS = 5;
/** A broken transfer is worth another try; the next way may be a build of minutes. */
const ATTEMPTS = 2;

export interface Downloaded {
  readonly sha256: string;
  readonly bytes: number;
  /** The server's Content-Type: a login page is the usual reason for a wrong checksum. */
  readonly contentType: string;
}

class HostFailed extends Error {}
/** Worth another try, unlike everything else. */
class BrokenTransfer extends Error {}
class SlowTransfer extends Error {}

interface Answer {
  /** The host that sends the file, after all redirects. */
  readonly host: string;
  readonly body: Dispatcher.ResponseData["body"];
  readonly headers: Dispatcher.ResponseData["headers"];
}

/**
 * Fetches files for one run of the toolchain, through HTTPS_PROXY and HTTP_PROXY unless NO_PROXY says otherwise.
 * A host that fails to answer once is not asked again in the same run: while the first request to a host is under
 * way, the others wait for how it ends.
 */
export class Fetcher {
  readonly #dispatcher: Dispatcher;
  readonly #mirror: Mirror | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #proxyNote: string;
  /** By host: why it is not asked any more; `undefined` while it may be. */
  readonly #hosts = new Map<string, Promise<string | undefined>>();

  constructor(env: NodeJS.ProcessEnv, mirror: Mirror | undefined, signal: AbortSignal | undefined) {
    this.#mirror = mirror;
    this.#signal = signal;
    // Empty, not absent: for what is absent undici would look into this process's own environment.
    const httpProxy = env.http_proxy ?? env.HTTP_PROXY ?? "";
    const httpsProxy = env.https_proxy ?? env.HTTPS_PROXY ?? "";
    const noProxy = env.no_proxy ?? env.NO_PROXY ?? "";
    this.#proxyNote = httpProxy || httpsProxy ? " (a proxy is set by HTTPS_PROXY or HTTP_PROXY)" : "";
    try {
      this.#dispatcher = new EnvHttpProxyAgent({
        httpProxy,
        httpsProxy,
        noProxy,
        connect: { timeout: CONNECT_MS },
        headersTimeout: FIRST_ANSWER_MS,
        bodyTimeout: STALL_MS,
      });
    } catch {
      // Their values may hold a password, so they are not repeated.
      throw new ToolchainError(
        "HTTPS_PROXY or HTTP_PROXY is not a proxy's address. Example: http://proxy.example.com:3128",
      );
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** A small text file. @throws an Error that says why it can't be had. */
  async text(url: string, maxBytes: number): Promise<string> {
    return await this.#attempt(url, async ({ body }) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw new Error(`${url} is larger than ${maxBytes} bytes; that is no checksum file`);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString("utf8");
    });
  }

  /** Streams a file to `path`, which only the owner can read and nobody execute. @throws as `text` does. */
  async file(
    url: string,
    path: string,
    arrived: (bytes: number, total: number | undefined) => void,
  ): Promise<Downloaded> {
    return await this.#attempt(url, async ({ body, headers }) => {
      const total = Number(headers["content-length"]) || undefined;
      const hash = createHash("sha256");
      let bytes = 0;
      let minute = { since: performance.now(), bytes };
      const limit = (size: number) => {
        if (size > MAX_FILE_BYTES) throw new Error(`${url} is larger than 512 MB; that is no program of the toolchain`);
      };
      limit(total ?? 0);
      const file = await open(path, "w", 0o600);
      try {
        arrived(0, total);
        for await (const chunk of body as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          limit(bytes);
          hash.update(chunk);
          await file.writeFile(chunk);
          arrived(bytes, total);
          // Looked at when something arrives: that nothing does for too long is the stall's own limit.
          if (performance.now() - minute.since < SLOWEST_MS) continue;
          if (bytes - minute.bytes < SLOWEST_BYTES) throw new SlowTransfer("less than 1 MB arrived within a minute");
          minute = { since: performance.now(), bytes };
        }
      } finally {
        await file.close();
      }
      return { sha256: hash.digest("hex"), bytes, contentType: String(headers["content-type"] ?? "") };
    });
  }

  async #attempt<T>(url: string, read: (answer: Answer) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#open(url);
        try {
          return await read(answer);
        } catch (error) {
          answer.body.on("error", () => {}).destroy();
          this.#signal?.throwIfAborted();
          const tooSlow = error instanceof SlowTransfer || codeOf(error) === "UND_ERR_BODY_TIMEOUT";
          if (!tooSlow && !isTransferError(error)) throw error;
          const problem = `${url}: the transfer broke off: ${describe(error)}`;
          if (!tooSlow) throw new BrokenTransfer(problem);
          this.#hosts.set(answer.host, Promise.resolve(describe(error)));
          throw new HostFailed(problem);
        }
      } catch (error) {
        if (!(error instanceof BrokenTransfer) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Follows redirects up to the answer that carries the file. */
  async #open(address: string): Promise<Answer> {
    let url = new URL(address);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const { statusCode, headers, body } = await this.#ask(url);
      if (statusCode === 200) return { host: url.host, headers, body };
      body.on("error", () => {}).destroy();
      const location = headers.location;
      if (statusCode >= 300 && statusCode < 400 && typeof location === "string") {
        const next = new URL(location, url);
        if (url.protocol === "https:" && next.protocol !== "https:") {
          throw new Error(`${address} leads to ${next.protocol}//${next.host}, which is not https`);
        }
        url = next;
        continue;
      }
      const problem = `${withoutQuery(url)}: HTTP ${statusCode}`;
      throw statusCode >= 500 || statusCode === 429 ? new BrokenTransfer(problem) : new Error(problem);
    }
    throw new Error(`${address}: more than ${MAX_REDIRECTS} redirects`);
  }

  /** Asks a host that has not failed in this run. The first request to a host goes alone. */
  async #ask(url: URL): Promise<Dispatcher.ResponseData> {
    const known = this.#hosts.get(url.host);
    const failure = await known;
    if (failure !== undefined) throw new HostFailed(`${url.host} is not asked again: ${failure}`);
    const first = Promise.withResolvers<string | undefined>();
    if (known === undefined) this.#hosts.set(url.host, first.promise);
    try {
      return await this.#request(url);
    } catch (error) {
      // Cancelling says nothing about the host, but then nobody is left to ask it.
      this.#signal?.throwIfAborted();
      const why = describe(error);
      this.#hosts.set(url.host, Promise.resolve(why));
      first.resolve(why);
      throw new HostFailed(`${withoutQuery(url)}: ${why}${this.#proxyNote}`);
    } finally {
      first.resolve(undefined);
    }
  }

  async #request(url: URL): Promise<Dispatcher.ResponseData> {
    // undici's own limits don't cover a proxy that accepts the connection and then says nothing.
    const limit = new AbortController();
    const timer = setTimeout(
      () => limit.abort(new Error(`no answer within ${FIRST_ANSWER_MS / 1000} s`)),
      FIRST_ANSWER_MS,
    );
    const authorization = this.#mirror?.base.startsWith(`${url.origin}/`) ? this.#mirror.authorization : undefined;
    try {
      return await request(url, {
        dispatcher: this.#dispatcher,
        signal: AbortSignal.any([limit.signal, ...(this.#signal ? [this.#signal] : [])]),
        headers: {
          "user-agent": "weft-toolchain",
          // A file compressed on the way would have another size and checksum.
          "accept-encoding": "identity",
          ...(authorization === undefined ? {} : { authorization }),
        },
      });
    } finally {
      clearTimeout(timer);
    }
  }
}

const TRANSFER_CODES = ["UND_ERR_SOCKET", "UND_ERR_BODY_TIMEOUT", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "ECONNRESET"];

function isTransferError(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  return TRANSFER_CODES.includes(code) || code.startsWith("HPE_") || reasonOf(error) === "terminated";
}

const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  ENOTFOUND: "name not found",
  EAI_AGAIN: "name not found (no name server answers)",
  ENETUNREACH: "network unreachable",
  EHOSTUNREACH: "host unreachable",
  ETIMEDOUT: "no connection",
  UND_ERR_CONNECT_TIMEOUT: `no connection within ${CONNECT_MS / 1000} s`,
  UND_ERR_HEADERS_TIMEOUT: `no answer within ${FIRST_ANSWER_MS / 1000} s`,
  UND_ERR_BODY_TIMEOUT: `nothing arrived for ${STALL_MS / 1000} s`,
  UND_ERR_SOCKET: "the server closed the connection",
};

function describe(error: unknown): string {
  // Several addresses of one host were tried; the first failure stands for all.
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  const meaning = MEANINGS[codeOf(error) ?? ""];
  if (meaning !== undefined) return meaning;
  return reasonOf(error) || codeOf(error) || "unknown failure";
}

/** Redirects of release hosts carry signatures in their query. */
function withoutQuery(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
