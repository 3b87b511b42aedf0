import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ApiClient } from "./client.ts";
import { connectTo } from "./connection.ts";
import { readKubeconfig } from "./kubeconfig.ts";
import { FakeServer } from "./testing/fake-server.ts";

// Client certificates are proven by the integration test. Going through a proxy is not proven.

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A client by a kubeconfig whose user is this, and the authorization the server saw, request by request. */
async function start(user: object, cluster: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), "weft-connection-"));
  const server = new FakeServer();
  const port = await server.listen();
  writeFileSync(join(folder, "ca.crt"), server.certificate.cert);
  const config = {
    clusters: [
      {
        name: "c",
        cluster: { server: `https://127.0.0.1:${port}/prefix`, "certificate-authority": "ca.crt", ...cluster },
      },
    ],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  const path = join(folder, "config");
  writeFileSync(path, JSON.stringify(config));
  const client = new ApiClient(connectTo(readKubeconfig(path), { context: undefined, cluster: undefined }, undefined));
  closing.push(
    () => rmSync(folder, { recursive: true }),
    () => server.stop(),
    () => client.close(),
  );
  const get = () => client.request({ method: "GET", path: "/api", signal: AbortSignal.timeout(10_000) });
  const seen = () => server.requests.map(({ headers }) => headers.authorization);
  return { folder, server, client, get, seen };
}

const plugin = (script: string, ...args: string[]) => ({
  exec: { apiVersion: "client.authentication.k8s.io/v1", command: process.execPath, args: ["-e", script, ...args] },
});

describe("connections", () => {
  it("trust the kubeconfig's authority, by a path relative to it, and keep a path in the server's address", async () => {
    const { server, get, seen } = await start({ token: "t0ken" });
    server.answer((_, reply) => reply.send(200, {}));
    await get();
    expect(seen()).toEqual(["Bearer t0ken"]);
    expect(server.requests[0]?.path).toBe("/prefix/api");
  });

  it("get a token from a plugin, once, and anew when the server refuses it", async () => {
    const script = `
      const fs = require("node:fs"), file = process.argv[1];
      const count = (fs.existsSync(file) ? Number(fs.readFileSync(file, "utf8")) : 0) + 1;
      fs.writeFileSync(file, String(count));
      console.log(JSON.stringify({ status: { token: "plugin-" + count } }));`;
    const folder = mkdtempSync(join(tmpdir(), "weft-plugin-"));
    closing.push(() => rmSync(folder, { recursive: true }));
    const { server, get, seen } = await start(plugin(script, join(folder, "count")));
    let valid = "Bearer plugin-1";
    server.answer(({ headers }, reply) =>
      reply.send(headers.authorization === valid ? 200 : 401, { message: "Unauthorized" }),
    );
    await Promise.all([get(), get()]);
    valid = "Bearer plugin-2";
    await get();
    expect(seen()).toEqual(["Bearer plugin-1", "Bearer plugin-1", "Bearer plugin-1", "Bearer plugin-2"]);
  });

  it("reject a plugin that fails, with what it said, and at once", async () => {
    const { server, get } = await start(plugin('console.error("no session: log in first"); process.exit(1)'));
    await expect(get()).rejects.toThrow("no credentials could be had for it: no session: log in first");
    expect(server.requests).toEqual([]);
  });

  it("keep nobody waiting for a plugin who has called it off", async () => {
    const { server, client } = await start(plugin("setTimeout(() => {}, 3_000)"));
    const signal = AbortSignal.timeout(100);
    await expect(client.request({ method: "GET", path: "/api", signal })).rejects.toThrow(/timeout/);
    expect(server.requests).toEqual([]);
  }, 2_000);

  it("send a user name and password", async () => {
    const { server, get, seen } = await start({ username: "u", password: "p" });
    server.answer((_, reply) => reply.send(200, {}));
    await get();
    expect(seen()).toEqual([`Basic ${Buffer.from("u:p").toString("base64")}`]);
  });

  it("read a token from a file, and impersonate a user", async () => {
    const { folder, server, get, seen } = await start({ tokenFile: "token", as: "somebody" });
    writeFileSync(join(folder, "token"), "from-file");
    server.answer((_, reply) => reply.send(200, {}));
    await get();
    expect(seen()).toEqual(["Bearer from-file"]);
    expect(server.requests[0]?.headers["impersonate-user"]).toBe("somebody");
  });

  it("reject a certificate file that is missing, a plain http address, groups to impersonate and a SOCKS proxy", async () => {
    const missing = await start({ "client-certificate": "nowhere.crt", "client-key": "nowhere.key" });
    await expect(missing.get()).rejects.toThrow(/no credentials could be had for it: ENOENT.*nowhere\.crt/);
    const open = await start({ token: "t" }, { server: "http://127.0.0.1:1" });
    await expect(open.get()).rejects.toThrow("its address is http");
    const groups = await start({ token: "t", as: "a", "as-groups": ["b"] });
    await expect(groups.get()).rejects.toThrow("as-groups in the kubeconfig are not supported");
    const socks = await start({ token: "t" }, { "proxy-url": "socks5://127.0.0.1:1" });
    await expect(socks.get()).rejects.toThrow("SOCKS proxy, which is not supported");
  });
});
