import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { UnreachableError } from "./api-error.ts";
import { ApiClient, type ApiRequest } from "./client.ts";
import { FakeServer } from "./testing/fake-server.ts";

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start() {
  const server = new FakeServer();
  const port = await server.listen();
  const client = new ApiClient(server.connection(port, 500));
  closing.push(
    () => server.stop(),
    () => client.close(),
  );
  return { server, port, client };
}

function get(rest: Partial<ApiRequest> = {}): ApiRequest {
  return { method: "GET", path: "/api/v1", signal: new AbortController().signal, ...rest };
}

const failure = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("a server that is away", () => {
  it("or answers too slowly is given up within the budget", async () => {
    const { server, client } = await start();
    server.answer(() => {});
    const error = await failure(client.request(get({ budget: { firstContact: 600, outage: 600 } })));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({
      code: "UND_ERR_HEADERS_TIMEOUT",
      sent: true,
      message: expect.stringContaining("does not answer in time"),
    });
  });

  it("is told by its address, and waited for once for all requests and not anew for each", async () => {
    const { server, client, port } = await start();
    await server.stop();
    const budget = { firstContact: 300, outage: 300 };
    const error = await failure(client.request(get({ budget })));
    expect(error).toMatchObject({ server: `https://127.0.0.1:${port}`, code: "ECONNREFUSED", sent: false });
    await sleep(300);
    const retries: Error[] = [];
    await failure(client.request(get({ budget, onRetry: (again) => retries.push(again) })));
    expect(retries).toEqual([]);
  });

  it("is forgotten once nobody waits for it", async () => {
    const { server, client } = await start();
    await server.stop();
    expect(await failure(client.request(get({ signal: AbortSignal.timeout(50) })))).toMatchObject({
      name: "TimeoutError",
    });
    await sleep(300);
    const retries: Error[] = [];
    const budget = { firstContact: 300, outage: 300 };
    await failure(client.request(get({ budget, onRetry: (again) => retries.push(again) })));
    expect(retries).not.toEqual([]);
  });

  it("is asked again when it is back", async () => {
    const { server, client, port } = await start();
    server.answer((_, reply) => reply.send(200, {}));
    await client.request(get());
    await server.stop();
    const pending = client.request(get({ budget: { firstContact: 5_000, outage: 5_000 } }));
    await sleep(200);
    const again = new FakeServer("h2", server.certificate);
    again.answer((_, reply) => reply.send(200, { restarted: true }));
    await again.listen(port);
    closing.push(() => again.stop());
    expect((await pending).body).toEqual({ restarted: true });
  });
});
