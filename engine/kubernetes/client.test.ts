import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { ApiError, UnreachableError } from "./api-error.ts";
import { ApiClient, type ApiRequest, type WatchEvent } from "./client.ts";
import type { RetryBudget } from "./retry.ts";
import { FakeServer } from "./testing/fake-server.ts";

// The server is a fake: that a real API server answers so is proven by the integration test, as far as it can be made to.

const PATH = "/api/v1/namespaces/shop/configmaps/web";
const SHORT: RetryBudget = { firstContact: 2_000, outage: 2_000 };
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(protocol: "h2" | "http1" = "h2", inFlight?: number) {
  const server = new FakeServer(protocol);
  const port = await server.listen();
  const connection = server.connection(port, 500);
  const client = new ApiClient(connection, inFlight);
  closing.push(
    () => server.stop(),
    () => client.close(),
  );
  return { server, port, client, connection };
}

function get(rest: Partial<ApiRequest> = {}): ApiRequest {
  return { method: "GET", path: PATH, signal: new AbortController().signal, budget: SHORT, ...rest };
}

const failure = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe.each(["h2", "http1"] as const)("the client over %s", (protocol) => {
  it("sends and reads JSON as it is, with its credentials", async () => {
    const { server, client } = await start(protocol);
    server.answer((_, reply) => reply.send(201, { kind: "ConfigMap", unknownField: { kept: [1, null] } }));
    const body = { data: { a: "ü" } };
    const answer = await client.request(
      get({
        method: "PATCH",
        body,
        query: { fieldManager: "m", dryRun: undefined },
        contentType: "application/apply-patch+yaml",
      }),
    );
    expect(answer).toEqual({
      status: 201,
      body: { kind: "ConfigMap", unknownField: { kept: [1, null] } },
      warnings: [],
    });
    expect(server.requests[0]).toMatchObject({ method: "PATCH", path: PATH, body });
    expect(server.requests[0]?.query.toString()).toBe("fieldManager=m");
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: "Bearer first",
      "content-type": "application/apply-patch+yaml",
    });
  });

  it("waits as long as a 429 asks, then does it", async () => {
    const { server, client } = await start(protocol);
    const times: number[] = [];
    server.answer((_, reply) => {
      times.push(performance.now());
      if (times.length < 2) reply.send(429, { message: "too many", reason: "TooManyRequests" }, { "retry-after": "1" });
      else reply.send(200, {});
    });
    // A POST too: nothing was done yet.
    await client.request(get({ method: "POST", body: {} }));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1000);
  });

  it("repeats after 500 and a reset what may be repeated", async () => {
    const { server, client } = await start(protocol);
    server.answer((_, reply) => {
      if (server.requests.length === 1) reply.send(500, { message: "etcd leader changed" });
      else if (server.requests.length === 2) reply.reset();
      else reply.send(200, { done: true });
    });
    const retried: string[] = [];
    const answer = await client.request(
      get({ method: "PATCH", body: {}, onRetry: (error) => retried.push(error.message) }),
    );
    expect(answer.body).toEqual({ done: true });
    expect(retried[0]).toBe("etcd leader changed");
    expect(retried[1]).toMatch(/closed the connection/);
  });

  it("does not repeat what may have been done and would be done twice", async () => {
    const { server, client } = await start(protocol);
    server.answer((_, reply) => reply.send(500, { message: "boom" }));
    expect(await failure(client.request(get({ method: "POST", body: {} })))).toMatchObject({
      status: 500,
      message: "boom",
    });
    expect(server.requests).toHaveLength(1);
  });

  it("reads a watch line by line, wherever the pieces break", async () => {
    const { server, client } = await start(protocol);
    server.answer((_, reply) => {
      const line = JSON.stringify({ type: "ADDED", object: { metadata: { name: "ü", resourceVersion: "5" } } });
      reply.write(line.slice(0, 30));
      setTimeout(() => {
        reply.write(`${line.slice(30)}\n\n`);
        reply.event("BOOKMARK", { metadata: { resourceVersion: "9" } });
        reply.event("UNHEARD", {});
        reply.end();
      }, 20);
    });
    const events: WatchEvent[] = [];
    for await (const event of client.watch("/api/v1/pods", { resourceVersion: "4" }, new AbortController().signal))
      events.push(event);
    expect(events.map(({ type }) => type)).toEqual(["ADDED", "BOOKMARK"]);
    expect(events[0]?.object).toEqual({ metadata: { name: "ü", resourceVersion: "5" } });
    expect(server.requests[0]?.query.toString()).toBe("resourceVersion=4&watch=1");
  });
});

describe("the client", () => {
  it("carries many requests over one connection, and no more at once than it may", async () => {
    const { server, client } = await start("h2", 5);
    let open = 0;
    let most = 0;
    server.answer(async (_, reply) => {
      most = Math.max(most, ++open);
      await sleep(10);
      open--;
      reply.send(200, {});
    });
    await Promise.all(Array.from({ length: 40 }, () => client.request(get())));
    expect(most).toBe(5);
    expect(server.connections).toBe(1);
  });

  it("asks for new credentials once when they are refused", async () => {
    const { server, client } = await start();
    server.answer(({ headers }, reply) => {
      if (headers.authorization === "Bearer renewed") reply.send(200, {});
      else reply.send(401, { message: "Unauthorized" });
    });
    expect((await client.request(get())).status).toBe(200);
    server.answer((_, reply) => reply.send(401, { message: "Unauthorized" }));
    expect(await failure(client.request(get()))).toMatchObject({ status: 401 });
    expect(server.requests).toHaveLength(4);
  });

  it("rejects with the server's own words, reasons and details", async () => {
    const { server, client } = await start();
    server.answer((_, reply) =>
      reply.send(422, { kind: "Status", message: "no", reason: "Invalid", details: { causes: [{ field: "a" }] } }),
    );
    const error = await failure(client.request(get()));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 422,
      message: "no",
      reason: "Invalid",
      details: { causes: [{ field: "a" }] },
    });
  });

  it("takes no page of something else for success, and asks again", async () => {
    const { server, client } = await start();
    server.answer((_, reply) => reply.send(200, "<html>maintenance</html>"));
    const budget = { firstContact: 300, outage: 300 };
    expect(await failure(client.request(get({ method: "DELETE", budget })))).toMatchObject({
      status: 502,
      message: "the answer is not JSON: is something else in front of the API server?",
    });
    server.answer((_, reply) => {
      if (server.requests.length % 2 === 0) reply.send(200, "<html>maintenance</html>");
      else reply.send(200, { done: true });
    });
    expect((await client.request(get())).body).toEqual({ done: true });
  });

  it("rejects an answer that is no Kubernetes status with its text", async () => {
    const { server, client } = await start();
    server.answer((_, reply) => reply.send(404, "404 page not found\n"));
    expect(await failure(client.request(get()))).toMatchObject({
      status: 404,
      message: "HTTP status 404: 404 page not found",
    });
  });

  it("tells what the server warns of", async () => {
    const { server, client } = await start();
    server.answer((_, reply) => reply.send(200, {}, { warning: '299 - "a \\"b\\", c", 299 - "d"' }));
    expect((await client.request(get())).warnings).toEqual(['a "b", c', "d"]);
  });

  it("counts no time that a request waits for others", async () => {
    const { server, client } = await start("h2", 1);
    server.answer(async (_, reply) => {
      if (server.requests.length === 1) {
        await sleep(400);
        reply.send(200, {});
      } else if (server.requests.length === 2) reply.send(503, { message: "busy" });
      else reply.send(200, { done: true });
    });
    const first = client.request(get());
    const second = client.request(get({ budget: { firstContact: 300, outage: 300 } }));
    expect((await first).body).toEqual({});
    expect((await second).body).toEqual({ done: true });
  });

  it("rejects a server with a certificate that is not trusted, without trying again", async () => {
    const { server, port } = await start();
    const stranger = new FakeServer();
    const client = new ApiClient(stranger.connection(port));
    closing.push(() => client.close());
    const retries: Error[] = [];
    const error = await failure(client.request(get({ onRetry: (again) => retries.push(again) })));
    expect(error).toMatchObject({ lasting: true, message: expect.stringContaining("certificate is not accepted") });
    expect([retries, server.requests]).toEqual([[], []]);
  });

  it("stops at once when aborted: while waiting, while asking, and before", async () => {
    const { server, client } = await start();
    const stop = new AbortController();
    server.answer((_, reply) => reply.send(429, {}, { "retry-after": "1" }));
    const waiting = failure(client.request(get({ signal: stop.signal })));
    await sleep(50);
    stop.abort();
    expect(await waiting).toMatchObject({ name: "AbortError" });
    server.answer(() => {});
    const later = new AbortController();
    const asking = failure(client.request(get({ signal: later.signal })));
    await sleep(50);
    later.abort();
    expect(await asking).toMatchObject({ name: "AbortError" });
    const count = server.requests.length;
    expect(await failure(client.request(get({ signal: later.signal })))).toMatchObject({ name: "AbortError" });
    expect(server.requests).toHaveLength(count);
  });

  it("rejects a watch that the server refuses or ends with an error", async () => {
    const { server, client } = await start();
    const { signal } = new AbortController();
    server.answer((_, reply) => reply.send(403, { message: "cannot watch" }));
    expect(await failure(client.watch("/p", {}, signal).next())).toMatchObject({ status: 403 });
    server.answer((_, reply) => reply.event("ERROR", { code: 410, reason: "Expired", message: "too old" }));
    expect(await failure(client.watch("/p", {}, signal).next())).toMatchObject({ status: 410, reason: "Expired" });
    server.answer((_, reply) => {
      reply.write('{"type":"ADDED"');
      setTimeout(() => reply.reset(), 20);
    });
    expect(await failure(client.watch("/p", {}, signal).next())).toBeInstanceOf(UnreachableError);
  });
});
