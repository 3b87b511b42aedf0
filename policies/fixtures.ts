import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import proxy from "@pulumi/policy/proxy.js";

/*
 * For tests: objects that no rule finds fault with, and the SDK's way of calling a rule. Properties go through the SDK's
 * own wrapper, as they do in a preview. What these calls leave out is the SDK's server around the rule; the tests of
 * the engine's policy-pack.ts run the pack as a process.
 */

const sdk = proxy as unknown as {
  unknownCheckingProxy: <T extends object>(props: T) => T;
  UnknownValueError: new () => Error;
  unknownStringValue: string;
};

/** What stands for a value that is not known yet. */
export const UNKNOWN = sdk.unknownStringValue;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** What a rule says of a resource or a stack. */
export interface Verdict {
  readonly violations: readonly string[];
  /** URNs that the violations name, in the same order. */
  readonly urns: readonly (string | undefined)[];
  /** Set when the rule could not judge everything. */
  readonly undecided: string | undefined;
  /** Set when the rule has nothing to say about this. */
  readonly notApplicable: string | undefined;
}

export const PASS: Verdict = { violations: [], urns: [], undecided: undefined, notApplicable: undefined };

class NotApplicable extends Error {}

const OPTIONS = {
  protect: false,
  ignoreChanges: [],
  aliases: [],
  customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
  additionalSecretOutputs: [],
};

function common(name: string) {
  return {
    name,
    urn: `urn:pulumi:local::weft::test::${name}`,
    opts: OPTIONS,
    isType: () => false,
    asType: () => undefined,
  };
}

const environment = {
  stackTags: new Map<string, string>(),
  getConfig: <T extends object>() => ({}) as T,
  notApplicable: (reason = ""): never => {
    throw new NotApplicable(reason);
  },
};

/** Calls a resource rule. */
export async function judge(
  rule: ResourceValidationPolicy,
  type: string,
  props: JsonObject,
  name = "orders-resource",
): Promise<Verdict> {
  const validate = rule.validateResource;
  if (typeof validate !== "function") throw new Error(`${rule.name} is no rule about resources`);
  const args: ResourceValidationArgs = {
    ...common(name),
    ...environment,
    type,
    props: sdk.unknownCheckingProxy(props),
  };
  return verdict((report) => validate(args, report));
}

export interface StackResource {
  readonly type: string;
  readonly props: JsonObject;
  readonly name: string;
  /** Name of the provider, and so of the cluster. */
  readonly provider?: string;
  readonly providerProps?: JsonObject;
}

/** Calls a stack rule. */
export async function judgeStack(rule: StackValidationPolicy, resources: readonly StackResource[]): Promise<Verdict> {
  const args: StackValidationArgs = { ...environment, resources: resources.map(stackResource) };
  return verdict((report) => rule.validateStack(args, report));
}

function stackResource({ type, props, name, provider = "cluster", providerProps = {} }: StackResource): PolicyResource {
  return {
    ...common(name),
    type,
    props: sdk.unknownCheckingProxy(props),
    provider: {
      type: "pulumi:providers:kubernetes",
      name: provider,
      urn: `urn:provider:${provider}`,
      props: sdk.unknownCheckingProxy(providerProps),
    },
    dependencies: [],
    propertyDependencies: {},
  };
}

async function verdict(
  run: (report: (message: string, urn?: string) => void) => void | Promise<void>,
): Promise<Verdict> {
  const violations: string[] = [];
  const urns: (string | undefined)[] = [];
  const outcome = { undecided: undefined as string | undefined, notApplicable: undefined as string | undefined };
  try {
    await run((message, urn) => {
      violations.push(message);
      urns.push(urn);
    });
  } catch (error) {
    if (error instanceof NotApplicable) outcome.notApplicable = error.message;
    else if (error instanceof sdk.UnknownValueError) outcome.undecided = error.message;
    else throw error;
  }
  return { violations, urns, ...outcome };
}

/** A container that every rule passes. */
export const CONTAINER = {
  name: "app",
  image: "registry.example.com/shop/orders:1.4.2",
  ports: [{ name: "http", containerPort: 8080 }],
  resources: { requests: { cpu: "100m", memory: "500Mi" }, limits: { cpu: "500m", memory: "1Gi" } },
  readinessProbe: { httpGet: { path: "/ready", port: "http" } },
  livenessProbe: { httpGet: { path: "/live", port: "http" } },
  securityContext: { privileged: false, allowPrivilegeEscalation: false },
} as const satisfies JsonObject;

/** A pod's spec with one good container, changed as given. */
export function podSpec(changes: JsonObject = {}): JsonObject {
  return { containers: [CONTAINER], ...changes };
}

/** A Deployment "shop/orders" with this pod spec, and other changes of its own spec. */
export function deployment(spec: Json = podSpec(), changes: JsonObject = {}): JsonObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "orders", namespace: "shop", labels: { app: "orders" } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "orders" } },
      template: { metadata: { labels: { app: "orders" } }, spec },
      ...changes,
    },
  };
}

export const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

/** A Deployment with one good container, changed as given; a change to `undefined` removes the field. */
export function withContainer(changes: Readonly<Record<string, Json | undefined>>): JsonObject {
  const fields = Object.entries({ ...CONTAINER, ...changes }).filter(([, value]) => value !== undefined);
  return deployment(podSpec({ containers: [Object.fromEntries(fields) as JsonObject] }));
}

/** Type tokens of everything that holds pods, each with the way to put a pod's spec into it. */
export const CARRIERS: readonly {
  readonly type: string;
  readonly path: string;
  readonly wrap: (spec: Json) => JsonObject;
}[] = [
  ...["core/v1", "v1"].map((version) => carrier(`kubernetes:${version}:Pod`, "", (pod) => pod)),
  carrier("kubernetes:core/v1:PodTemplate", "template.", (pod) => ({ metadata: { name: "orders" }, template: pod })),
  ...[
    "core/v1:ReplicationController",
    ...["apps/v1", "apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"].map((version) => `${version}:Deployment`),
    ...["apps/v1", "apps/v1beta1", "apps/v1beta2"].map((version) => `${version}:StatefulSet`),
    ...["apps/v1", "apps/v1beta2", "extensions/v1beta1"].map((version) => `${version}:DaemonSet`),
    ...["apps/v1", "apps/v1beta2", "extensions/v1beta1"].map((version) => `${version}:ReplicaSet`),
    "batch/v1:Job",
  ].map((kind) =>
    carrier(`kubernetes:${kind}`, "spec.template.", (pod) => ({
      metadata: { name: "orders" },
      spec: { template: pod },
    })),
  ),
  ...["batch/v1", "batch/v1beta1", "batch/v2alpha1"].map((version) =>
    carrier(`kubernetes:${version}:CronJob`, "spec.jobTemplate.spec.template.", (pod) => ({
      metadata: { name: "orders" },
      spec: { schedule: "0 3 * * *", jobTemplate: { spec: { template: pod } } },
    })),
  ),
];

function carrier(type: string, path: string, wrap: (pod: JsonObject) => JsonObject) {
  return {
    type,
    path: `${path}spec`,
    wrap: (spec: Json) => wrap({ metadata: { name: "orders", labels: { app: "orders" } }, spec }),
  };
}
