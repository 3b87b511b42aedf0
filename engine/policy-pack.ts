import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import analyzer_pb from "@pulumi/pulumi/proto/analyzer_pb.js";
import empty_pb from "google-protobuf/google/protobuf/empty_pb.js";
import struct_pb from "google-protobuf/google/protobuf/struct_pb.js";
import { parse } from "yaml";
import { UnsupportedError, UserError } from "./errors.ts";
import { startPluginProcess } from "./plugin-process.ts";
import type { PolicyPack } from "./policy.ts";
import { PolicyConnection } from "./policy-connection.ts";
import { readPolicies, readReport, writeResource, writeStackResource } from "./policy-messages.ts";

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
  /** Ends the start, and waiting calls, with its reason; a pack that has started has to be closed all the same. */
  readonly signal: AbortSignal;
}

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
  const directory = resolve(options.projectDirectory, options.directory);
  const process = await startPluginProcess({
    what: `policy pack ${directory}`,
    command: globalThis.process.execPath,
    args: ["--import", LEASH, findRunner(directory), options.engineAddress ?? "127.0.0.1:0", directory],
    cwd: directory,
    env: packEnvironment(options),
    onOutput: options.onOutput,
    signal: options.signal,
  });
  const connection = new PolicyConnection(directory, process, options.signal);
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

async function openPack(
  connection: PolicyConnection,
  directory: string,
  options: PolicyPackOptions,
): Promise<PolicyPack> {
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
