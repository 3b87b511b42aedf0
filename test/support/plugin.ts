import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { credentials, Server, ServerCredentials, type ServiceError, type sendUnaryData } from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";

export type Properties = Record<string, unknown>;

export interface LogMessage {
  readonly severity: "debug" | "info" | "warning" | "error";
  readonly message: string;
  readonly urn: string;
  readonly ephemeral: boolean;
}

export interface DiffAnswer {
  readonly changes: "unknown" | "none" | "some";
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
}

const ROOT = resolve(import.meta.dirname, "../..");
const PLUGIN = resolve(ROOT, "providers/weft/pulumi-resource-weft-native");

/**
 * The provider plugin as a process of its own, spoken to over gRPC as an engine does, with an engine service that
 * collects its messages. Knows nothing of the plugin's inside.
 */
export class Plugin {
  /** Everything it told the engine, in order. */
  readonly messages: LogMessage[];
  /** Standard output after the line with the port. */
  readonly stdout: string[];
  readonly process: ChildProcess;
  readonly #client: providerRpc.ResourceProviderClient;
  readonly #engine: Server;

  private constructor(
    process: ChildProcess,
    client: providerRpc.ResourceProviderClient,
    engine: Server,
    messages: LogMessage[],
    stdout: string[],
  ) {
    this.process = process;
    this.#client = client;
    this.#engine = engine;
    this.messages = messages;
    this.stdout = stdout;
  }

  /**
   * `detached` gives it a session of its own, as a terminal would be. `underShell` makes it the child of a shell, which
   * then is `process`: an engine to be killed.
   */
  static async start(
    options: { env?: NodeJS.ProcessEnv; detached?: boolean; underShell?: boolean } = {},
  ): Promise<Plugin> {
    const messages: LogMessage[] = [];
    const engine = new Server();
    const refuse = (_call: unknown, callback: sendUnaryData<never>) =>
      callback({ name: "Error", message: "not part of this test engine" });
    engine.addService(engineRpc.EngineService, {
      log: (call: { request: engineProto.LogRequest }, callback: sendUnaryData<emptyProto.Empty>) => {
        messages.push(logMessage(call.request));
        callback(null, new emptyProto.Empty());
      },
      getRootResource: refuse,
      setRootResource: refuse,
      startDebugging: refuse,
      requirePulumiVersion: refuse,
    });
    const enginePort = await new Promise<number>((done, failed) =>
      engine.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? failed(error) : done(port),
      ),
    );
    // The plugin's first line asks for "node" on PATH; this process runs on the right one.
    const path = `${resolve(ROOT, "node_modules/.bin")}:${process.env.PATH}`;
    const command = [PLUGIN, `127.0.0.1:${enginePort}`];
    const [program = "", ...args] = options.underShell ? ["/bin/sh", "-c", '"$0" "$1" & wait', ...command] : command;
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, ...options.env, PATH: path },
      stdio: ["ignore", "pipe", "inherit"],
      detached: options.detached ?? false,
    });
    const stdout: string[] = [];
    const port = await new Promise<string>((done, failed) => {
      child.once("error", failed);
      child.once("exit", (code) => failed(new Error(`the plugin ended with ${code} before it said its port`)));
      const lines = createInterface({ input: child.stdout });
      lines.once("line", (line) => {
        done(line);
        lines.on("line", (more) => stdout.push(more));
      });
    });
    const client = new providerRpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    return new Plugin(child, client, engine, messages, stdout);
  }

  async check(urn: string, olds: Properties, news: Properties) {
    const request = new proto.CheckRequest();
    request.setUrn(urn);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    const answer = await unary<proto.CheckResponse>((done) => this.#client.check(request, done));
    return {
      inputs: properties(answer.getInputs()),
      failures: answer.getFailuresList().map((each) => ({ property: each.getProperty(), reason: each.getReason() })),
    };
  }

  async diff(urn: string, id: string, olds: Properties, news: Properties): Promise<DiffAnswer> {
    const request = new proto.DiffRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    const answer = await unary<proto.DiffResponse>((done) => this.#client.diff(request, done));
    return {
      changes: (["unknown", "none", "some"] as const)[answer.getChanges()] ?? "unknown",
      replaces: answer.getReplacesList(),
      deleteBeforeReplace: answer.getDeletebeforereplace(),
    };
  }

  async create(urn: string, inputs: Properties): Promise<{ id: string; properties: Properties }> {
    const request = new proto.CreateRequest();
    request.setUrn(urn);
    request.setProperties(struct(inputs));
    const answer = await unary<proto.CreateResponse>((done) => this.#client.create(request, done));
    return { id: answer.getId(), properties: properties(answer.getProperties()) };
  }

  async read(urn: string, id: string, state: Properties): Promise<{ id: string; properties: Properties }> {
    const request = new proto.ReadRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setProperties(struct(state));
    const answer = await unary<proto.ReadResponse>((done) => this.#client.read(request, done));
    return { id: answer.getId(), properties: properties(answer.getProperties()) };
  }

  async update(urn: string, id: string, olds: Properties, news: Properties): Promise<Properties> {
    const request = new proto.UpdateRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    const answer = await unary<proto.UpdateResponse>((done) => this.#client.update(request, done));
    return properties(answer.getProperties());
  }

  async delete(urn: string, id: string, state: Properties): Promise<void> {
    const request = new proto.DeleteRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setProperties(struct(state));
    await unary<emptyProto.Empty>((done) => this.#client.delete(request, done));
  }

  async cancel(): Promise<void> {
    await unary<emptyProto.Empty>((done) => this.#client.cancel(new emptyProto.Empty(), done));
  }

  async schema(): Promise<Properties> {
    const request = new proto.GetSchemaRequest();
    const answer = await unary<proto.GetSchemaResponse>((done) => this.#client.getSchema(request, done));
    return JSON.parse(answer.getSchema()) as Properties;
  }

  /** Ends the process by a signal and waits for it. Calls under way fail. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const ended = this.process.exitCode === null && this.process.signalCode === null;
    const exit = ended ? once(this.process, "exit") : undefined;
    this.process.kill(signal);
    await exit;
    this.#client.close();
    this.#engine.forceShutdown();
    return this.process.exitCode;
  }
}

function unary<T>(call: (done: (error: ServiceError | null, answer: T) => void) => unknown): Promise<T> {
  return new Promise((done, failed) => {
    call((error, answer) => (error ? failed(new Error(error.details || error.message)) : done(answer)));
  });
}

function struct(value: Properties): structProto.Struct {
  // The stub's type allows plain JSON values only, which these are.
  return structProto.Struct.fromJavaScript(value as Parameters<typeof structProto.Struct.fromJavaScript>[0]);
}

function properties(value: structProto.Struct | undefined): Properties {
  return (value?.toJavaScript() ?? {}) as Properties;
}

function logMessage(request: engineProto.LogRequest): LogMessage {
  return {
    severity: (["debug", "info", "warning", "error"] as const)[request.getSeverity()] ?? "error",
    message: request.getMessage(),
    urn: request.getUrn(),
    ephemeral: request.getEphemeral(),
  };
}
