import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import engine_grpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine_pb from "@pulumi/pulumi/proto/engine_pb.js";
import resource_grpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resource_pb from "@pulumi/pulumi/proto/resource_pb.js";
import empty_pb from "google-protobuf/google/protobuf/empty_pb.js";
import struct_pb from "google-protobuf/google/protobuf/struct_pb.js";
import { UnsupportedError } from "./errors.ts";
import { type Goal, readGoal } from "./goal.ts";
import { grpcOptions } from "./grpc.ts";
import { errorText } from "./performer.ts";
import type { PropertyMap } from "./property.ts";
import type { Severity } from "./provider.ts";
import { fromWire, toWire, type WireObject } from "./wire.ts";

/** What a running program is told about the operation it is part of. */
export interface DeploymentInfo {
  readonly project: string;
  readonly stack: string;
  readonly organization: string;
  readonly config: Readonly<Record<string, string>>;
  readonly configSecretKeys: readonly string[];
  readonly dryRun: boolean;
  readonly parallel: number;
}

/** The program's counterpart while it runs. */
export interface Monitor {
  readonly info: DeploymentInfo;
  register(goal: Goal): Promise<{ readonly urn: string; readonly id: string; readonly outputs: PropertyMap }>;
  registerOutputs(urn: string, outputs: PropertyMap): void;
  /** The program has registered everything; resolves when everything has been done. */
  programEnded(): Promise<void>;
}

export interface LogEntry {
  readonly severity: Severity;
  readonly text: string;
  readonly urn: string;
  /** A passing status of the resource, not to be kept. */
  readonly ephemeral: boolean;
}

/** The engine's ends of Pulumi's protocol: ResourceMonitor for the program, Engine (its log) for program and plugins. */
export interface EngineServer {
  readonly address: string;
  /** Whom the program that runs now talks to. */
  serve(monitor: Monitor | undefined): void;
  close(): Promise<void>;
}

const FEATURE = resource_pb.ResourceMonitorFeature;

/**
 * What programs may use. Some of it this engine then refuses: were it not announced, the SDK itself would refuse with
 * the advice to update the Pulumi CLI, which is not what would help.
 */
const FEATURES = [
  FEATURE.RESOURCE_MONITOR_FEATURE_SECRETS,
  FEATURE.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  FEATURE.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  FEATURE.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
  FEATURE.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
  FEATURE.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
  FEATURE.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
  FEATURE.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
];

const SEVERITIES: readonly Severity[] = ["debug", "info", "warning", "error"];

/** Listens on a free port of 127.0.0.1. */
export async function startServer(onLog: (entry: LogEntry) => void): Promise<EngineServer> {
  let monitor: Monitor | undefined;
  let rootUrn = "";
  const current = (): Monitor => {
    if (monitor === undefined) throw new Error("no program is being run");
    return monitor;
  };
  const unsupported = (what: string) =>
    unary(() => {
      throw new UnsupportedError(`the program uses ${what}`);
    });
  const server = new Server(grpcOptions);

  server.addService(resource_grpc.ResourceMonitorService, {
    getDeploymentInfo: unary(() => deploymentInfo(current().info)),
    supportsFeature: unary(() => {
      const response = new resource_pb.SupportsFeatureResponse();
      // The SDK asks this only of monitors without GetDeploymentInfo.
      response.setHassupport(false);
      return response;
    }),
    registerResource: unary(async (request: resource_pb.RegisterResourceRequest) => {
      const { urn, id, outputs } = await current().register(readGoal(request));
      const response = new resource_pb.RegisterResourceResponse();
      response.setUrn(urn);
      response.setId(id);
      response.setObject(struct_pb.Struct.fromJavaScript(toWire(outputs, { secrets: true })));
      return response;
    }),
    registerResourceOutputs: unary((request: resource_pb.RegisterResourceOutputsRequest) => {
      const object = (request.getOutputs()?.toJavaScript() ?? {}) as WireObject;
      current().registerOutputs(request.getUrn(), fromWire(object, "output"));
      return new empty_pb.Empty();
    }),
    signalAndWaitForShutdown: unary(async () => {
      await current().programEnded();
      return new empty_pb.Empty();
    }),
    invoke: unsupported("provider functions (invoke)"),
    call: unsupported("resource methods (call)"),
    existsResource: unsupported("checks whether a resource exists"),
    readResource: unsupported("resources that are only read (get)"),
    registerStackTransform: unsupported("transforms"),
    registerStackInvokeTransform: unsupported("invoke transforms"),
    registerResourceHook: unsupported("resource hooks"),
    registerErrorHook: unsupported("error hooks"),
    registerPackage: unsupported("parameterized packages"),
  });

  server.addService(engine_grpc.EngineService, {
    log: unary((request: engine_pb.LogRequest) => {
      const severity = SEVERITIES[request.getSeverity()] ?? "info";
      onLog({ severity, text: request.getMessage(), urn: request.getUrn(), ephemeral: request.getEphemeral() });
      return new empty_pb.Empty();
    }),
    getRootResource: unary(() => {
      const response = new engine_pb.GetRootResourceResponse();
      response.setUrn(rootUrn);
      return response;
    }),
    setRootResource: unary((request: engine_pb.SetRootResourceRequest) => {
      rootUrn = request.getUrn();
      return new engine_pb.SetRootResourceResponse();
    }),
    // No CLI version to hold against the program's range; the engine's own compatibility is the SDK's, which is pinned.
    requirePulumiVersion: unary(() => new engine_pb.RequirePulumiVersionResponse()),
    startDebugging: unsupported("the debugger"),
  });

  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    serve(next) {
      monitor = next;
      rootUrn = "";
    },
    close: () =>
      new Promise((resolve) => {
        // A program that is still connected has been ended before this.
        server.forceShutdown();
        resolve();
      }),
  };
}

function unary<Request, Response>(handle: (request: Request) => Response | Promise<Response>) {
  return (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>): void => {
    Promise.resolve()
      .then(() => handle(call.request))
      .then(
        (response) => done(null, response),
        (error) => {
          const code = error instanceof UnsupportedError ? status.UNIMPLEMENTED : status.UNKNOWN;
          done({ code, details: errorText(error) });
        },
      );
  };
}

function deploymentInfo(info: DeploymentInfo): resource_pb.DeploymentInfo {
  const message = new resource_pb.DeploymentInfo();
  message.setProject(info.project);
  message.setStack(info.stack);
  message.setOrganization(info.organization);
  for (const [key, value] of Object.entries(info.config)) message.getConfigMap().set(key, value);
  message.setConfigsecretkeysList([...info.configSecretKeys]);
  message.setDryrun(info.dryRun);
  message.setParallel(info.parallel);
  message.setSupportedfeaturesList(FEATURES);
  return message;
}
