import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import provider_grpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import provider_pb from "@pulumi/pulumi/proto/provider_pb.js";
import status_pb from "@pulumi/pulumi/proto/status_pb.js";
import empty_pb from "google-protobuf/google/protobuf/empty_pb.js";
import { grpcOptions } from "./grpc.ts";
import { readProperties } from "./plugin-messages.ts";
import { howItEnded, type PluginProcess, startPluginProcess } from "./plugin-process.ts";
import { NotReadyError, ProviderError, UnansweredError } from "./provider.ts";

export interface PluginOptions {
  readonly packageName: string;
  /** The executable `pulumi-resource-<package>`. */
  readonly executable: string;
  /** Its working directory: the folder it lies in. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** Address of the engine's log service. */
  readonly engineAddress: () => string;
  /** Ends a start with its reason, and asks a plugin that is working to stop. */
  readonly signal: AbortSignal;
  /**
   * A Delete with an empty id asks the plugin to delete what a create may have left that never answered. Only for plugins
   * that are written for it: to another it may mean everything.
   */
  readonly deletesAbandoned: boolean;
}

type Client = InstanceType<typeof provider_grpc.ResourceProviderClient>;
type Send<T> = (client: Client, answer: (error: ServiceError | null, response: T) => void) => void;

/** A plugin's process, and the line to it. */
export class PluginConnection {
  readonly what: string;
  readonly #process: PluginProcess;
  readonly #signal: AbortSignal;
  readonly #client: Client;
  readonly #cancel = (): void => {
    // Not every plugin can; then what it does runs to its end.
    this.#client.cancel(new empty_pb.Empty(), () => {});
  };

  static async open(options: PluginOptions): Promise<PluginConnection> {
    const what = `provider ${options.packageName}`;
    const process = await startPluginProcess({
      what,
      command: options.executable,
      args: [options.engineAddress()],
      cwd: options.directory,
      env: options.env,
      // What a plugin has to say it tells the log service.
      onOutput: () => {},
      signal: options.signal,
    });
    return new PluginConnection(what, process, options.signal);
  }

  constructor(what: string, process: PluginProcess, signal: AbortSignal) {
    this.what = what;
    this.#process = process;
    this.#signal = signal;
    this.#client = new provider_grpc.ResourceProviderClient(
      `127.0.0.1:${process.port}`,
      credentials.createInsecure(),
      grpcOptions,
    );
    if (signal.aborted) this.#cancel();
    signal.addEventListener("abort", this.#cancel, { once: true });
  }

  call<T>(send: Send<T>): Promise<T>;
  /** `optional`: not every plugin implements it; `undefined` then. */
  call<T>(send: Send<T>, how: { readonly optional: true }): Promise<T | undefined>;
  async call<T>(send: Send<T>, how?: { readonly optional: true }): Promise<T | undefined> {
    try {
      return await new Promise<T>((resolve, reject) => {
        send(this.#client, (error, response) => (error === null ? resolve(response) : reject(error)));
      });
    } catch (error) {
      const failure = error as ServiceError;
      if (how?.optional && failure.code === status.UNIMPLEMENTED) return undefined;
      throw await this.#explain(failure);
    }
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#cancel);
    this.#client.close();
    await this.#process.stop();
  }

  async #explain(error: ServiceError): Promise<Error> {
    const text = error.details || error.message;
    if (error.code !== status.UNAVAILABLE && error.code !== status.CANCELLED) {
      return readInitFailure(error) ?? new ProviderError(text);
    }
    const how = await howItEnded(this.#process);
    return new UnansweredError(
      how === undefined
        ? `the line to ${this.what} broke in the middle of the operation: ${text}`
        : `${this.what} ended in the middle of the operation (${how})`,
    );
  }
}

/** A resource that exists but did not become ready comes as an error with the resource in its details. */
function readInitFailure(error: ServiceError): NotReadyError | undefined {
  const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!(details instanceof Buffer)) return undefined;
  for (const any of status_pb.Status.deserializeBinary(details).getDetailsList()) {
    if (any.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") continue;
    const failure = provider_pb.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
    const outputs = readProperties(failure.getProperties(), failure.getId());
    return new NotReadyError(failure.getId(), outputs, failure.getReasonsList());
  }
  return undefined;
}
