import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import provider_grpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import provider_pb from "@pulumi/pulumi/proto/provider_pb.js";
import status_pb from "@pulumi/pulumi/proto/status_pb.js";
import empty_pb from "google-protobuf/google/protobuf/empty_pb.js";
import struct_pb from "google-protobuf/google/protobuf/struct_pb.js";
import { grpcOptions } from "./grpc.ts";
import { type PluginProcess, startPluginProcess } from "./plugin-process.ts";
import { equal, type PropertyMap } from "./property.ts";
import type {
  CheckRequest,
  CheckResult,
  CreateRequest,
  CreateResult,
  DeleteRequest,
  DiffRequest,
  DiffResult,
  Provider,
  ProviderContext,
  ProviderFactory,
  ReadRequest,
  ReadResult,
  Target,
  UpdateRequest,
  UpdateResult,
} from "./provider.ts";
import { NotReadyError, ProviderError, UnansweredError } from "./provider.ts";
import { fromWire, toWire, type WireObject } from "./wire.ts";

export interface PluginOptions {
  readonly packageName: string;
  /** The executable `pulumi-resource-<package>`. */
  readonly executable: string;
  /** Its working directory: the folder it lies in. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** Address of the engine's log service. */
  readonly engineAddress: () => string;
}

const NO_DIFF: DiffResult = {
  changes: "none",
  replaces: [],
  deleteBeforeReplace: false,
  stables: [],
  changed: [],
};

/** A provider that is a program of its own and speaks Pulumi's ResourceProvider protocol. */
export function pluginProvider(options: PluginOptions): ProviderFactory {
  return {
    checkConfig: async (config) => ({ inputs: config, failures: [] }),
    diffConfig: async (olds, news) => (equal(olds, news) ? NO_DIFF : { ...NO_DIFF, changes: "some" }),
    configure: (config, context) => startPlugin(options, config, context),
  };
}

async function startPlugin(options: PluginOptions, config: PropertyMap, context: ProviderContext): Promise<Provider> {
  const what = `provider ${options.packageName}`;
  const process = await startPluginProcess({
    what,
    command: options.executable,
    args: [options.engineAddress()],
    cwd: options.directory,
    env: options.env,
    onOutput: (line) => context.log("debug", `${options.packageName}: ${line}`),
    signal: context.signal,
  });
  const plugin = new Plugin(what, process, context);
  try {
    await plugin.configure(options.packageName, config);
  } catch (error) {
    await plugin.close();
    throw error;
  }
  return plugin;
}

type Client = InstanceType<typeof provider_grpc.ResourceProviderClient>;

class Plugin implements Provider {
  readonly #what: string;
  readonly #process: PluginProcess;
  readonly #client: Client;
  #secrets = false;
  #previews = false;
  readonly #cancel = (): void => {
    this.#client.cancel(new empty_pb.Empty(), () => {});
  };
  readonly #context: ProviderContext;

  constructor(what: string, process: PluginProcess, context: ProviderContext) {
    this.#what = what;
    this.#process = process;
    this.#context = context;
    this.#client = new provider_grpc.ResourceProviderClient(
      `127.0.0.1:${process.port}`,
      credentials.createInsecure(),
      grpcOptions,
    );
    context.signal.addEventListener("abort", this.#cancel, { once: true });
  }

  async configure(packageName: string, config: PropertyMap): Promise<void> {
    const request = new provider_pb.ConfigureRequest();
    request.setArgs(struct(toWire(config, { secrets: true })));
    const plain = toWire(config, { secrets: false });
    for (const [key, value] of Object.entries(plain)) {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      request.getVariablesMap().set(`${packageName}:config:${key}`, text);
    }
    request.setAcceptsecrets(true);
    request.setAcceptresources(false);
    request.setSendsOldInputs(true);
    request.setSendsOldInputsToDelete(true);
    const response = await this.#call<provider_pb.ConfigureResponse>((done) => this.#client.configure(request, done));
    this.#secrets = response.getAcceptsecrets();
    this.#previews = response.getSupportspreview();
  }

  async check(request: CheckRequest): Promise<CheckResult> {
    const message = new provider_pb.CheckRequest();
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setOlds(this.#struct(request.olds ?? {}));
    message.setNews(this.#struct(request.news));
    const response = await this.#call<provider_pb.CheckResponse>((done) => this.#client.check(message, done));
    return {
      inputs: read(response.getInputs(), request.name),
      failures: response.getFailuresList().map((f) => ({ property: f.getProperty(), reason: f.getReason() })),
    };
  }

  async diff(request: DiffRequest): Promise<DiffResult> {
    const message = new provider_pb.DiffRequest();
    message.setId(request.id);
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setOlds(this.#struct(request.oldOutputs));
    message.setOldInputs(this.#struct(request.oldInputs));
    message.setNews(this.#struct(request.news));
    message.setIgnorechangesList([...request.ignoreChanges]);
    const response = await this.#call<provider_pb.DiffResponse>((done) => this.#client.diff(message, done));
    const { DIFF_NONE, DIFF_SOME } = provider_pb.DiffResponse.DiffChanges;
    const changes = response.getChanges();
    return {
      changes: changes === DIFF_NONE ? "none" : changes === DIFF_SOME ? "some" : "unknown",
      replaces: response.getReplacesList(),
      deleteBeforeReplace: response.getDeletebeforereplace(),
      stables: response.getStablesList(),
      // The SDK's provider server gives no detail; the engine compares inputs for display.
      changed: [],
    };
  }

  async create(request: CreateRequest): Promise<CreateResult> {
    if (request.preview && !this.#previews) return { id: "", outputs: request.inputs };
    const message = new provider_pb.CreateRequest();
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setProperties(this.#struct(request.inputs));
    message.setTimeout(request.timeout ?? 0);
    message.setPreview(request.preview);
    const response = await this.#call<provider_pb.CreateResponse>((done) => this.#client.create(message, done));
    return { id: response.getId(), outputs: read(response.getProperties(), request.name) };
  }

  async update(request: UpdateRequest): Promise<UpdateResult> {
    if (request.preview && !this.#previews) return { outputs: request.inputs };
    const message = new provider_pb.UpdateRequest();
    message.setId(request.id);
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setOlds(this.#struct(request.oldOutputs));
    message.setOldInputs(this.#struct(request.oldInputs));
    message.setNews(this.#struct(request.inputs));
    message.setTimeout(request.timeout ?? 0);
    message.setIgnorechangesList([...request.ignoreChanges]);
    message.setPreview(request.preview);
    const response = await this.#call<provider_pb.UpdateResponse>((done) => this.#client.update(message, done));
    return { outputs: read(response.getProperties(), request.name) };
  }

  async delete(request: DeleteRequest): Promise<void> {
    const message = new provider_pb.DeleteRequest();
    message.setId(request.id);
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setProperties(this.#struct(request.oldOutputs));
    message.setOldInputs(this.#struct(request.oldInputs));
    message.setTimeout(request.timeout ?? 0);
    await this.#call((done) => this.#client.delete(message, done));
  }

  async abandon(request: Target & { readonly inputs: PropertyMap }): Promise<void> {
    const { inputs } = request;
    const signal = this.#context.signal;
    await this.delete({ ...request, id: "", oldInputs: inputs, oldOutputs: inputs, timeout: undefined, signal });
  }

  async read(request: ReadRequest): Promise<ReadResult | undefined> {
    const message = new provider_pb.ReadRequest();
    message.setId(request.id);
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setProperties(this.#struct(request.outputs));
    message.setInputs(this.#struct(request.inputs));
    const response = await this.#call<provider_pb.ReadResponse>((done) => this.#client.read(message, done));
    if (response.getId() === "") return undefined;
    const inputs = response.getInputs();
    return {
      id: response.getId(),
      inputs: inputs === undefined ? request.inputs : read(inputs, request.name),
      outputs: read(response.getProperties(), request.name),
    };
  }

  async close(): Promise<void> {
    this.#context.signal.removeEventListener("abort", this.#cancel);
    this.#client.close();
    await this.#process.stop();
  }

  #struct(map: PropertyMap): struct_pb.Struct {
    return struct(toWire(map, { secrets: this.#secrets }));
  }

  async #call<T>(send: (done: (error: ServiceError | null, response: T) => void) => void): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        send((error, response) => (error === null ? resolve(response) : reject(error)));
      });
    } catch (error) {
      throw await this.#explain(error as ServiceError);
    }
  }

  async #explain(error: ServiceError): Promise<Error> {
    if (error.code === status.UNAVAILABLE) {
      const how = await Promise.race([this.#process.ended, new Promise<string>((r) => setTimeout(r, 1000, ""))]);
      if (how !== "") return new UnansweredError(`${this.#what} ended in the middle of the operation (${how})`);
    }
    return readInitFailure(error) ?? new ProviderError(error.details || error.message);
  }
}

/** A resource that exists but did not become ready comes as an error with the resource in its details. */
function readInitFailure(error: ServiceError): NotReadyError | undefined {
  const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!(details instanceof Buffer)) return undefined;
  for (const any of status_pb.Status.deserializeBinary(details).getDetailsList()) {
    if (any.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") continue;
    const failure = provider_pb.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
    return new NotReadyError(failure.getId(), read(failure.getProperties(), failure.getId()), failure.getReasonsList());
  }
  return undefined;
}

function struct(object: WireObject): struct_pb.Struct {
  return struct_pb.Struct.fromJavaScript(object);
}

function read(properties: struct_pb.Struct | undefined, what: string): PropertyMap {
  return fromWire((properties?.toJavaScript() ?? {}) as WireObject, what);
}
