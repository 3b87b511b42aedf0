import { setTimeout as sleep } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import type { Dispatcher } from "undici";
import { unlessAborted } from "./abort.ts";
import { ApiError, UnreachableError } from "./api-error.ts";
import type { Channel, Connection } from "./connection.ts";
import { isJsonMap, type JsonMap, mapAt, textAt } from "./json.ts";
import { Outage } from "./outage.ts";
import { DEFAULT_BUDGET, type RetryBudget, retryDelay } from "./retry.ts";
import { toUnreachable } from "./unreachable.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Absolute path, already encoded: `/api/v1/namespaces/shop/pods`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: JsonMap;
  /** @default application/json */
  readonly contentType?: string;
  /** Whether doing it twice is the same as doing it once. @default true for all but POST */
  readonly repeatable?: boolean;
  readonly signal: AbortSignal;
  /** @default DEFAULT_BUDGET */
  readonly budget?: RetryBudget;
  /** Told before each new attempt, so that a wait can be shown. */
  readonly onRetry?: (error: Error) => void;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: JsonMap;
  /** What the server warns of: deprecated versions, unknown fields, pod security. */
  readonly warnings: readonly string[];
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: JsonMap;
}

/** More than this many requests at once only wait inside the API server; its own limits start at 200 for everybody. */
const DEFAULT_IN_FLIGHT = 32;
/** One object is at most about 3 MB (etcd's limit, and its managed fields). A longer line is no watch event. */
const LONGEST_EVENT = 32 * 1024 * 1024;
const NO_JSON = "the answer is not JSON: is something else in front of the API server?";

/**
 * The API server over HTTP: JSON in and out, as it is. Bounded requests in flight; requests that may be repeated are,
 * while the server says "later", fails or restarts.
 */
export class ApiClient {
  readonly server: string;
  readonly #connection: Connection;
  readonly #limit: LimitFunction;
  #contacted = false;
  readonly #outage = new Outage();

  constructor(connection: Connection, inFlight = DEFAULT_IN_FLIGHT) {
    this.server = connection.server;
    this.#connection = connection;
    this.#limit = pLimit(inFlight);
  }

  /** Throws `ApiError`, `UnreachableError`, or the signal's reason when aborted. */
  async request(request: ApiRequest): Promise<ApiAnswer> {
    try {
      return await this.#persistently(request);
    } finally {
      this.#outage.leave(request, request.signal.aborted);
    }
  }

  async #persistently(request: ApiRequest): Promise<ApiAnswer> {
    let started: number | undefined;
    let renewed = false;
    for (let count = 1; ; count++) {
      try {
        return await this.#limit(() => {
          request.signal.throwIfAborted();
          // Only now: waiting in the queue uses up nothing of the budget.
          started ??= performance.now();
          return this.#attempt(request);
        });
      } catch (error) {
        request.signal.throwIfAborted();
        if (error instanceof ApiError && error.status === 401 && !renewed) {
          renewed = true;
          this.#connection.renew();
          continue;
        }
        const down = error instanceof UnreachableError && !error.lasting;
        const delay = retryDelay({
          error,
          count,
          elapsed: down ? this.#outage.goesOn(request) : performance.now() - (started ?? 0),
          repeatable: request.repeatable ?? request.method !== "POST",
          contacted: this.#contacted,
          budget: request.budget ?? DEFAULT_BUDGET,
          random: Math.random(),
        });
        if (delay === undefined) throw error;
        request.onRetry?.(error as Error);
        await sleep(delay, undefined, { signal: request.signal }).catch(() => request.signal.throwIfAborted());
      }
    }
  }

  /** Events until the server ends the stream. Throws as `request` does; no attempt is repeated. */
  async *watch(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
    onOpen = () => {},
  ): AsyncGenerator<WatchEvent> {
    const answer = await this.#send({ method: "GET", path, query: { ...query, watch: "1" }, signal }, "watches");
    if (answer.statusCode === 401) this.#connection.renew();
    if (answer.statusCode !== 200) throw await this.#failure(answer);
    onOpen();
    try {
      for await (const line of linesOf(answer.body)) {
        const event: unknown = JSON.parse(line);
        const object = mapAt(isJsonMap(event) ? event : {}, "object");
        const type = isJsonMap(event) ? textAt(event, "type") : undefined;
        if (type === "ERROR") throw new ApiError(Number(object.code ?? 500), object, undefined);
        if (type === "ADDED" || type === "MODIFIED" || type === "DELETED" || type === "BOOKMARK")
          yield { type, object };
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof ApiError ? error : toUnreachable(this.server, error, true);
    } finally {
      answer.body.destroy();
    }
  }

  /** Ends every connection; requests under way fail. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  async #attempt(request: ApiRequest): Promise<ApiAnswer> {
    const answer = await this.#send(request, "requests");
    if (answer.statusCode >= 300) throw await this.#failure(answer);
    const body = parseBody(await this.#read(answer, request.signal));
    // A page of something on the way must not pass for success.
    if (!isJsonMap(body)) throw new ApiError(502, { message: NO_JSON }, undefined);
    return { status: answer.statusCode, body, warnings: warningsOf(answer.headers) };
  }

  async #send(request: ApiRequest, kind: "requests" | "watches"): Promise<Dispatcher.ResponseData> {
    let channel: Channel | undefined;
    try {
      // A plugin may take a minute, or wait for somebody to log in.
      channel = await unlessAborted(this.#connection.open(), request.signal);
      const answer = await channel[kind].request({
        // A path in the server's own address is kept: Rancher and others serve clusters below one.
        origin: new URL(this.server).origin,
        path: `${new URL(this.server).pathname.replace(/\/$/, "")}${request.path}${queryText(request.query)}`,
        method: request.method,
        headers: {
          accept: "application/json",
          "user-agent": "weft",
          ...(request.body === undefined ? {} : { "content-type": request.contentType ?? "application/json" }),
          ...channel.headers,
        },
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: request.signal,
      });
      this.#contacted = true;
      this.#outage.end();
      return answer;
    } catch (error) {
      request.signal.throwIfAborted();
      throw toUnreachable(this.server, error, channel !== undefined);
    }
  }

  async #read(answer: Dispatcher.ResponseData, signal: AbortSignal): Promise<string> {
    try {
      return await answer.body.text();
    } catch (error) {
      signal.throwIfAborted();
      throw toUnreachable(this.server, error, true);
    }
  }

  async #failure(answer: Dispatcher.ResponseData): Promise<Error> {
    const text = await answer.body.text().catch(() => "");
    const body = parseBody(text);
    const fallback = {
      message: `HTTP status ${answer.statusCode}${text === "" ? "" : `: ${text.slice(0, 500).trim()}`}`,
    };
    return new ApiError(answer.statusCode, isJsonMap(body) ? body : fallback, retryAfterOf(answer.headers));
  }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_EVENT) throw new Error("a watch event is too long");
    for (const line of lines) if (line.trim() !== "") yield line;
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function queryText(query: ApiRequest["query"]): string {
  const entries = Object.entries(query ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return entries.length === 0 ? "" : `?${new URLSearchParams(entries)}`;
}

type Headers = Dispatcher.ResponseData["headers"];

/** `Warning: 299 - "text"`, several in one header or in several. */
function warningsOf(headers: Headers): string[] {
  const values = [headers.warning ?? []].flat();
  return values.flatMap((value) =>
    [...value.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? "").replace(/\\(.)/g, "$1")),
  );
}

/** Seconds, or a date. */
function retryAfterOf(headers: Headers): number | undefined {
  const value = [headers["retry-after"] ?? []].flat()[0];
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(seconds, 0) : undefined;
}
