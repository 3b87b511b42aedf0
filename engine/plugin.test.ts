import { describe, expect, it } from "vitest";
import { type PropertyMap, Secret } from "./property.ts";
import { NotReadyError, type Provider, ProviderError, UnansweredError } from "./provider.ts";
import { isAlive } from "./state/alive.ts";
import { FakePlugin, THING } from "./testing/plugins.ts";
import { BEAR_CHILD } from "./testing/processes.ts";

const signal = new AbortController().signal;
const OPTIONS = { ...THING, timeout: undefined, preview: false, signal };
const create = (provider: Provider, inputs: PropertyMap = {}) => provider.create({ ...OPTIONS, inputs });

describe("a plugin that knows of no secrets", () => {
  const echo = `
    configure: (call, done) => done(null, new pb.ConfigureResponse()),
    check: ({ request }, done) => {
      saw(plain(request.getNews()));
      done(null, answer(new pb.CheckResponse(), { inputs: struct({ ...plain(request.getNews()), size: 1 }) }));
    },
    create: ({ request }, done) => {
      saw(plain(request.getProperties()));
      done(null, answer(new pb.CreateResponse(), { id: "1", properties: request.getProperties() }));
    },
    update: ({ request }, done) =>
      done(null, answer(new pb.UpdateResponse(), { properties: request.getNews() })),
    read: ({ request }, done) => done(null, answer(new pb.ReadResponse(),
      { id: "1", inputs: request.getInputs(), properties: request.getProperties() })),`;
  const sent = { password: new Secret("hunter2"), users: [{ key: new Secret("k") }], name: "web" };
  const inText = { password: "hunter2", users: [{ key: "k" }], name: "web" };
  const marked = { password: new Secret("hunter2"), users: new Secret([{ key: "k" }]), name: "web" };

  it("is sent plain text, and what it returns is secret again", async () => {
    const plugin = new FakePlugin(echo);
    const provider = await plugin.configure();
    const checked = await provider.check({ ...THING, olds: undefined, news: sent });
    expect(checked.inputs).toStrictEqual({ ...marked, size: 1 });
    expect(await create(provider, sent)).toStrictEqual({ id: "1", outputs: marked });
    expect(plugin.seen).toEqual([inText, inText]);

    const old = { id: "1", oldInputs: {}, oldOutputs: {}, ignoreChanges: [] };
    expect(await provider.update({ ...OPTIONS, ...old, inputs: sent })).toStrictEqual({ outputs: marked });
    const { name: _, ...outputs } = sent;
    expect(await provider.read({ ...THING, id: "1", inputs: { password: sent.password }, outputs })).toStrictEqual({
      id: "1",
      inputs: { password: sent.password },
      outputs: { password: marked.password, users: marked.users },
    });
  });

  it("says nothing plain of a resource that did not become ready", async () => {
    const provider = await new FakePlugin(`
      configure: (call, done) => done(null, new pb.ConfigureResponse()),
      create: async ({ request }, done) => {
        const { Any } = (await import("google-protobuf/google/protobuf/any_pb.js")).default;
        const { Status } = (await import("@pulumi/pulumi/proto/status_pb.js")).default;
        const { Metadata } = await import("@grpc/grpc-js");
        const failure = answer(new pb.ErrorResourceInitFailed(),
          { id: "1", properties: request.getProperties(), reasonsList: ["no replica is ready"] });
        const any = new Any();
        any.pack(failure.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
        const metadata = new Metadata();
        const details = answer(new Status(), { code: status.UNKNOWN, detailsList: [any] });
        metadata.add("grpc-status-details-bin", Buffer.from(details.serializeBinary()));
        done({ code: status.UNKNOWN, details: "not ready", metadata });
      },`).configure();
    const error = await create(provider, sent).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NotReadyError);
    expect(error).toMatchObject({ id: "1", message: "no replica is ready" });
    expect((error as NotReadyError).outputs).toStrictEqual(marked);
  });
});

it("leaves the marks to a plugin that knows of secrets", async () => {
  const provider = await new FakePlugin(`
    create: ({ request }, done) => {
      const { password } = plain(request.getProperties());
      const properties = struct({ password: password.value, token: password });
      done(null, answer(new pb.CreateResponse(), { id: "1", properties }));
    },`).configure();
  const { outputs } = await create(provider, { password: new Secret("hunter2") });
  expect(outputs).toStrictEqual({ password: "hunter2", token: new Secret("hunter2") });
});

describe("an operation that is never answered", () => {
  it.each([
    [
      "dies",
      "process.kill(process.pid, 'SIGKILL')",
      "provider fake ended in the middle of the operation (signal SIGKILL)",
    ],
    ["exits", "process.exit(7)", "provider fake ended in the middle of the operation (exit code 7)"],
    [
      "loses its line",
      "server.forceShutdown(); setInterval(() => {}, 1000)",
      /^the line to provider fake broke in the middle of the operation: /,
    ],
    [
      "says that it was cancelled",
      "done({ code: status.CANCELLED, details: 'stopped' })",
      "the line to provider fake broke in the middle of the operation: stopped",
    ],
  ])("may have happened when the plugin %s", async (_, happens, message) => {
    const provider = await new FakePlugin(`create: (call, done) => { ${happens}; },`).configure();
    const created = create(provider);
    await expect(created).rejects.toThrow(UnansweredError);
    await expect(created).rejects.toThrow(message);
  });

  it("may have happened when the plugin dies and a child of it holds its standard output", async () => {
    const plugin = new FakePlugin(`create: () => {
      ${BEAR_CHILD}
      saw(child.pid);
      process.kill(process.pid, "SIGKILL");
    },`);
    const created = create(await plugin.configure());
    await expect(created).rejects.toThrow(UnansweredError);
    await expect(created).rejects.toThrow("(signal SIGKILL)");
    const child = Number(plugin.seen[0]);
    expect(isAlive(child)).toBe(true);
    process.kill(child, "SIGKILL");
  });

  it("has not happened when the plugin says so", async () => {
    const provider = await new FakePlugin(
      `create: (call, done) => done({ code: status.UNKNOWN, details: "no room" }),`,
    ).configure();
    const error = await create(provider).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).not.toBeInstanceOf(UnansweredError);
    expect(error).toMatchObject({ message: "no room" });
  });
});

describe("a diff", () => {
  const diff = async (fields: string) => {
    const provider = await new FakePlugin(
      `diff: (call, done) => {
        const response = answer(new pb.DiffResponse(), ${fields});
        const detail = (path, kind) => response.getDetaileddiffMap().set(path, answer(new pb.PropertyDiff(), { kind }));
        const { UPDATE, UPDATE_REPLACE, ADD_REPLACE, DELETE_REPLACE } = pb.PropertyDiff.Kind;
        if (!response.getHasdetaileddiff()) return done(null, response);
        detail("size", UPDATE);
        detail("spec.name", UPDATE_REPLACE);
        detail('labels["a.b"]', ADD_REPLACE);
        detail("zones[0]", DELETE_REPLACE);
        done(null, response);
      },`,
    ).configure();
    return provider.diff({ ...THING, id: "1", oldInputs: {}, oldOutputs: {}, news: {}, ignoreChanges: [] });
  };

  it("is what the plugin says", async () => {
    expect(
      await diff(`{ changes: 2, replacesList: ["name"], stablesList: ["arn"], deletebeforereplace: true }`),
    ).toEqual({ changes: "some", replaces: ["name"], deleteBeforeReplace: true, stables: ["arn"], changed: [] });
    expect(await diff("{ changes: 1 }")).toMatchObject({ changes: "none", replaces: [] });
    expect(await diff("{}")).toMatchObject({ changes: "unknown" });
  });

  it("replaces for what replaces in detail, and has every path of the detail", async () => {
    const { replaces, changed } = await diff(`{ changes: 2, replacesList: ["spec.name"], hasdetaileddiff: true }`);
    expect([...replaces].sort()).toEqual(['labels["a.b"]', "spec.name", "zones[0]"]);
    expect([...changed].sort()).toEqual(['labels["a.b"]', "size", "spec.name", "zones[0]"]);
  });
});

describe("what a create left that was never answered", () => {
  const deletes = `delete: ({ request }, done) => {
    saw({ id: request.getId(), properties: plain(request.getProperties()) });
    done(null, new empty_pb.Empty());
  },`;

  it("is not asked of a plugin that may take it for something else", async () => {
    const provider = await new FakePlugin(deletes).configure();
    expect(provider.abandon).toBeUndefined();
  });

  it("is deleted by a plugin that is written for it, which is told the inputs", async () => {
    const plugin = new FakePlugin(deletes, { deletesAbandoned: true });
    const provider = await plugin.configure();
    await provider.abandon?.({ ...THING, inputs: { name: "web" } });
    expect(plugin.seen).toEqual([{ id: "", properties: { name: "web" } }]);
  });
});
