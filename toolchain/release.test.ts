import { existsSync } from "node:fs";
import { lstat, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { create } from "tar";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { entryFolder } from "./cache.ts";
import { ToolchainError } from "./errors.ts";
import { installTools } from "./install.ts";
import { begin, eventually, fakeTool, program, releaseServer, sandbox, sha256, VERSION } from "./testing/fixture.ts";

async function failure(promise: Promise<unknown>): Promise<ToolchainError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ToolchainError)) throw new Error(`expected a ToolchainError, got ${error}`);
  return error;
}

function releaseReason(error: ToolchainError, tool = 0): string {
  return error.failures[tool]?.ways.find(({ way }) => way === "release")?.reason ?? "";
}

async function setup(env: NodeJS.ProcessEnv = {}) {
  const server = await releaseServer();
  return { server, box: await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url, ...env }) };
}

// The servers here speak plain http on the loopback address. That certificates are checked is Node's and undici's
// doing, and not proven here.
describe("a release", () => {
  it("is downloaded, checked against the pinned checksum and cached with a manifest", async () => {
    const { server, box } = await setup();
    const tool = fakeTool({ name: "alpha" });
    server.serve("/alpha.test/alpha", program("alpha"));

    const paths = await installTools([tool], box.context);

    const path = join(entryFolder(box.root, tool, "linux-amd64"), "alpha");
    expect(Object.fromEntries(paths)).toEqual({ alpha: path });
    expect((await lstat(path)).mode & 0o777).toBe(0o755);
    expect(JSON.parse(await readFile(join(dirname(path), "manifest.json"), "utf8"))).toEqual({
      sha256: sha256(program("alpha")),
      bytes: program("alpha").length,
      source: "release",
      checksum: "pinned",
      url: `${server.url}/alpha.test/alpha`,
      installedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(await box.leftovers()).toEqual([]);
  });

  it("is asked for once: afterwards the cache answers, and nothing is started", async () => {
    const { server, box } = await setup();
    const started = join(box.folder, "started");
    const content = program("alpha", VERSION, `echo x >> ${started}`);
    const tool = fakeTool({ name: "alpha", checksum: { kind: "pinned", sha256: sha256(content) } });
    server.serve("/alpha.test/alpha", content);

    const first = await installTools([tool], box.context);
    const startsOfInstalling = await readFile(started, "utf8");
    const second = await installTools([tool], box.context);

    expect(second).toEqual(first);
    expect(server.asked).toEqual(["/alpha.test/alpha"]);
    expect(await readFile(started, "utf8")).toBe(startsOfInstalling);
    expect(box.events.at(-1)).toMatchObject({ tool: "alpha", step: "ready", from: "cache", path: first.get("alpha") });
  });

  it("tells what it does: each step that starts also ends, and bytes are counted", async () => {
    const { server, box } = await setup();
    server.serve("/alpha.test/alpha", program("alpha"));

    await installTools([fakeTool({ name: "alpha" })], box.context);

    expect(box.events.map(({ step, state }) => `${step} ${state}`)).toEqual([
      "search started",
      "search failed",
      "download started",
      "download succeeded",
      "try started",
      "try succeeded",
      "ready succeeded",
    ]);
    const bytes = program("alpha").length;
    expect(box.events[3]).toMatchObject({ bytes, tool: "alpha", version: VERSION });
    expect(box.events[6]).toMatchObject({ from: "release", elapsedMs: expect.any(Number) });
  });

  it("is unpacked from a gzipped tar archive", async () => {
    const { server, box } = await setup();
    const packed = join(box.folder, "packed");
    await mkdir(join(packed, "alpha-1", "docs"), { recursive: true });
    await box.script(join(packed, "alpha-1", "alpha"), program("alpha"));
    await writeFile(join(packed, "alpha-1", "docs", "alpha"), "not the program");
    await create({ gzip: true, cwd: packed, file: join(box.folder, "a.tar.gz") }, ["alpha-1"]);
    const content = await readFile(join(box.folder, "a.tar.gz"));
    server.serve("/alpha.test/a.tar.gz", content);
    const tool = fakeTool({
      name: "alpha",
      file: "a.tar.gz",
      archive: { format: "tar.gz", member: "alpha-1/alpha" },
      checksum: { kind: "pinned", sha256: sha256(content) },
    });

    const path = (await installTools([tool], box.context)).get("alpha") ?? "";

    expect(await readFile(path, "utf8")).toBe(program("alpha"));
    const manifest = JSON.parse(await readFile(join(dirname(path), "manifest.json"), "utf8"));
    expect(manifest.sha256).toBe(sha256(program("alpha")));
  });

  it("follows redirects", async () => {
    const { server, box } = await setup();
    server.serve("/alpha.test/alpha", (response) => response.writeHead(302, { location: "/elsewhere?sig=1" }).end());
    server.serve("/elsewhere?sig=1", program("alpha"));

    await installTools([fakeTool({ name: "alpha" })], box.context);

    expect(server.asked).toEqual(["/alpha.test/alpha", "/elsewhere?sig=1"]);
  });

  it("rejects a wrong checksum: the file is never executable, never started, never cached", async () => {
    const { server, box } = await setup();
    const started = join(box.folder, "started");
    const evil = program("alpha", VERSION, `echo x > ${started}`);
    server.serve("/alpha.test/alpha", evil);
    const tool = fakeTool({ name: "alpha" });

    const error = await failure(installTools([tool], box.context));

    expect(releaseReason(error)).toContain(`has the wrong SHA-256: ${sha256(evil)}`);
    expect(releaseReason(error)).toContain(`the pinned one is ${sha256(program("alpha"))}`);
    expect(existsSync(started)).toBe(false);
    expect(existsSync(entryFolder(box.root, tool, "linux-amd64"))).toBe(false);
    expect(await box.leftovers()).toEqual([]);
  });

  it("rejects a login page and says that it is one", async () => {
    const { server, box } = await setup();
    server.serve("/alpha.test/alpha", (response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in</html>"),
    );
    const error = await failure(installTools([fakeTool({ name: "alpha" })], box.context));
    expect(releaseReason(error)).toContain("it is a web page");
  });

  it("rejects a program that says it is another version", async () => {
    const { server, box } = await setup();
    const content = program("alpha", "0.0.0-master");
    server.serve("/alpha.test/alpha", content);
    const tool = fakeTool({ name: "alpha", checksum: { kind: "pinned", sha256: sha256(content) } });

    const error = await failure(installTools([tool], box.context));

    expect(releaseReason(error)).toContain(`is version 0.0.0-master; ${VERSION} is needed`);
    expect(existsSync(entryFolder(box.root, tool, "linux-amd64"))).toBe(false);
  });

  it("is asked for a second time when the transfer breaks off", async () => {
    const { server, box } = await setup();
    let asked = 0;
    server.serve("/alpha.test/alpha", (response) => {
      asked += 1;
      if (asked > 1) response.end(program("alpha"));
      else {
        begin(response, "half");
        setImmediate(() => response.destroy());
      }
    });
    await installTools([fakeTool({ name: "alpha" })], box.context);
    expect(asked).toBe(2);
  });

  it("rejects a body that stays truncated", async () => {
    const { server, box } = await setup();
    server.serve("/alpha.test/alpha", (response) => {
      begin(response, "half");
      setImmediate(() => response.destroy());
    });
    const error = await failure(installTools([fakeTool({ name: "alpha" })], box.context));
    expect(releaseReason(error)).toMatch(/the transfer broke off: the server closed the connection/);
    expect(server.asked).toHaveLength(2);
    expect(await box.leftovers()).toEqual([]);
  });

  it("rejects what the server does not have, and goes on to the next way", async () => {
    const { server, box } = await setup();
    const error = await failure(installTools([fakeTool({ name: "alpha" })], box.context));
    expect(releaseReason(error)).toBe(`${server.url}/alpha.test/alpha: HTTP 404`);
    expect(error.failures[0]?.ways.at(-1)).toEqual({ way: "go", reason: expect.stringContaining("no go on PATH") });
  });

  it("asks a host that refuses connections once, for however many tools", async () => {
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: `http://127.0.0.1:${await closedPort()}` });
    const tools = ["alpha", "beta", "gamma"].map((name) => fakeTool({ name }));

    const error = await failure(installTools(tools, box.context));

    const reasons = [0, 1, 2].map((index) => releaseReason(error, index)).sort();
    expect(reasons.filter((reason) => /connection refused$/.test(reason))).toHaveLength(3);
    expect(reasons.filter((reason) => reason.includes("is not asked again"))).toHaveLength(2);
  });

  it("asks a host that never answers once, for however many tools", async () => {
    let connections = 0;
    const server = createServer();
    server.on("connection", (socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: `http://127.0.0.1:${port}` });

    await failure(installTools([fakeTool({ name: "alpha" }), fakeTool({ name: "beta" })], box.context));

    expect(connections).toBe(1);
  });

  it("rejects what is larger than any program, before anything is written", async () => {
    const { server, box } = await setup();
    server.serve("/alpha.test/alpha", (response) => {
      response.writeHead(200, { "content-length": 600_000_000 });
      response.write("the rest never comes");
    });
    const error = await failure(installTools([fakeTool({ name: "alpha" })], box.context));
    expect(releaseReason(error)).toBe(
      `${server.url}/alpha.test/alpha is larger than 512 MB; that is no program of the toolchain`,
    );
  });

  it("gives up on a host that sends less than 1 MB in a minute, for all tools", async () => {
    const { server, box } = await setup();
    // The minute is this process's own clock: it is put forward.
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, "now");
    onTestFinished(() => clock.mockRestore());
    for (const name of ["alpha", "beta"]) {
      server.serve(`/${name}.test/${name}`, (response) => {
        begin(response, "a trickle");
        setTimeout(() => {
          clock.mockImplementation(() => now() + 61_000);
          response.write("and a little more");
        }, 200);
      });
    }
    const tools = [fakeTool({ name: "alpha" }), fakeTool({ name: "beta" })];
    const error = await failure(installTools(tools, box.context));
    expect(releaseReason(error)).toMatch(/the transfer broke off: less than 1 MB arrived within a minute$/);
    expect(await box.leftovers()).toEqual([]);
  });

  it("stops at once when cancelled in the middle of a body, and leaves nothing", async () => {
    const { server, box } = await setup();
    let closed = false;
    server.serve("/alpha.test/alpha", (response) => {
      begin(response, "the rest never comes");
      response.on("close", () => {
        closed = true;
      });
    });
    const controller = new AbortController();
    const reason = new Error("enough");
    const installing = installTools([fakeTool({ name: "alpha" })], {
      ...box.context,
      signal: controller.signal,
    }).catch((error: unknown) => error);
    await eventually("the request", () => server.asked.length === 1);
    controller.abort(reason);

    expect(await installing).toBe(reason);
    await eventually("the connection's end", () => closed);
    expect(await box.leftovers()).toEqual([]);
  });
});

describe("a published checksum", () => {
  const published = (name: string) =>
    fakeTool({ name, checksum: { kind: "published", url: `https://${name}.test/${name}.sha256` } });

  it("is read before the program, and recorded as no more than that", async () => {
    const { server, box } = await setup();
    server.serve("/alpha.test/alpha", program("alpha"));
    server.serve("/alpha.test/alpha.sha256", sha256(program("alpha")));
    const path = (await installTools([published("alpha")], box.context)).get("alpha") ?? "";
    expect(server.asked).toEqual(["/alpha.test/alpha.sha256", "/alpha.test/alpha"]);
    expect(JSON.parse(await readFile(join(dirname(path), "manifest.json"), "utf8"))).toMatchObject({
      checksum: "published",
    });
  });

  it("rejects a program that differs from it", async () => {
    const { server, box } = await setup();
    server.serve("/alpha.test/alpha", program("alpha", "1.0.0"));
    server.serve("/alpha.test/alpha.sha256", sha256(program("alpha")));
    const error = await failure(installTools([published("alpha")], box.context));
    expect(releaseReason(error)).toContain(`the published one is ${sha256(program("alpha"))}`);
  });

  it.each([
    ["is missing", undefined, /HTTP 404/],
    ["holds no sum", "<html>", /holds no SHA-256 for alpha/],
    ["is no checksum file at all", "x".repeat(2 << 20), /is larger than/],
  ])("rejects a release whose checksum %s, without downloading it", async (_case, content, reason) => {
    const { server, box } = await setup();
    server.serve("/alpha.test/alpha", program("alpha"));
    if (content !== undefined) server.serve("/alpha.test/alpha.sha256", content);
    const error = await failure(installTools([published("alpha")], box.context));
    expect(releaseReason(error)).toMatch(reason);
    expect(server.asked).toEqual(["/alpha.test/alpha.sha256"]);
  });

  it("rejects a plain http mirror elsewhere, where whoever changes the program can change its checksum", async () => {
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: "http://mirror.test" });
    const error = await failure(installTools([published("alpha")], box.context));
    expect(releaseReason(error)).toContain("over plain http proves nothing");
  });
});

describe("the network's settings", () => {
  it("send the mirror's credentials to the mirror, and show them to nobody", async () => {
    const { server, box } = await setup();
    const url = server.url.replace("//", "//me:s3cr%20t@");
    const env = { ...box.context.env, WEFT_TOOLCHAIN_MIRROR: url };
    const error = await failure(installTools([fakeTool({ name: "alpha" })], { ...box.context, env }));
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from("me:s3cr t").toString("base64")}`);
    expect(error.message + JSON.stringify(box.events)).not.toMatch(/s3cr/);
  });

  // Tunnels through HTTPS_PROXY are undici's doing, and not proven here.
  it("use HTTP_PROXY, except for the hosts of NO_PROXY", async () => {
    const { server, box } = await setup();
    server.serve("/alpha.test/alpha", program("alpha"));
    const proxy = await plainProxy();
    const env = { ...box.context.env, HTTP_PROXY: proxy.url };
    await installTools([fakeTool({ name: "alpha" })], { ...box.context, env });
    expect(proxy.asked).toEqual([`${server.url}/alpha.test/alpha`]);

    const second = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url, HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" });
    await installTools([fakeTool({ name: "alpha" })], second.context);
    expect(proxy.asked).toHaveLength(1);
    expect(server.asked).toHaveLength(2);
  });

  it.each([
    ["WEFT_TOOLCHAIN_MIRROR", "mirror.test/weft"],
    ["WEFT_TOOLCHAIN_MIRROR", "ftp://mirror.test"],
    ["HTTPS_PROXY", "::not an address::"],
  ])("rejects %s=%s by name, without repeating the value", async (name, value) => {
    const box = await sandbox({ [name]: value });
    const error = await failure(installTools([fakeTool({ name: "alpha" })], box.context));
    expect(error.message).toContain(name);
    expect(error.message).not.toContain(value);
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A proxy for plain http, that remembers which addresses it was asked for. */
async function plainProxy(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const proxy = createServer((incoming, outgoing) => {
    asked.push(incoming.url ?? "");
    request(incoming.url ?? "", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    }).end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}
