import { credentials } from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";

type Severity = "info" | "warning";

/**
 * Messages to the engine, in order, each on a resource. The SDK's own `log` does not know the engine's address in a
 * provider outside of component calls and would print to standard output, which is not for messages.
 */
export class EngineLog {
  readonly #client: InstanceType<typeof engineRpc.EngineClient> | undefined;
  #last: Promise<void> = Promise.resolve();

  /** Without an engine (a plugin started by hand) warnings go to standard error, and progress nowhere. */
  constructor(address: string | undefined) {
    this.#client =
      address === undefined ? undefined : new engineRpc.EngineClient(address, credentials.createInsecure());
  }

  /** Shown while it is true, beside the resource, and not kept. */
  status(urn: string, message: string): void {
    this.#send("info", urn, message, true);
  }

  warn(urn: string, message: string): void {
    this.#send("warning", urn, message, false);
  }

  /** Resolves once every message so far has been delivered or dropped. */
  delivered(): Promise<void> {
    return this.#last;
  }

  #send(severity: Severity, urn: string, message: string, ephemeral: boolean): void {
    const client = this.#client;
    if (client === undefined) {
      if (!ephemeral) console.error(`${severity}: ${message}`);
      return;
    }
    const request = new engineProto.LogRequest();
    request.setSeverity(engineProto.LogSeverity[severity === "info" ? "INFO" : "WARNING"]);
    request.setUrn(urn);
    request.setMessage(message);
    request.setStreamid(0);
    request.setEphemeral(ephemeral);
    // An engine that has gone away takes no messages; what it asked for still has to be finished or undone.
    const deliver = () => new Promise<void>((resolve) => client.log(request, () => resolve()));
    this.#last = this.#last.then(deliver);
  }
}
