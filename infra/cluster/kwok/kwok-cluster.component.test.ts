import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { KwokCluster, type KwokClusterArgs } from "../index.ts";

// What mocks can't prove: that the provider takes these inputs and returns these outputs (test/kwok-cluster.test.ts
// does), and that an engine deletes the objects with the cluster.

const KUBECONFIG = "a kubeconfig with a key in it";

let registered: { type: string; name: string; inputs: Record<string, unknown> }[] = [];
let options = new Map<string, pulumi.CustomResourceOptions>();

async function make(args: KwokClusterArgs, preview = false): Promise<KwokCluster> {
  registered = [];
  options = new Map();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs });
        const kubeconfig = pulumi.secret(KUBECONFIG);
        const made = { context: "weft-test", kubeconfig, server: "https://127.0.0.1:1", uid: "u-1" };
        const outputs = type.endsWith(":Kwok") && !preview ? { ...made, kubernetesVersion: "1.36.3" } : {};
        return { id: `${name}-id`, state: { ...inputs, ...outputs } };
      },
      call: ({ inputs }) => inputs,
    },
    "weft",
    "test",
    preview,
  );
  const remember: pulumi.ResourceTransformation = ({ name, opts }) => {
    options.set(name, opts);
    return undefined;
  };
  const cluster = new KwokCluster("cluster", args, { transformations: [remember] });
  // Stripped from the SDK's types: awaiting one output leaves registrations under way.
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
  return cluster;
}

const value = <T>(output: pulumi.Output<T>) => new Promise<T>((done) => output.apply((known) => done(known)));

beforeEach(() => {
  registered = [];
});

describe("an embedded cluster", () => {
  it("registers itself, the cluster and a Kubernetes provider, all under its name", async () => {
    await make({ clusterName: "test" });
    expect(registered.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "weft:cluster:KwokCluster cluster",
      "weft-native:cluster:Kwok cluster-kwok",
      "pulumi:providers:kubernetes cluster-kubernetes",
    ]);
  });

  it("shows the defaults in its inputs, also for values given as undefined", async () => {
    await make({ clusterName: "test", nodes: undefined, memory: "64Gi" });
    expect(registered[1]?.inputs).toEqual({
      name: "test",
      directory: ".weft/kwok",
      nodes: 6,
      zones: 3,
      region: "local",
      cpu: "8",
      memory: "64Gi",
    });
  });

  it("gives the Kubernetes provider the cluster's access and identity", async () => {
    await make({ clusterName: "test" });
    expect(registered[2]?.inputs).toMatchObject({ clusterIdentifier: "u-1", enableServerSideApply: "true" });
    expect(JSON.stringify(registered[2]?.inputs)).toContain(KUBECONFIG);
  });

  it("keeps the kubeconfig secret", async () => {
    const { contract } = await make({ clusterName: "test" });
    expect(options.get("cluster-kwok")?.additionalSecretOutputs).toEqual(["kubeconfig"]);
    expect(await pulumi.isSecret(contract.kubeconfig)).toBe(true);
    expect(await value(contract.kubeconfig)).toBe(KUBECONFIG);
  });

  it("tells the other rooms what they rely on", async () => {
    const { contract } = await make({ clusterName: "test", nodes: 4, zones: 2, region: "lab" });
    expect(contract).toMatchObject({ target: "kwok", nodes: 4, zones: ["lab-a", "lab-b"] });
    expect(await value(contract.context)).toBe("weft-test");
    expect(await value(contract.server)).toBe("https://127.0.0.1:1");
    expect(await value(contract.kubernetesVersion)).toBe("1.36.3");
    expect(await value(contract.deletedWith.urn)).toContain("weft-native:cluster:Kwok::cluster-kwok");
  });

  it("knows nodes and zones in a preview already", async () => {
    const { contract } = await make({ clusterName: "test" }, true);
    expect(contract).toMatchObject({ nodes: 6, zones: ["local-a", "local-b", "local-c"] });
    expect(registered).toHaveLength(3);
  });
});
