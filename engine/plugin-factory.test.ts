import { describe, expect, it, vi } from "vitest";
import { PluginConnection } from "./plugin-connection.ts";
import { startPluginProcess } from "./plugin-process.ts";
import { Secret, UNKNOWN } from "./property.ts";
import { ProviderError } from "./provider.ts";
import { FakePlugin, PROVIDER, THING } from "./testing/plugins.ts";
import { gone } from "./testing/processes.ts";

const signal = new AbortController().signal;
const OPTIONS = { ...THING, timeout: undefined, signal };

/** Says its process's id whenever it is asked anything about a configuration. */
const ASKED = `
  checkConfig: ({ request }, done) => {
    saw({ checked: plain(request.getNews()), type: request.getType(), name: request.getName(), pid: process.pid });
    const { region, ...rest } = plain(request.getNews());
    if (region === "mars") {
      const failure = answer(new pb.CheckFailure(), { property: "region", reason: "is too far" });
      return done(null, answer(new pb.CheckResponse(), { failuresList: [failure] }));
    }
    done(null, answer(new pb.CheckResponse(), { inputs: struct({ region: "eu", ...plain(request.getNews()) }) }));
  },
  diffConfig: ({ request }, done) => {
    const [olds, news] = [plain(request.getOlds()), plain(request.getNews())];
    saw({ olds, news, pid: process.pid });
    if (olds.region === news.region) return done(null, new pb.DiffResponse());
    done(null, answer(new pb.DiffResponse(), { changes: 2, replacesList: ["region"] }));
  },
  configure: ({ request }, done) => {
    saw({ configured: plain(request.getArgs()), pid: process.pid });
    done(null, answer(new pb.ConfigureResponse(), { acceptsecrets: true }));
  },
  create: (call, done) => done(null, answer(new pb.CreateResponse(), { id: "1" })),`;

const pidsOf = (plugin: FakePlugin): number[] => [
  ...new Set(plugin.seen.map((each) => (each as { readonly pid: number }).pid)),
];

describe("the configuration of a plugin", () => {
  it("is checked by it, in plain text, and what is filled in is recorded", async () => {
    const plugin = new FakePlugin(ASKED);
    const checked = await plugin.factory.checkConfig({ token: new Secret("t") }, PROVIDER);
    expect(checked).toStrictEqual({ inputs: { region: "eu", token: new Secret("t") }, failures: [] });
    expect(plugin.seen).toMatchObject([{ checked: { token: "t" }, type: "pulumi:providers:fake", name: "mine" }]);
  });

  it("is refused where the plugin refuses it", async () => {
    const { failures } = await new FakePlugin(ASKED).factory.checkConfig({ region: "mars" }, PROVIDER);
    expect(failures).toEqual([{ property: "region", reason: "is too far" }]);
  });

  it("replaces when the plugin says so, and is compared when it does not know", async () => {
    const { factory } = new FakePlugin(ASKED);
    const diff = (news: object) => factory.diffConfig({ region: "eu" }, { region: "eu", ...news }, PROVIDER);
    expect(await diff({ region: "us" })).toMatchObject({ changes: "some", replaces: ["region"] });
    expect(await diff({ size: 1 })).toMatchObject({ changes: "some", replaces: [] });
    expect(await diff({})).toMatchObject({ changes: "none", replaces: [] });
  });

  it("is taken as it is by a plugin that does not look at it", async () => {
    const { factory } = new FakePlugin("");
    const config = { region: "mars", token: new Secret("t") };
    expect(await factory.checkConfig(config, PROVIDER)).toStrictEqual({ inputs: config, failures: [] });
    expect(await factory.diffConfig({ a: 1 }, { a: 2 }, PROVIDER)).toMatchObject({ changes: "some", replaces: [] });
    expect(await factory.diffConfig({ a: 1 }, { a: 1 }, PROVIDER)).toMatchObject({ changes: "none", replaces: [] });
  });

  it("is rejected with the plugin's own words when it fails", async () => {
    const { factory } = new FakePlugin(`checkConfig: (call, done) => done({ code: status.UNKNOWN, details: "no" }),`);
    await expect(factory.checkConfig({}, PROVIDER)).rejects.toThrow(new ProviderError("no"));
  });
});

describe("the process of a plugin", () => {
  it("is one for all that is asked of one configuration", async () => {
    const plugin = new FakePlugin(ASKED);
    await plugin.factory.checkConfig({}, PROVIDER);
    await plugin.factory.diffConfig({}, {}, PROVIDER);
    const provider = await plugin.configure();
    await plugin.factory.checkConfig({}, PROVIDER);
    expect(pidsOf(plugin)).toHaveLength(1);
    await provider.close();
    for (const pid of pidsOf(plugin)) await gone(pid);
  });

  it("is another one for another configuration, and for another provider", async () => {
    const plugin = new FakePlugin(ASKED);
    const first = await plugin.configure({ region: "eu" });
    await plugin.configure({ region: "us" });
    await plugin.factory.checkConfig({}, PROVIDER.replace("mine", "other"));
    expect(pidsOf(plugin)).toHaveLength(3);
    await first.close();
  });

  it("is ended with the factory, if it was asked and never configured", async () => {
    const plugin = new FakePlugin(ASKED);
    await plugin.factory.checkConfig({}, PROVIDER);
    await plugin.factory.close();
    for (const pid of pidsOf(plugin)) await gone(pid);
  });

  it("is ended when it can't be configured", async () => {
    const plugin = new FakePlugin(`configure: (call, done) => {
      saw(process.pid);
      done({ code: status.UNKNOWN, details: "no credentials" });
    },`);
    await expect(plugin.configure()).rejects.toThrow("no credentials");
    await gone(Number(plugin.seen[0]));
  });
});

describe("a plugin whose configuration is not known yet", () => {
  it("is not configured: it previews, and does nothing", async () => {
    const plugin = new FakePlugin(ASKED);
    const provider = await plugin.configure({ region: new Secret(UNKNOWN) });
    const inputs = { size: 1 };
    expect(await provider.check({ ...THING, olds: undefined, news: inputs })).toEqual({ inputs, failures: [] });
    expect(await provider.create({ ...OPTIONS, inputs, preview: true })).toEqual({ id: "", outputs: inputs });
    await expect(provider.create({ ...OPTIONS, inputs, preview: false })).rejects.toThrow(
      "can't create web: the configuration of mine is not known yet",
    );
    expect(plugin.seen).toEqual([]);
  });

  it("is configured once it is known, in the process that was asked before", async () => {
    const plugin = new FakePlugin(ASKED);
    await plugin.factory.checkConfig({ region: UNKNOWN }, PROVIDER);
    const planned = await plugin.configure({ region: UNKNOWN });
    const provider = await plugin.configure({ region: "eu" });
    await planned.close();
    expect(await provider.create({ ...OPTIONS, inputs: {}, preview: false })).toMatchObject({ id: "1" });
    expect(plugin.seen).toMatchObject([{ name: "mine" }, { configured: { region: "eu" } }]);
    expect(pidsOf(plugin)).toHaveLength(1);
  });
});

describe("a run that is aborted", () => {
  it("ends a plugin that is starting", async () => {
    const plugin = new FakePlugin("...(saw(process.pid), setInterval(() => {}, 1000), await new Promise(() => {})),");
    const rejected = expect(plugin.factory.checkConfig({}, PROVIDER)).rejects.toThrow("interrupted");
    await vi.waitFor(() => expect(plugin.seen).toHaveLength(1), 10_000);
    plugin.abort(new Error("interrupted"));
    await rejected;
    await gone(Number(plugin.seen[0]));
  });

  const stopping = `
    create: (call, done) => { saw("creating"); globalThis.stop = () => done({ code: status.UNKNOWN, details: "undone" }); },
    cancel: (call, done) => { saw("cancelled"); done(null, new empty_pb.Empty()); globalThis.stop?.(); },`;

  it("asks a plugin that is working to stop, and waits for what comes of it", async () => {
    const plugin = new FakePlugin(stopping);
    const provider = await plugin.configure();
    const rejected = expect(provider.create({ ...OPTIONS, inputs: {}, preview: false })).rejects.toThrow("undone");
    await vi.waitFor(() => expect(plugin.seen).toEqual(["creating"]), 10_000);
    plugin.abort(new Error("interrupted"));
    await rejected;
  });

  it("asks so also a plugin that came up just then", async () => {
    const plugin = new FakePlugin(stopping);
    const { executable, directory, env } = plugin.options;
    const how = { what: "provider fake", command: executable, args: [], cwd: directory, env };
    const process = await startPluginProcess({ ...how, onOutput: () => {}, signal });
    const connection = new PluginConnection("provider fake", process, AbortSignal.abort());
    await vi.waitFor(() => expect(plugin.seen).toEqual(["cancelled"]), 10_000);
    await connection.close();
  });
});
