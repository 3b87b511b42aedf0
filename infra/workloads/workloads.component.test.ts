import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { catalog, everyFeature, service } from "./fixtures.ts";
import { planWorkloads } from "./plan.ts";
import { registerWorkloads } from "./workloads.ts";

// What mocks can't prove: that an engine orders, awaits and deletes as the options here ask, and that the API server
// takes the objects.

interface Registration {
  readonly type: string;
  readonly name: string;
  readonly inputs: { readonly metadata: { readonly name: string; readonly namespace?: string } };
  readonly provider: string | undefined;
  readonly opts: pulumi.CustomResourceOptions;
}

let registered: Omit<Registration, "opts">[] = [];
let options = new Map<string, pulumi.CustomResourceOptions>();

/** Stripped from the SDK's types: awaiting one output leaves most registrations still under way. */
const settle = () => (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();

async function setMocks(preview: boolean): Promise<void> {
  registered = [];
  options = new Map();
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        registered.push({ type: args.type, name: args.name, inputs: args.inputs, provider: args.provider });
        const balanced = args.inputs.spec?.type === "LoadBalancer";
        const status = balanced ? { loadBalancer: { ingress: [{ ip: "192.0.2.10" }] } } : undefined;
        return { id: `${args.name}-id`, state: preview ? {} : { ...args.inputs, status } };
      },
      call: ({ inputs }) => inputs,
    },
    "weft",
    "test",
    preview,
  );
}

async function register(services = everyFeature, more: pulumi.ComponentResourceOptions = {}) {
  const provider = new k8s.Provider("kubernetes", { kubeconfig: "{}" });
  const remember: pulumi.ResourceTransformation = ({ name, opts }) => {
    options.set(name, opts);
    return undefined;
  };
  const contracts = registerWorkloads(planWorkloads(services), { provider, transformations: [remember], ...more });
  await settle();
  return contracts;
}

const objects = () => registered.filter(({ type }) => type.startsWith("kubernetes:"));
/** Names that a resource waits for, directly. */
function dependencies(name: string): readonly string[] {
  const dependsOn = options.get(name)?.dependsOn ?? [];
  const list = (Array.isArray(dependsOn) ? dependsOn : [dependsOn]) as pulumi.Resource[];
  return list.map((resource) => (resource as unknown as { __name: string }).__name).sort();
}

const everyResource = [
  "weft:workloads:Team::money",
  "kubernetes:core/v1:Namespace::money-namespace",
  "kubernetes:core/v1:ResourceQuota::money-quota",
  "kubernetes:core/v1:LimitRange::money-limits",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy::money-default-deny",
  "weft:workloads:Service::ledger",
  "kubernetes:core/v1:ServiceAccount::ledger-service-account",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy::ledger-network-policy",
  "kubernetes:core/v1:Service::ledger-service",
  "kubernetes:core/v1:Service::ledger-headless",
  "kubernetes:autoscaling/v2:HorizontalPodAutoscaler::ledger-autoscaler",
  "kubernetes:policy/v1:PodDisruptionBudget::ledger-disruption-budget",
  "kubernetes:apps/v1:StatefulSet::ledger-stateful-set",
  "weft:workloads:Team::search",
  "kubernetes:core/v1:Namespace::search-namespace",
  "kubernetes:core/v1:ResourceQuota::search-quota",
  "kubernetes:core/v1:LimitRange::search-limits",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy::search-default-deny",
  "weft:workloads:Service::indexer",
  "kubernetes:core/v1:ServiceAccount::indexer-service-account",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy::indexer-network-policy",
  "kubernetes:core/v1:Service::indexer-headless",
  "kubernetes:apps/v1:StatefulSet::indexer-stateful-set",
  "weft:workloads:Team::shop",
  "kubernetes:core/v1:Namespace::shop-namespace",
  "kubernetes:core/v1:ResourceQuota::shop-quota",
  "kubernetes:core/v1:LimitRange::shop-limits",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy::shop-default-deny",
  "weft:workloads:Service::cart",
  "kubernetes:core/v1:ServiceAccount::cart-service-account",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy::cart-network-policy",
  "kubernetes:core/v1:Service::cart-service",
  "kubernetes:policy/v1:PodDisruptionBudget::cart-disruption-budget",
  "kubernetes:apps/v1:Deployment::cart-deployment",
  "weft:workloads:Service::web",
  "kubernetes:core/v1:ServiceAccount::web-service-account",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy::web-network-policy",
  "kubernetes:core/v1:Service::web-service",
  "kubernetes:autoscaling/v2:HorizontalPodAutoscaler::web-autoscaler",
  "kubernetes:policy/v1:PodDisruptionBudget::web-disruption-budget",
  "kubernetes:apps/v1:Deployment::web-deployment",
  "kubernetes:core/v1:Service::web-external",
  "weft:workloads:Service::worker",
  "kubernetes:core/v1:ServiceAccount::worker-service-account",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy::worker-network-policy",
  "kubernetes:apps/v1:Deployment::worker-deployment",
];

describe.each([
  ["an up", false],
  ["a preview, where every output is unknown", true],
])("the resources of a catalog, in %s", (_, preview) => {
  beforeEach(() => setMocks(preview));

  it("are these, under these public names", async () => {
    await register();
    const found = registered.filter(({ type }) => type !== "pulumi:providers:kubernetes");
    expect(found.map(({ type, name }) => `${type}::${name}`).sort()).toEqual([...everyResource].sort());
  });

  it("all use the given provider, and never a default one", async () => {
    await register();
    for (const { provider } of objects()) expect(provider).toMatch(/pulumi:providers:kubernetes::kubernetes::/);
  });

  it("have known names and namespaces", async () => {
    await register();
    for (const { type, inputs } of objects()) {
      expect(inputs.metadata.name).toMatch(/^[a-z-]+$/);
      if (!type.endsWith(":Namespace")) expect(inputs.metadata.namespace).toMatch(/^(money|search|shop)$/);
    }
  });

  it("are named uniquely for each type", async () => {
    // The same names, joined differently: neither teams nor services may share a URN.
    await register(catalog(service("c", { team: "a-b" }), service("b-c", { team: "a" }), service("a", { team: "b" })));
    const keys = registered.map(({ type, name }) => `${type}::${name}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("the order of a service's objects", () => {
  beforeEach(() => setMocks(false));

  it("puts all of a namespace behind the namespace", async () => {
    await register();
    for (const { name, type, inputs } of objects()) {
      if (type.endsWith(":Namespace")) continue;
      const team = inputs.metadata.namespace ?? "";
      // To wait for the component is to wait for everything in it.
      expect([team, `${team}-namespace`].some((before) => dependencies(name).includes(before))).toBe(true);
    }
  });

  it("puts the identity, the policies and the governing Service before the pods", async () => {
    await register();
    expect(dependencies("web-deployment")).toEqual(["shop", "web-network-policy", "web-service-account"]);
    expect(dependencies("ledger-stateful-set")).toEqual([
      "ledger-headless",
      "ledger-network-policy",
      "ledger-service-account",
      "money",
    ]);
  });

  it("lets the address inside the cluster and the pods wait for neither", async () => {
    await register();
    expect(dependencies("web-service")).toEqual(["shop"]);
    expect(dependencies("ledger-headless")).toEqual(["money"]);
    expect(dependencies("web-autoscaler")).toEqual(["shop"]);
    expect(dependencies("web-disruption-budget")).toEqual(["shop"]);
  });

  it("puts the address outside the cluster behind the pods", async () => {
    await register();
    expect(dependencies("web-external")).toEqual(["shop", "web-deployment"]);
  });
});

describe("the options of a service's objects", () => {
  beforeEach(() => setMocks(false));

  it("leave the replicas of an autoscaled workload alone, and only those", async () => {
    await register();
    expect(options.get("web-deployment")?.ignoreChanges).toEqual(["spec.replicas"]);
    expect(options.get("ledger-stateful-set")?.ignoreChanges).toEqual(["spec.replicas"]);
    expect(options.get("cart-deployment")?.ignoreChanges).toBeUndefined();
  });

  it("give what is awaited the time that a rollout may take", async () => {
    await register();
    // 300 for placement, then for each batch its start and stop: 4 x (20 + 70), 1 x (400 + 30), 4 x (120 + 40).
    expect(options.get("web-deployment")?.customTimeouts).toEqual({ create: "660s", update: "660s", delete: "660s" });
    expect(options.get("web-service")?.customTimeouts?.create).toBe("660s");
    expect(options.get("web-external")?.customTimeouts?.create).toBe("660s");
    expect(options.get("worker-deployment")?.customTimeouts?.create).toBe("730s");
    expect(options.get("ledger-stateful-set")?.customTimeouts?.create).toBe("940s");
  });

  it("delete everything with what the caller names", async () => {
    const cluster = new k8s.core.v1.Namespace("cluster", {});
    await register(everyFeature, { deletedWith: cluster });
    const names = objects().map(({ name }) => name);
    for (const name of names) if (name !== "cluster") expect(options.get(name)?.deletedWith).toBe(cluster);
    expect(names.length).toBeGreaterThan(30);
  });
});

describe("the contract of a service", () => {
  it("says where it is, on the ports that callers use", async () => {
    await setMocks(false);
    const contracts = await register();
    expect([...contracts.keys()]).toEqual(["ledger", "indexer", "cart", "web", "worker"]);
    expect(contracts.get("web")).toMatchObject({
      name: "web",
      namespace: "shop",
      clusterHost: "web.shop.svc.cluster.local",
      ports: [{ name: "http", port: 80, protocol: "TCP", appProtocol: "http" }],
    });
    expect(contracts.get("cart")?.externalAddress).toBeUndefined();
    expect(contracts.get("worker")).toMatchObject({ clusterHost: undefined, ports: [] });
    expect(await promise(contracts.get("web")?.externalAddress)).toBe("192.0.2.10");
  });

  it("has no address yet in a preview", async () => {
    await setMocks(true);
    const contracts = await register();
    expect(await promise(contracts.get("web")?.externalAddress)).toBeUndefined();
  });
});

function promise<T>(output: pulumi.Output<T> | undefined): Promise<T> {
  return (output as unknown as { promise(): Promise<T> }).promise();
}
