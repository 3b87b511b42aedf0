import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { Agent } from "undici";
import type { Connection } from "../connection.ts";
import { type Certificate, selfSignedCertificate } from "./certificate.ts";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface Reply {
  /** Answers with JSON, or text as it is. */
  send(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void;
  /** One line of a watch; the stream stays open. */
  event(type: string, object: object): void;
  /** Raw text of a stream, for broken lines. */
  write(text: string): void;
  /** Ends a stream. */
  end(): void;
  /** Ends the connection without an answer. */
  reset(): void;
}

export type Handler = (request: Received, reply: Reply) => void | Promise<void>;

/**
 * An API server over TLS that answers as a test says. It speaks HTTP/2 as the real one does, or only HTTP/1.1, as some
 * proxies before it do.
 */
export class FakeServer {
  readonly requests: Received[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server;
  readonly certificate: Certificate;
  #handler: Handler = (_, reply) => reply.send(404, "404 page not found\n");

  constructor(protocol: "h2" | "http1" = "h2", certificate: Certificate = selfSignedCertificate()) {
    this.certificate = certificate;
    const { cert, key } = certificate;
    const options = { cert, key, allowHTTP1: true, ...(protocol === "http1" ? { ALPNProtocols: ["http/1.1"] } : {}) };
    this.#server = createSecureServer(options, (request, response) => void this.#serve(request, response));
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("sessionError", () => {});
    this.#server.on("session", (session) => session.on("error", () => {}));
  }

  /** How it answers now. */
  get handler(): Handler {
    return this.#handler;
  }

  answer(handler: Handler): void {
    this.#handler = handler;
  }

  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks every connection, like a killed process. Twice is the same as once. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  connection(port: number, timeout = 2_000): FakeConnection {
    return new FakeConnection(`https://127.0.0.1:${port}`, this.certificate.cert, timeout);
  }

  async #serve(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url, "https://server");
    const text = Buffer.concat(chunks).toString();
    const received = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
    };
    this.requests.push(received);
    const begin = () => {
      if (!response.headersSent) response.writeHead(200, { "content-type": "application/json" });
    };
    await this.#handler(received, {
      send: (status, body, headers = {}) => {
        response.writeHead(status, { "content-type": "application/json", ...headers });
        response.end(typeof body === "string" ? body : JSON.stringify(body));
      },
      event: (type, object) => {
        begin();
        response.write(`${JSON.stringify({ type, object })}\n`);
      },
      write: (line) => {
        begin();
        response.write(line);
      },
      end: () => {
        begin();
        response.end();
      },
      reset: () => {
        for (const socket of this.#sockets) socket.destroy();
      },
    });
  }
}

export class FakeConnection implements Connection {
  readonly server: string;
  readonly #requests: Agent;
  readonly #watches: Agent;
  token = "first";

  constructor(server: string, ca: string, timeout: number) {
    this.server = server;
    const connect = { ca, preferH2: true };
    const timeouts = { headersTimeout: timeout, bodyTimeout: timeout };
    this.#requests = new Agent({ connect, connections: 4, ...timeouts });
    this.#watches = new Agent({ connect, headersTimeout: timeout, bodyTimeout: 30_000 });
  }

  async open() {
    const headers = { authorization: `Bearer ${this.token}` };
    return { requests: this.#requests, watches: this.#watches, headers };
  }

  renew(): void {
    this.token = "renewed";
  }

  async close(): Promise<void> {
    await Promise.all([this.#requests.destroy(), this.#watches.destroy()]);
  }
}
