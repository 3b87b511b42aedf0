import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, vi } from "vitest";
import type { PluginOptions } from "../plugin-connection.ts";
import { PluginFactory } from "../plugin-factory.ts";
import type { PropertyMap } from "../property.ts";
import type { Provider } from "../provider.ts";

/* Provider plugins to test with: written to a temporary folder, run as real processes, gone after each test. */

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const temporary = mkdtempSync(join(tmpdir(), "weft-plugin-"));
const factories: PluginFactory[] = [];
let next = 0;

afterEach(async () => {
  await Promise.all(factories.splice(0).map((factory) => factory.close()));
});

afterAll(() => rmSync(temporary, { recursive: true }));

export const PROVIDER = "urn:pulumi:test::weft::pulumi:providers:fake::mine";
export const THING = { urn: "urn:pulumi:test::weft::fake:index:Thing::web", type: "fake:index:Thing", name: "web" };

/**
 * A plugin whose server has these methods, as the text of an object's body; it is configured without ado if that has no
 * `configure`. In their scope are `pb` (Pulumi's messages), `status` (of gRPC), `struct` and `plain` (properties from and
 * to objects), `answer(message, fields)`, which sets the fields, and `saw(…what)`, which keeps it for the test.
 */
export class FakePlugin {
  readonly options: PluginOptions;
  readonly factory: PluginFactory;
  readonly #seen: string;
  readonly #controller = new AbortController();

  constructor(methods: string, options: Partial<PluginOptions> = {}) {
    const directory = join(temporary, String(next++));
    mkdirSync(directory);
    symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(directory, "node_modules"));
    const executable = join(directory, "pulumi-resource-fake.mjs");
    writeFileSync(executable, `#!${process.execPath}\n${source(methods)}`, { mode: 0o755 });
    this.#seen = join(directory, "seen");
    writeFileSync(this.#seen, "");
    this.options = {
      packageName: "fake",
      executable,
      directory,
      env: process.env,
      engineAddress: () => "127.0.0.1:1",
      signal: this.#controller.signal,
      deletesAbandoned: false,
      ...options,
    };
    this.factory = new PluginFactory(this.options);
    factories.push(this.factory);
  }

  /** What the plugin `saw`, in order, whichever process of it. */
  get seen(): unknown[] {
    const lines = readFileSync(this.#seen, "utf8").split("\n").slice(0, -1);
    return lines.map((line): unknown => JSON.parse(line));
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  configure(config: PropertyMap = {}): Promise<Provider> {
    const { signal } = this.#controller;
    return this.factory.configure(config, { urn: PROVIDER, signal, status: () => {}, log: () => {} });
  }
}

function source(methods: string): string {
  return `
    import { appendFileSync } from "node:fs";
    import { Server, ServerCredentials, status } from "@grpc/grpc-js";
    import rpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
    import pb from "@pulumi/pulumi/proto/provider_pb.js";
    import empty_pb from "google-protobuf/google/protobuf/empty_pb.js";
    import struct_pb from "google-protobuf/google/protobuf/struct_pb.js";
    const saw = (...what) => appendFileSync("seen", what.map((each) => JSON.stringify(each) + "\\n").join(""));
    const struct = (object) => struct_pb.Struct.fromJavaScript(object);
    const plain = (message) => message?.toJavaScript();
    const answer = (message, fields) => {
      for (const [name, value] of Object.entries(fields)) message["set" + name[0].toUpperCase() + name.slice(1)](value);
      return message;
    };
    const server = new Server();
    server.addService(rpc.ResourceProviderService, {
      configure: (call, done) => done(null, answer(new pb.ConfigureResponse(), { acceptsecrets: true })),
      ${methods}
    });
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => console.log(String(port)));`;
}
