import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import {
  type CallOptions,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import analyzer_grpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzer_pb from "@pulumi/pulumi/proto/analyzer_pb.js";
import empty_pb from "google-protobuf/google/protobuf/empty_pb.js";
import struct_pb from "google-protobuf/google/protobuf/struct_pb.js";
import { parse } from "yaml";
import { UnsupportedError, UserError } from "./errors.ts";
import { grpcOptions } from "./grpc.ts";
import { type PluginProcess, startPluginProcess } from "./plugin-process.ts";
import { readPolicies, readReport, writeResource, writeStackResource } from "./policy-messages.ts";
import type { PropertyMap } from "./property.ts";
import type { CustomTimeouts } from "./resource.ts";

export interface PolicyPackOptions {
  /** Folder of PulumiPolicy.yaml, absolute or relative to `projectDirectory`. */
  readonly directory: string;
  /** Folder of Pulumi.yaml. */
  readonly projectDirectory: string;
  readonly project: string;
  readonly stack: string;
  readonly organization: string;
  /** Whether this is a preview, in which values may be unknown. */
  readonly dryRun: boolean;
  /** The stack's configuration in plain text, secrets included, as every pack gets it. */
  readonly config: Readonly<Record<string, string>>;
  readonly configSecretKeys: readonly string[];
  /** Address of the engine's log service. @default - the pack is told an address where nothing listens */
  readonly engineAddress?: string | undefined;
  /** Environment of the pack's process. The stack's passphrase is taken out of it. */
  readonly env: NodeJS.ProcessEnv;
  /** What the pack prints, line by line. */
  readonly onOutput: (line: string) => void;
  /** Ends waiting calls with the signal's reason; the pack has to be closed all the same. */
  readonly signal: AbortSignal;
}

export type PolicyLevel = "advisory" | "mandatory" | "disabled";
export type PolicySeverity = "low" | "medium" | "high" | "critical";

export interface PolicyInfo {
  readonly name: string;
  readonly description: string;
  readonly enforcementLevel: PolicyLevel;
  /** `undefined` when the rule does not say; so in violations. */
  readonly severity: PolicySeverity | undefined;
  /** What to do about a violation, in general; empty when the rule does not say. */
  readonly remediation: string;
}

export interface Violation {
  readonly rule: string;
  readonly enforcementLevel: "advisory" | "mandatory";
  readonly severity: PolicySeverity | undefined;
  /** What is wrong, without the rule's description. */
  readonly message: string;
  readonly description: string;
  readonly remediation: string;
  /** The resource; empty when it is the stack as a whole. */
  readonly urn: string;
  /**
   * The rule met a value that is not known yet and could not judge all. It is then advisory, whatever the rule's own
   * level, and has to be run again once the value is known.
   */
  readonly undecided: boolean;
}

export interface PolicyReport {
  readonly violations: readonly Violation[];
  /** Rules that had nothing to say about this, and why. */
  readonly notApplicable: readonly { readonly rule: string; readonly reason: string }[];
}

export interface AnalyzedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Checked inputs for `analyze`, outputs for `analyzeStack`. */
  readonly properties: PropertyMap;
  readonly parent: string | undefined;
  readonly protect: boolean;
  readonly ignoreChanges: readonly string[];
  readonly deleteBeforeReplace: boolean | undefined;
  readonly additionalSecretOutputs: readonly string[];
  /** URNs. */
  readonly aliases: readonly string[];
  readonly customTimeouts: CustomTimeouts | undefined;
  readonly provider: AnalyzedProvider | undefined;
}

export interface AnalyzedProvider {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly properties: PropertyMap;
}

export interface AnalyzedStackResource extends AnalyzedResource {
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
}

/** A running policy pack. Every call throws a `UserError` that names the pack when it gets no verdict. */
export interface PolicyPack {
  readonly name: string;
  readonly version: string;
  readonly policies: readonly PolicyInfo[];
  /** Judges one resource by its inputs, before anything is done to it. */
  analyze(resource: AnalyzedResource): Promise<PolicyReport>;
  /** Judges all resources together by their outputs. */
  analyzeStack(resources: readonly AnalyzedStackResource[]): Promise<PolicyReport>;
  /** Ends the pack's process; resolves when it is gone. */
  close(): Promise<void>;
}

/** Longer than any rule should take; a rule that hangs must not hang the run. */
const CALL_TIMEOUT_MS = 120_000;

/**
 * Loaded into the pack's process before the pack. Its stdin is a pipe from the engine that closes with the engine,
 * however that ends; the pack's server alone would outlive it. Told to end, it ends by an exit of its own, for only then
 * does Node keep what it compiled (NODE_COMPILE_CACHE, which halves the next start).
 */
const LEASH = `data:text/javascript,${encodeURIComponent(`
  process.stdin.on("close", () => process.exit()).resume().unref();
  process.once("SIGTERM", () => process.exit());
`)}`;

/**
 * Starts a policy pack as the official Node.js language host does: the SDK's own runner loads the pack's folder in a
 * process whose working directory is that folder, and the pack answers Pulumi's Analyzer protocol.
 */
export async function startPolicyPack(options: PolicyPackOptions): Promise<PolicyPack> {
  options.signal.throwIfAborted();
  const directory = resolve(options.projectDirectory, options.directory);
  const process = await startPluginProcess({
    what: `policy pack ${directory}`,
    command: globalThis.process.execPath,
    args: ["--import", LEASH, findRunner(directory), options.engineAddress ?? "127.0.0.1:0", directory],
    cwd: directory,
    env: packEnvironment(options),
    onOutput: options.onOutput,
  });
  const connection = new Connection(directory, process, options.signal);
  try {
    return await openPack(connection, directory, options);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** The SDK's runner of policy packs, as the pack itself finds it. */
function findRunner(directory: string): string {
  const file = join(directory, "PulumiPolicy.yaml");
  if (!existsSync(file)) throw new UserError(`there is no policy pack in ${directory}: it has no PulumiPolicy.yaml`);
  const { name, options } = readRuntime(file);
  if (name !== "nodejs") throw new UnsupportedError(`policy pack ${directory} has the runtime ${JSON.stringify(name)}`);
  if (options.length > 0) {
    throw new UnsupportedError(`policy pack ${directory} has the runtime options ${options.join(", ")}`);
  }
  try {
    return createRequire(join(directory, "package.json")).resolve("@pulumi/pulumi/cmd/run-policy-pack");
  } catch {
    throw new UserError(`the packages of policy pack ${directory} are not installed; run "npm install" there`);
  }
}

/** `runtime: nodejs`, or `runtime: { name: nodejs, options: … }`. */
function readRuntime(file: string): { name: unknown; options: string[] } {
  let content: unknown;
  try {
    content = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(`${file} is no YAML: ${(error as Error).message}`);
  }
  const runtime = fieldOf(content, "runtime");
  return typeof runtime === "string"
    ? { name: runtime, options: [] }
    : { name: fieldOf(runtime, "name"), options: Object.keys(fieldOf(runtime, "options") ?? {}) };
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function packEnvironment({ env, ...stack }: PolicyPackOptions): NodeJS.ProcessEnv {
  // The pack gets the configuration it may see decrypted; the key to the state is none of its business.
  const { PULUMI_CONFIG_PASSPHRASE: _, PULUMI_CONFIG_PASSPHRASE_FILE: __, ...rest } = env;
  return {
    ...rest,
    // The SDK's runner loads ts-node, whether it is used or not, and that leaves a folder in the system's temporary one.
    TS_NODE_CACHE: "false",
    PULUMI_NODEJS_ORGANIZATION: stack.organization,
    PULUMI_NODEJS_PROJECT: stack.project,
    PULUMI_NODEJS_STACK: stack.stack,
    PULUMI_NODEJS_DRY_RUN: String(stack.dryRun),
    PULUMI_CONFIG: JSON.stringify(stack.config),
  };
}

async function openPack(connection: Connection, directory: string, options: PolicyPackOptions): Promise<PolicyPack> {
  const handshake = new analyzer_pb.AnalyzerHandshakeRequest();
  handshake.setEngineAddress(options.engineAddress ?? "");
  handshake.setRootDirectory(directory);
  handshake.setProgramDirectory(directory);
  await connection.call("starting", (client, ...how) => client.handshake(handshake, ...how), { optional: true });

  const stack = new analyzer_pb.AnalyzerStackConfigureRequest();
  stack.setStack(options.stack);
  stack.setProject(options.project);
  stack.setOrganization(options.organization);
  stack.setDryRun(options.dryRun);
  for (const [key, value] of Object.entries(options.config)) stack.getConfigMap().set(key, value);
  stack.setConfigSecretKeysList([...options.configSecretKeys]);
  await connection.call("starting", (client, ...how) => client.configureStack(stack, ...how), { optional: true });

  const info = await connection.call<analyzer_pb.AnalyzerInfo>("listing its rules", (client, ...how) =>
    client.getAnalyzerInfo(new empty_pb.Empty(), ...how),
  );
  const policies = readPolicies(info, `policy pack ${directory}`);
  if (info.getSupportsconfig()) {
    const request = new analyzer_pb.ConfigureAnalyzerRequest();
    for (const policy of info.getPoliciesList()) {
      const config = new analyzer_pb.PolicyConfig();
      config.setEnforcementlevel(policy.getEnforcementlevel());
      config.setProperties(new struct_pb.Struct());
      request.getPolicyconfigMap().set(policy.getName(), config);
    }
    await connection.call("taking its configuration", (client, ...how) => client.configure(request, ...how));
  }

  const byName = new Map(policies.map((policy) => [policy.name, policy]));
  return {
    name: info.getName(),
    version: info.getVersion(),
    policies,
    async analyze(resource) {
      const request = writeResource(resource);
      const doing = `judging ${resource.urn}`;
      const response = await connection.call<analyzer_pb.AnalyzeResponse>(doing, (client, ...how) =>
        client.analyze(request, ...how),
      );
      return readReport(response, byName, resource.urn);
    },
    async analyzeStack(resources) {
      const request = new analyzer_pb.AnalyzeStackRequest();
      request.setResourcesList(resources.map(writeStackResource));
      const doing = "judging the stack";
      const response = await connection.call<analyzer_pb.AnalyzeResponse>(doing, (client, ...how) =>
        client.analyzeStack(request, ...how),
      );
      return readReport(response, byName, "");
    },
    close: () => connection.close(),
  };
}

type Client = InstanceType<typeof analyzer_grpc.AnalyzerClient>;
type Answer<T> = (error: ServiceError | null, response: T) => void;

/** The line to a pack's process. */
class Connection {
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
    // The line breaks before the process is known to be gone.
    if (error.code === status.UNAVAILABLE || error.code === status.CANCELLED) {
      const how = await Promise.race([this.#process.ended, new Promise<string>((r) => setTimeout(r, 1000, ""))]);
      if (how !== "") return this.#gone(doing, how);
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

type Send<T> = (client: Client, metadata: Metadata, options: CallOptions, answer: Answer<T>) => ClientUnaryCall;
