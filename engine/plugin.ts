import provider_pb from "@pulumi/pulumi/proto/provider_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type { PluginConnection, PluginOptions } from "./plugin-connection.ts";
import { readChecked, readDiff, readProperties, writeProperties } from "./plugin-messages.ts";
import type { PropertyMap } from "./property.ts";
import type {
  CheckRequest,
  CheckResult,
  CreateRequest,
  CreateResult,
  DeleteRequest,
  DiffRequest,
  DiffResult,
  Provider,
  ReadRequest,
  ReadResult,
  UpdateRequest,
  UpdateResult,
} from "./provider.ts";
import { NotReadyError } from "./provider.ts";
import { restoreSecrecy } from "./secrecy.ts";
import { toWire } from "./wire.ts";

/** A provider that is a program of its own and speaks Pulumi's ResourceProvider protocol. */
export class Plugin implements Provider {
  readonly #connection: PluginConnection;
  /** It is sent secrets as such, and marks its own; otherwise it knows of plain text only. */
  readonly #secrets: boolean;
  readonly #previews: boolean;
  readonly abandon: Provider["abandon"];

  static async configure(connection: PluginConnection, options: PluginOptions, config: PropertyMap): Promise<Plugin> {
    const request = new provider_pb.ConfigureRequest();
    request.setArgs(writeProperties(config, { secrets: true }));
    for (const [key, value] of Object.entries(toWire(config, { secrets: false }))) {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      request.getVariablesMap().set(`${options.packageName}:config:${key}`, text);
    }
    request.setAcceptsecrets(true);
    request.setAcceptresources(false);
    request.setSendsOldInputs(true);
    request.setSendsOldInputsToDelete(true);
    const response = await connection.call<provider_pb.ConfigureResponse>((client, done) =>
      client.configure(request, done),
    );
    return new Plugin(connection, response, options);
  }

  private constructor(
    connection: PluginConnection,
    configured: provider_pb.ConfigureResponse,
    { deletesAbandoned, signal }: PluginOptions,
  ) {
    this.#connection = connection;
    this.#secrets = configured.getAcceptsecrets();
    this.#previews = configured.getSupportspreview();
    if (!deletesAbandoned) return;
    this.abandon = ({ inputs, ...target }) =>
      this.delete({ ...target, id: "", oldInputs: inputs, oldOutputs: inputs, timeout: undefined, signal });
  }

  async check(request: CheckRequest): Promise<CheckResult> {
    const message = new provider_pb.CheckRequest();
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setOlds(this.#write(request.olds ?? {}));
    message.setNews(this.#write(request.news));
    const response = await this.#connection.call<provider_pb.CheckResponse>((client, done) =>
      client.check(message, done),
    );
    const { inputs, failures } = readChecked(response, request.name);
    return { inputs: this.#restore(inputs, request.news), failures };
  }

  async diff(request: DiffRequest): Promise<DiffResult> {
    const message = new provider_pb.DiffRequest();
    message.setId(request.id);
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setOlds(this.#write(request.oldOutputs));
    message.setOldInputs(this.#write(request.oldInputs));
    message.setNews(this.#write(request.news));
    message.setIgnorechangesList([...request.ignoreChanges]);
    return readDiff(
      await this.#connection.call<provider_pb.DiffResponse>((client, done) => client.diff(message, done)),
    );
  }

  async create(request: CreateRequest): Promise<CreateResult> {
    if (request.preview && !this.#previews) return { id: "", outputs: request.inputs };
    const message = new provider_pb.CreateRequest();
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setProperties(this.#write(request.inputs));
    message.setTimeout(request.timeout ?? 0);
    message.setPreview(request.preview);
    return this.#restoring(request.inputs, async () => {
      const response = await this.#connection.call<provider_pb.CreateResponse>((client, done) =>
        client.create(message, done),
      );
      return { id: response.getId(), outputs: readProperties(response.getProperties(), request.name) };
    });
  }

  async update(request: UpdateRequest): Promise<UpdateResult> {
    if (request.preview && !this.#previews) return { outputs: request.inputs };
    const message = new provider_pb.UpdateRequest();
    message.setId(request.id);
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setOlds(this.#write(request.oldOutputs));
    message.setOldInputs(this.#write(request.oldInputs));
    message.setNews(this.#write(request.inputs));
    message.setTimeout(request.timeout ?? 0);
    message.setIgnorechangesList([...request.ignoreChanges]);
    message.setPreview(request.preview);
    return this.#restoring(request.inputs, async () => {
      const response = await this.#connection.call<provider_pb.UpdateResponse>((client, done) =>
        client.update(message, done),
      );
      return { outputs: readProperties(response.getProperties(), request.name) };
    });
  }

  async delete(request: DeleteRequest): Promise<void> {
    const message = new provider_pb.DeleteRequest();
    message.setId(request.id);
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setProperties(this.#write(request.oldOutputs));
    message.setOldInputs(this.#write(request.oldInputs));
    message.setTimeout(request.timeout ?? 0);
    await this.#connection.call((client, done) => client.delete(message, done));
  }

  async read(request: ReadRequest): Promise<ReadResult | undefined> {
    const message = new provider_pb.ReadRequest();
    message.setId(request.id);
    message.setUrn(request.urn);
    message.setName(request.name);
    message.setType(request.type);
    message.setProperties(this.#write(request.outputs));
    message.setInputs(this.#write(request.inputs));
    return this.#restoring(request.outputs, async () => {
      const response = await this.#connection.call<provider_pb.ReadResponse>((client, done) =>
        client.read(message, done),
      );
      if (response.getId() === "") return undefined;
      const inputs = response.getInputs();
      return {
        id: response.getId(),
        inputs:
          inputs === undefined ? request.inputs : this.#restore(readProperties(inputs, request.name), request.inputs),
        outputs: readProperties(response.getProperties(), request.name),
      };
    });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #write(map: PropertyMap): Struct {
    return writeProperties(map, { secrets: this.#secrets });
  }

  /** A plugin that knows of plain text only answers with plain text. */
  #restore(received: PropertyMap, sent: PropertyMap): PropertyMap {
    return this.#secrets ? received : restoreSecrecy(received, sent);
  }

  /** The same for the outputs of a resource, those of one that is not ready among them. */
  async #restoring<T extends { readonly outputs: PropertyMap } | undefined>(
    sent: PropertyMap,
    ask: () => Promise<T>,
  ): Promise<T> {
    try {
      const answer = await ask();
      return answer === undefined ? answer : { ...answer, outputs: this.#restore(answer.outputs, sent) };
    } catch (error) {
      if (!(error instanceof NotReadyError)) throw error;
      throw new NotReadyError(error.id, this.#restore(error.outputs, sent), error.reasons);
    }
  }
}
