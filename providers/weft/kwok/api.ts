import { Agent, request } from "node:https";
import { RUN_AGAIN } from "./operation.ts";

/** Who asks, and of whom. PEM texts. */
export interface Access {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** An answer of the API server other than success. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Nobody said anything in time. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

export interface ApiRequest {
  readonly body?: unknown;
  /** @default "application/json" */
  readonly contentType?: string;
  /** Milliseconds until the whole answer must be there. @default 15000 */
  readonly timeout?: number;
}

/** The few calls that a cluster's own set-up needs. Keeps its connections until closed. */
export class Api {
  readonly #access: Access;
  readonly #agent: Agent;

  constructor(access: Access) {
    this.#access = access;
    const { ca, cert, key } = access;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 10, ca, cert, key });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The answer's JSON, as the type the caller knows it to have. */
  async json<T>(method: string, path: string, options: ApiRequest = {}): Promise<T> {
    return JSON.parse(await this.text(method, path, options)) as T;
  }

  /** Throws {@link ApiError} for any status but 2xx, {@link NoAnswer}, and Node's own error when nobody is there. */
  text(method: string, path: string, options: ApiRequest = {}): Promise<string> {
    const { contentType = "application/json", timeout = 15_000 } = options;
    const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
    // Node gives a DELETE no length by itself, and its body would be read as the next request.
    const headers = body && { "content-type": contentType, "content-length": body.length };
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.#access.server),
        { agent: this.#agent, method, headers, signal: AbortSignal.timeout(timeout) },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("error", reject);
          response.on("end", () => {
            const code = response.statusCode ?? 0;
            if (code >= 200 && code < 300) resolve(text);
            else reject(new ApiError(code, `${method} ${path}: ${code} ${messageOf(text)}`));
          });
        },
      );
      call.on("error", (error) => {
        const late = `${method} ${path}: no answer within ${timeout / 1000} s. ${RUN_AGAIN}`;
        reject(error.name === "AbortError" ? new NoAnswer(late) : error);
      });
      call.end(body);
    });
  }
}

function messageOf(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) return String(parsed.message);
  } catch {
    // Not JSON: a proxy's or a health check's plain text.
  }
  return text.trim().slice(0, 500);
}
