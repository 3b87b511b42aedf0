import {
  type CallOptions,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import analyzer_grpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import { UserError } from "./errors.ts";
import { grpcOptions } from "./grpc.ts";
import { howItEnded, type PluginProcess } from "./plugin-process.ts";

/** Longer than any rule should take; a rule that hangs must not hang the run. */
const CALL_TIMEOUT_MS = 120_000;

type Client = InstanceType<typeof analyzer_grpc.AnalyzerClient>;
type Answer<T> = (error: ServiceError | null, response: T) => void;
type Send<T> = (client: Client, metadata: Metadata, options: CallOptions, answer: Answer<T>) => ClientUnaryCall;

/** The line to a pack's process. */
export class PolicyConnection {
  readonly #what: string;
  readonly #process: PluginProcess;
  readonly #signal: AbortSignal;
  readonly #client: Client;
  readonly #calls = new Set<ClientUnaryCall>();
  #ended: string | undefined;
  readonly #cancelCalls = (): void => {
    for (const call of this.#calls) call.cancel();
  };

  constructor(directory: string, process: PluginProcess, signal: AbortSignal) {
    this.#what = `policy pack ${directory}`;
    this.#process = process;
    this.#signal = signal;
    this.#client = new analyzer_grpc.AnalyzerClient(
      `127.0.0.1:${process.port}`,
      credentials.createInsecure(),
      grpcOptions,
    );
    signal.addEventListener("abort", this.#cancelCalls, { once: true });
    void process.ended.then((how) => {
      this.#ended = how;
      this.#cancelCalls();
    });
  }

  call<T>(doing: string, send: Send<T>): Promise<T>;
  /** `optional`: not every pack implements it; `undefined` then. */
  call<T>(doing: string, send: Send<T>, how: { readonly optional: true }): Promise<T | undefined>;
  async call<T>(doing: string, send: Send<T>, how?: { readonly optional: true }): Promise<T | undefined> {
    this.#signal.throwIfAborted();
    if (this.#ended !== undefined) throw this.#gone(doing, this.#ended);
    try {
      return await this.#send(send);
    } catch (error) {
      const failure = error as ServiceError;
      if (how?.optional && failure.code === status.UNIMPLEMENTED) return undefined;
      throw await this.#explain(doing, failure);
    }
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#cancelCalls);
    this.#cancelCalls();
    this.#client.close();
    await this.#process.stop();
  }

  #send<T>(send: Send<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const options: CallOptions = { deadline: Date.now() + CALL_TIMEOUT_MS };
      const call = send(this.#client, new Metadata(), options, (error, response) => {
        this.#calls.delete(call);
        if (error === null) resolve(response);
        else reject(error);
      });
      this.#calls.add(call);
    });
  }

  async #explain(doing: string, error: ServiceError): Promise<unknown> {
    if (this.#signal.aborted) return this.#signal.reason;
    if (error.code === status.UNAVAILABLE || error.code === status.CANCELLED) {
      const how = await howItEnded(this.#process);
      if (how !== undefined) return this.#gone(doing, how);
    }
    if (error.code === status.DEADLINE_EXCEEDED) {
      return new UserError(
        `${this.#what} took more than ${CALL_TIMEOUT_MS / 1000} s for ${doing}; one of its rules hangs`,
      );
    }
    return new UserError(`${this.#what} failed while ${doing}: ${error.details || error.message}`);
  }

  #gone(doing: string, how: string): UserError {
    return new UserError(
      `${this.#what} ended while ${doing} (${how}). The run stops, because its rules can't be skipped`,
    );
  }
}
