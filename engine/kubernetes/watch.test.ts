import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { ApiClient } from "./client.ts";
import { type JsonMap, textAt } from "./json.ts";
import { FakeServer, type Received, type Reply } from "./testing/fake-server.ts";
import { type Interest, Watches } from "./watch.ts";

const PODS = { apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true };
const NODES = { apiVersion: "v1", kind: "Node", plural: "nodes", namespaced: false };
const QUICK = { linger: 20, outage: 400, firstPause: 5, longestPause: 20 };
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options = QUICK) {
  const server = new FakeServer();
  const port = await server.listen();
  const client = new ApiClient(server.connection(port, 300));
  const stop = new AbortController();
  closing.push(
    () => server.stop(),
    () => client.close(),
    async () => stop.abort(),
  );
  return { server, port, watches: new Watches(client, stop.signal, options) };
}

function pod(name: string, version: number, labels: JsonMap = {}): JsonMap {
  return { metadata: { name, namespace: "shop", resourceVersion: String(version), labels } };
}

/** An interest in pods of a name, and what it was told. */
function listener(name: string): Interest & { readonly heard: string[] } {
  const heard: string[] = [];
  const tell = (what: string) => (object: JsonMap) => {
    heard.push(`${what} ${textAt(object, "kind")} ${textAt(object, "metadata", "resourceVersion")}`);
  };
  return {
    heard,
    matches: (object) => textAt(object, "metadata", "name") === name,
    onChange: tell("changed"),
    onDelete: tell("deleted"),
    onReset: (objects, version) =>
      heard.push(
        `reset ${objects.map((object) => textAt(object, "metadata", "resourceVersion")).join()} at ${version}`,
      ),
    onTrouble: (error) => heard.push(error === undefined ? "goes on" : "trouble"),
    onFailure: (error) => heard.push(`failed ${error.message}`),
  };
}

const isWatch = (request: Received) => request.query.get("watch") === "1";
const settle = () => sleep(60);

describe("shared watches", () => {
  it("open one stream for a kind and namespace, from the version of the first write", async () => {
    const { server, watches } = await start();
    let stream: Reply | undefined;
    server.answer((_, reply) => {
      stream = reply;
      reply.event("MODIFIED", pod("a", 11));
    });
    const [a, b] = [listener("a"), listener("b")];
    watches.subscribe(PODS, "shop", a).startFrom("10");
    watches.subscribe(PODS, "shop", b).startFrom("12");
    await expect.poll(() => a.heard).toEqual(["changed Pod 11"]);
    stream?.event("ADDED", pod("b", 13));
    stream?.event("DELETED", pod("a", 14));
    await expect.poll(() => a.heard).toEqual(["changed Pod 11", "deleted Pod 14"]);
    expect(b.heard).toEqual(["changed Pod 13"]);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({ path: "/api/v1/namespaces/shop/pods" });
    expect(server.requests[0]?.query.get("resourceVersion")).toBe("10");
  });

  it("open another for another namespace, and none until somebody starts it", async () => {
    const { server, watches } = await start();
    server.answer((_, reply) => reply.event("BOOKMARK", pod("x", 1)));
    watches.subscribe(PODS, "shop", listener("a"));
    await settle();
    expect(server.requests).toHaveLength(0);
    watches.subscribe(PODS, "shop", listener("a")).startFrom("1");
    watches.subscribe(PODS, "team", listener("a")).startFrom("1");
    watches.subscribe(NODES, "ignored", listener("a")).startFrom("1");
    await expect
      .poll(() => server.requests.map(({ path }) => path).sort())
      .toEqual(["/api/v1/namespaces/shop/pods", "/api/v1/namespaces/team/pods", "/api/v1/nodes"]);
  });

  it("go on after the server ends them, from the last event or bookmark", async () => {
    const { server, watches } = await start();
    server.answer((_, reply) => {
      if (server.requests.length === 1) {
        reply.event("MODIFIED", pod("a", 11));
        reply.event("BOOKMARK", pod("", 20));
        reply.end();
      } else reply.event("MODIFIED", pod("a", 21));
    });
    const a = listener("a");
    watches.subscribe(PODS, "shop", a).startFrom("10");
    await expect.poll(() => a.heard).toEqual(["changed Pod 11", "changed Pod 21"]);
    expect(server.requests[1]?.query.get("resourceVersion")).toBe("20");
  });

  it.each([
    [
      "as an event",
      (reply: Reply) => reply.event("ERROR", { code: 410, reason: "Expired", message: "too old resource version" }),
    ],
    ["as an answer", (reply: Reply) => reply.send(410, { reason: "Expired", message: "too old resource version" })],
  ])("list everything once when their version is gone (410 %s), page by page, and go on from there", async (_, gone) => {
    const { server, watches } = await start();
    server.answer((request, reply) => {
      if (!isWatch(request)) {
        const second = request.query.get("continue") === "next";
        const items = second ? [pod("b", 31)] : [pod("a", 30), pod("other", 30)];
        reply.send(200, { items, metadata: { resourceVersion: "40", ...(second ? {} : { continue: "next" }) } });
      } else if (request.query.get("resourceVersion") === "10") gone(reply);
      else reply.event("MODIFIED", pod("a", 41));
    });
    const [a, b, c] = [listener("a"), listener("b"), listener("c")];
    watches.subscribe(PODS, "shop", a).startFrom("10");
    watches.subscribe(PODS, "shop", b);
    watches.subscribe(PODS, "shop", c);
    await expect.poll(() => a.heard).toEqual(["reset 30 at 40", "changed Pod 41"]);
    expect([b.heard, c.heard]).toEqual([["reset 31 at 40"], ["reset  at 40"]]);
  });

  it("list again for those who came while it was listed", async () => {
    const { server, watches } = await start();
    const late = listener("late");
    let lists = 0;
    server.answer((request, reply) => {
      if (isWatch(request)) {
        if (lists === 0) reply.send(410, {});
        return;
      }
      lists++;
      if (lists === 1) watches.subscribe(PODS, "shop", late);
      reply.send(200, { items: [pod("late", 50)], metadata: { resourceVersion: "60" } });
    });
    watches.subscribe(PODS, "shop", listener("a")).startFrom("10");
    await expect.poll(() => late.heard).toEqual(["reset 50 at 60"]);
    expect(lists).toBe(2);
  });

  it("begin a list again whose own pages expire", async () => {
    const { server, watches } = await start();
    let lists = 0;
    server.answer((request, reply) => {
      if (isWatch(request)) {
        if (request.query.get("resourceVersion") === "10") reply.send(410, { reason: "Expired", message: "too old" });
        else reply.event("MODIFIED", pod("a", 61));
      } else if (request.query.get("continue") !== "next") {
        reply.send(200, { items: [], metadata: { resourceVersion: String(40 + ++lists), continue: "next" } });
      } else if (lists === 1) reply.send(410, { reason: "Expired", message: "the list is too old" });
      else reply.send(200, { items: [pod("a", 30)], metadata: { resourceVersion: "60" } });
    });
    const a = listener("a");
    watches.subscribe(PODS, "shop", a).startFrom("10");
    await expect.poll(() => a.heard).toEqual(["reset 30 at 60", "changed Pod 61"]);
  });

  it("say that they go on as soon as they do, without waiting for an event", async () => {
    const { server, watches } = await start();
    server.answer((_, reply) => {
      if (server.requests.length === 1) reply.send(503, { message: "starting" });
      else reply.write("\n");
    });
    const a = listener("a");
    watches.subscribe(PODS, "shop", a).startFrom("10");
    await expect.poll(() => a.heard).toEqual(["trouble", "goes on"]);
  });

  it("are tried again after a broken connection or a busy server, and say so meanwhile", async () => {
    const { server, watches } = await start();
    server.answer((_, reply) => {
      if (server.requests.length === 1) {
        reply.event("MODIFIED", pod("a", 11));
        setTimeout(() => reply.reset(), 10);
      } else if (server.requests.length === 2) reply.send(429, { message: "too many" });
      else if (server.requests.length === 3) reply.send(503, { message: "starting" });
      else reply.event("MODIFIED", pod("a", 12));
    });
    const a = listener("a");
    watches.subscribe(PODS, "shop", a).startFrom("10");
    const heard = ["changed Pod 11", "trouble", "trouble", "trouble", "goes on", "changed Pod 12"];
    await expect.poll(() => a.heard).toEqual(heard);
    expect(server.requests.at(-1)?.query.get("resourceVersion")).toBe("11");
  });

  it("fail for all when they are not allowed", async () => {
    const { server, watches } = await start();
    server.answer((_, reply) => reply.send(403, { message: 'cannot watch resource "pods"' }));
    const [a, b] = [listener("a"), listener("b")];
    watches.subscribe(PODS, "shop", b);
    watches.subscribe(PODS, "shop", a).startFrom("1");
    await expect
      .poll(() => [a.heard, b.heard])
      .toEqual([['failed cannot watch resource "pods"'], ['failed cannot watch resource "pods"']]);
  });

  it("fail when the server stays away for longer than an outage may take", async () => {
    const { server, watches } = await start();
    server.answer((_, reply) => reply.send(503, { message: "down" }));
    const a = listener("a");
    watches.subscribe(PODS, "shop", a).startFrom("1");
    await expect.poll(() => a.heard.at(-1), { timeout: 5_000 }).toBe("failed down");
    expect(a.heard.filter((what) => what === "trouble").length).toBeGreaterThan(3);
    // Bounded: it pauses between attempts.
    expect(server.requests.length).toBeLessThan(60);
  });

  it("end soon after the last one leaves, and serve who comes before that", async () => {
    const { server, watches } = await start();
    server.answer((_, reply) => reply.event("BOOKMARK", pod("", 5)));
    const first = watches.subscribe(PODS, "shop", listener("a"));
    first.startFrom("1");
    await expect.poll(() => server.requests.length).toBe(1);
    first.close();
    const b = listener("b");
    const second = watches.subscribe(PODS, "shop", b);
    second.startFrom("6");
    await settle();
    expect(server.requests).toHaveLength(1);
    second.close();
    second.close();
    await settle();
    watches.subscribe(PODS, "shop", listener("c")).startFrom("9");
    await expect.poll(() => server.requests.map(({ query }) => query.get("resourceVersion"))).toEqual(["1", "9"]);
  });

  it("tell one that listens too late for what has been reported already what there is now", async () => {
    const { server, watches } = await start();
    let stream: Reply | undefined;
    server.answer((request, reply) => {
      if (isWatch(request)) stream = reply;
      else reply.send(200, { metadata: { resourceVersion: "15" }, items: [pod("b", 12)] });
    });
    const [a, b, late] = [listener("a"), listener("b"), listener("a")];
    watches.subscribe(PODS, "shop", a).startFrom("10");
    const early = watches.subscribe(PODS, "shop", b);
    await expect.poll(() => stream).toBeDefined();
    stream?.event("DELETED", pod("a", 13));
    await expect.poll(() => a.heard).toEqual(["deleted Pod 13"]);
    // Its object was marked as deleted at 11, and the answer to that came after the event.
    watches.subscribe(PODS, "shop", late).startFrom("11");
    await expect.poll(() => late.heard).toEqual(["reset  at 15"]);
    // Who has listened from before the stream began may have missed what came before that.
    early.startFrom("9");
    await expect.poll(() => b.heard).toEqual(["reset 12 at 15"]);
    stream?.event("MODIFIED", pod("b", 16));
    await expect.poll(() => b.heard).toEqual(["reset 12 at 15", "changed Pod 16"]);
    expect(server.requests.filter(isWatch)).toHaveLength(1);
  });

  it("that failed do not take along the one that came after them, when they end", async () => {
    const { server, watches } = await start();
    server.answer((_, reply) => reply.send(403, { message: "no" }));
    const [a, b] = [listener("a"), listener("b")];
    const failed = watches.subscribe(PODS, "shop", a);
    failed.startFrom("1");
    await expect.poll(() => a.heard).toEqual(["failed no"]);
    server.answer((_, reply) => reply.event("BOOKMARK", pod("", 5)));
    watches.subscribe(PODS, "shop", b).startFrom("2");
    failed.close();
    await settle();
    watches.subscribe(PODS, "shop", listener("c")).startFrom("6");
    await settle();
    expect(server.requests.map(({ query }) => query.get("resourceVersion"))).toEqual(["1", "2"]);
  });

  it("do not hammer a server that ends each stream at once", async () => {
    const { server, watches } = await start({ ...QUICK, firstPause: 20, longestPause: 50 });
    server.answer((_, reply) => reply.end());
    watches.subscribe(PODS, "shop", listener("a")).startFrom("1");
    await sleep(300);
    expect(server.requests.length).toBeLessThan(15);
  });
});
