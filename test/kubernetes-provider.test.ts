import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig, type KubernetesObject, KubernetesObjectApi } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Driver, output, type Recorded } from "../engine/kubernetes/testing/driver.ts";
import { type PropertyMap, Secret } from "../engine/property.ts";
import { startCluster, type TestCluster } from "./support/cluster.ts";
import { eventually, type Kube } from "./support/kube.ts";

// The built-in engine's Kubernetes provider against a real API server with its controllers and scheduler. Nodes and pods
// are simulated: that a container really starts is not proven here.

let folder: string;
let cluster: TestCluster;
let kube: Kube;
let driver: Driver;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-provider-"));
  cluster = await startCluster({ directory: folder });
  kube = cluster.kube;
  driver = await Driver.start({ kubeconfig: cluster.kubeconfig });
});

afterAll(async () => {
  await driver?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

function deployment(
  name: string,
  spec: PropertyMap = {},
  container: PropertyMap = {},
  annotations: PropertyMap = {},
): PropertyMap {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: "app", image: "example/app:1", ...container }] },
      },
      ...spec,
    },
  };
}

function configMap(name: string, data: PropertyMap, metadata: PropertyMap = {}): PropertyMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default", ...metadata }, data };
}

interface Live {
  readonly metadata: { readonly managedFields: readonly { readonly manager: string; readonly operation: string }[] };
  readonly data?: unknown;
}

async function live(kind: string, name: string, namespace = "default"): Promise<Live> {
  return JSON.parse(await kube.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--show-managed-fields"));
}

async function exists(kind: string, name: string, namespace = "default"): Promise<boolean> {
  return (await kube.kubectl("get", kind, name, "-n", namespace, "--ignore-not-found", "-o", "name")) !== "";
}

async function failure(work: Promise<unknown>): Promise<Error & { readonly reasons?: readonly string[] }> {
  return work.then(
    () => new Error("it did not fail"),
    (error: Error) => error,
  );
}

describe("a Deployment", () => {
  let recorded: Recorded;

  it("is created and awaited until its pods run", async () => {
    recorded = await driver.create(deployment("web"));
    expect(recorded.id).toBe("default/web");
    expect(output(recorded, "status", "availableReplicas")).toBe(2);
    expect(recorded.outputs).toMatchObject({ __initialApiVersion: "apps/v1", __inputs: recorded.inputs });
    expect(driver.statuses.join("\n")).toMatch(/of 2 replicas ready/);
  });

  it("changes nothing in a second run: not even its version", async () => {
    expect((await driver.diff(recorded, deployment("web"))).changes).toBe("none");
    const again = await driver.update(recorded, deployment("web"));
    expect(output(again, "metadata", "resourceVersion")).toBe(output(recorded, "metadata", "resourceVersion"));
  });

  it("is rolled out when its image changes, and loses what the program drops", async () => {
    const labelled = { ...deployment("web", { minReadySeconds: 1 }, { image: "example/app:2" }) };
    expect([...(await driver.diff(recorded, labelled)).changed].sort()).toEqual([
      "spec.minReadySeconds",
      "spec.template.spec.containers[0].image",
    ]);
    const preview = await driver.previewUpdate(recorded, labelled);
    expect(preview).toMatchObject({
      spec: { progressDeadlineSeconds: 600 },
      metadata: { uid: output(recorded, "metadata", "uid") },
    });
    recorded = await driver.update(recorded, labelled);
    expect(output(recorded, "status", "updatedReplicas")).toBe(2);
    recorded = await driver.update(recorded, deployment("web", {}, { image: "example/app:2" }));
    expect(await live("deployment", "web")).not.toHaveProperty("spec.minReadySeconds");
  });

  it("is replaced for another selector, the old one first", async () => {
    const labels = { app: "web", part: "two" };
    const other = deployment("web", {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "app", image: "example/app:2" }] } },
    });
    const diff = await driver.diff(recorded, other);
    expect(diff).toMatchObject({ replaces: ["spec.selector.matchLabels.part"], deleteBeforeReplace: true });
    // The preview judges the new object, though the old one still has its name.
    expect(await driver.previewCreate(other)).toMatchObject({ metadata: { name: "web" }, spec: { replicas: 2 } });
    // Creating it first can't work, and must not take the old one for an interrupted creation.
    expect((await failure(driver.create(other))).message).toMatch(/has to be deleted first/);
    await driver.delete(recorded);
    await driver.create(other);
    // The run died before it recorded that: the next one finds its own replacement, and takes it over.
    await driver.diff(recorded, other);
    recorded = await driver.create(other);
    expect(driver.logs.at(-1)).toMatch(/Deployment default\/web: it exists already.*taken over/);
    expect(await live("deployment", "web")).toMatchObject({ spec: { selector: { matchLabels: labels } } });
  });

  it("is deleted with its pods", async () => {
    await driver.delete(recorded);
    expect(await exists("deployment", "web")).toBe(false);
    expect(await kube.list("pod", "-n", "default", "-l", "app=web")).toEqual([]);
    await driver.delete(recorded);
  });
});

describe("an autoscaled Deployment", () => {
  it("keeps the replicas that the autoscaler set, when the program sets none", async () => {
    const { replicas: _, ...spec } = deployment("scaled").spec as PropertyMap;
    const object = { ...deployment("scaled"), spec };
    const first = await driver.create(object);
    await driver.create({
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "scaled", namespace: "default" },
      spec: {
        minReplicas: 3,
        maxReplicas: 5,
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "scaled" },
      },
    });
    await eventually(
      "the autoscaler has scaled it",
      async () => (await kube.get("deployment", "scaled"))?.spec?.replicas === 3,
    );
    const changed = { ...object, spec: { ...spec, revisionHistoryLimit: 3 } };
    const second = await driver.update(first, changed);
    expect(output(second, "spec", "replicas")).toBe(3);
    await driver.delete(second);
  });

  it("fails on the field where the program sets it, with the ways out, each of which works", async () => {
    const first = await driver.create(deployment("contested"));
    await kube.kubectl("scale", "deployment", "contested", "-n", "default", "--replicas=3");
    const changed = deployment("contested", { revisionHistoryLimit: 3 });
    const error = await failure(driver.update(first, changed));
    expect(error.message).toMatch(
      /^Deployment default\/contested was not updated: a field belongs to another manager\n {2}spec.replicas: last set by "kubectl"/,
    );
    expect(error.message).toMatch(/ignoreChanges[\s\S]*pulumi.com\/patchForce/);
    expect((await failure(driver.previewUpdate(first, changed))).message).toBe(error.message);
    // ignoreChanges leaves the field to the other.
    const ignoring = await driver.update(first, changed, { ignoreChanges: ["spec.replicas"] });
    expect(output(ignoring, "spec", "replicas")).toBe(3);
    // patchForce takes it over.
    const metadata = { name: "contested", namespace: "default", annotations: { "pulumi.com/patchForce": "true" } };
    const forced = await driver.update(ignoring, { ...changed, metadata });
    expect(output(forced, "spec", "replicas")).toBe(2);
    await driver.delete(forced);
  });
});

describe("other kinds", () => {
  it("a Service waits for its endpoints, and for the address of its load balancer", async () => {
    const backend = driver.create(deployment("served"));
    const service = await driver.create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "served", namespace: "default" },
      spec: { type: "LoadBalancer", selector: { app: "served" }, ports: [{ port: 80 }] },
    });
    expect(output(service, "status", "loadBalancer")).toMatchObject({
      ingress: [{ ip: expect.stringMatching(/^198\.18\./) }],
    });
    const slices = await kube.kubectl(
      "get",
      "endpointslices",
      "-n",
      "default",
      "-l",
      "kubernetes.io/service-name=served",
      "-o",
      "json",
    );
    expect(slices).toContain('"ready": true');
    await Promise.all([driver.delete(service), driver.delete(await backend)]);
  });

  it("a definition and its custom resource go in one run, in either order of start", async () => {
    const definition: PropertyMap = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "widgets.weft.test" },
      spec: {
        group: "weft.test",
        scope: "Namespaced",
        names: { plural: "widgets", singular: "widget", kind: "Widget" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: { type: "object", x_kubernetes_preserve_unknown_fields: true } },
          },
        ],
      },
    };
    const widget: PropertyMap = {
      apiVersion: "weft.test/v1",
      kind: "Widget",
      metadata: { name: "one" },
      spec: { size: 1 },
    };
    // Before the definition exists, a preview can't judge it, and must not fail.
    expect(await driver.previewCreate(widget)).toMatchObject({ spec: { size: 1 } });
    const [custom, defined] = await Promise.all([driver.create(widget), driver.create(definition)]);
    expect(custom.id).toBe("default/one");
    expect(JSON.stringify(defined.outputs)).toContain("x_kubernetes_preserve_unknown_fields");
    const resized = await driver.update(custom, { ...widget, spec: { size: 2 } });
    expect(output(resized, "spec", "size")).toBe(2);

    const awaited = {
      ...widget,
      metadata: { name: "two", annotations: { "pulumi.com/waitFor": "jsonpath={.status.phase}=Up" } },
    };
    const pending = driver.create(awaited);
    await eventually("the widget is written", () => exists("widgets.weft.test", "two"));
    await kube.kubectl(
      "patch",
      "widgets.weft.test",
      "two",
      "-n",
      "default",
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"status":{"phase":"Up"}}',
    );
    expect(output(await pending, "status", "phase")).toBe("Up");

    await driver.delete(defined);
    // Its definition took it along.
    await driver.delete(resized);
    expect(await driver.read(resized)).toBeUndefined();
  });

  it("a claim waits until it is bound, and not where only a pod binds it", async () => {
    const claim = (name: string, storageClassName?: string): PropertyMap => ({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name, namespace: "default" },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
        ...(storageClassName && { storageClassName }),
      },
    });
    const bound = await driver.create(claim("bound"));
    expect(output(bound, "status", "phase")).toBe("Bound");
    const storageClass = await driver.create({
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "late" },
      provisioner: "nobody.weft.test",
      volumeBindingMode: "WaitForFirstConsumer",
    });
    const late = await driver.create(claim("late", "late"));
    expect(output(late, "status", "phase")).toBe("Pending");
    await Promise.all([bound, late].map((item) => driver.delete(item)));
    await driver.delete(storageClass);
  });

  it("a Job waits until its work is done", async () => {
    const job = await driver.create({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "work", namespace: "default" },
      spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "example/job:1" }] } } },
    });
    expect(output(job, "status", "succeeded")).toBe(1);
    await driver.delete(job);
  });

  it("a Secret's content is secret in the outputs, and replaced when it changes", async () => {
    const secret = (password: string): PropertyMap => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {},
      stringData: { password },
    });
    const first = await driver.create(secret("s3cr3t-canary"), { name: "credentials" });
    expect(first.id).toMatch(/^default\/credentials-[0-9a-f]{8}$/);
    expect(first.outputs.data).toEqual(new Secret({ password: Buffer.from("s3cr3t-canary").toString("base64") }));
    expect(JSON.stringify(first.outputs)).not.toMatch(/canary|czNjcj/);
    const diff = await driver.diff(first, secret("other"));
    // A new name, so the new one can stand beside the old until that is no longer used.
    expect(diff).toMatchObject({ replaces: ["data.password"], deleteBeforeReplace: false });
    const second = await driver.create(secret("other"), { name: "credentials" });
    expect(second.id).not.toBe(first.id);
    await Promise.all([first, second].map((item) => driver.delete(item)));
  });

  it("a patch manages only its fields of an object that somebody else made, and lets go of them", async () => {
    await kube.apply(configMap("theirs", { v: "1" }));
    const options = { type: "kubernetes:core/v1:ConfigMapPatch", name: "patch" };
    const patch = (labels: PropertyMap): PropertyMap => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "theirs", namespace: "default", labels },
    });
    const first = await driver.create(patch({ a: "1", b: "1" }), options);
    const second = await driver.update(first, patch({ a: "2" }), options);
    expect(await live("configmap", "theirs")).toMatchObject({ metadata: { labels: { a: "2" } }, data: { v: "1" } });
    expect(await live("configmap", "theirs")).not.toHaveProperty("metadata.labels.b");
    await driver.delete(second);
    expect(await live("configmap", "theirs")).toMatchObject({ data: { v: "1" } });
    expect(await live("configmap", "theirs")).not.toHaveProperty("metadata.labels");
  });

  it("a patch makes no object of a misspelt name, and leaves none behind", async () => {
    const options = { type: "kubernetes:core/v1:ConfigMapPatch", name: "misspelt" };
    expect(await driver.previewCreate(configMap("thiers", { v: "2" }), options)).toMatchObject({ data: { v: "2" } });
    const { message } = await failure(driver.create(configMap("thiers", { v: "2" }), options));
    expect(message).toMatch(/^ConfigMap default\/thiers was not patched: there is no such object\nFix: /);
    await kube.apply(configMap("gone", { v: "1" }));
    const recorded = await driver.create(configMap("gone", {}, { labels: { a: "1" } }), options);
    await kube.kubectl("delete", "configmap", "gone", "-n", "default");
    await driver.delete(recorded);
    expect([await exists("configmap", "thiers"), await exists("configmap", "gone")]).toEqual([false, false]);
  });

  it("an object changes its field manager together with a field that the one before holds", async () => {
    const first = await driver.create(configMap("handed", { v: "1" }));
    const annotations = { "pulumi.com/patchFieldManager": "somebody-new" };
    const changed = configMap("handed", { v: "2" }, { annotations });
    await driver.previewUpdate(first, changed);
    const second = await driver.update(first, changed);
    const { data, metadata } = await live("configmap", "handed");
    expect([data, metadata.managedFields.map(({ manager }) => manager)]).toEqual([{ v: "2" }, ["somebody-new"]]);
    await driver.delete(second);
  });

  it("a read finds drift as changed inputs, and nothing else", async () => {
    const object = deployment("drifting", {}, { resources: { requests: { cpu: "1000m" } } });
    const recorded = await driver.create(object);
    const same = await driver.read(recorded);
    expect(same?.inputs).toEqual(recorded.inputs);
    await kube.kubectl("scale", "deployment", "drifting", "-n", "default", "--replicas=1");
    const drifted = await driver.read(recorded);
    expect(drifted?.inputs).toMatchObject({ spec: { replicas: 1 } });
    expect((await driver.diff({ ...recorded, ...drifted }, object)).changed).toEqual(["spec.replicas"]);
    await driver.delete(recorded);
  });
});

describe("an object that exists already", () => {
  it("is rejected when somebody else made it, in a preview too, and left as it is", async () => {
    await kube.apply(configMap("foreign", { v: "theirs" }));
    const message =
      /^ConfigMap default\/foreign was not created: it already exists\n {2}Pulumi did not make it; managers of its fields: "kubectl"/;
    expect((await failure(driver.create(configMap("foreign", { v: "ours" })))).message).toMatch(message);
    expect((await failure(driver.create(configMap("foreign", { v: "theirs" })))).message).toMatch(message);
    expect((await failure(driver.previewCreate(configMap("foreign", { v: "ours" })))).message).toMatch(message);
    const { data, metadata } = await live("configmap", "foreign");
    expect(data).toEqual({ v: "theirs" });
    expect(JSON.stringify(metadata)).not.toContain("pulumi");
  });

  it("is taken over when an interrupted run made it for the same resource, and brought to what the program says", async () => {
    await driver.create(configMap("lost", { v: "1", old: "x" }));
    // Another run that knows nothing of the first: its state was never written.
    const next = await Driver.start({ kubeconfig: cluster.kubeconfig });
    await next.previewCreate(configMap("lost", { v: "2" }));
    expect(next.logs.join()).toContain("it would be taken over");
    const recorded = await next.create(configMap("lost", { v: "2" }));
    expect(next.logs.join()).toContain("taken over");
    expect((await live("configmap", "lost")).data).toEqual({ v: "2" });
    await expect(next.create(configMap("lost", { v: "2" }), { name: "another" })).rejects.toThrow(
      /not for this resource/,
    );
    await next.delete(recorded);
    await next.close();
  });

  it("is waited for while it is being deleted, then created anew", async () => {
    const held = await driver.create(configMap("going", { v: "1" }, { finalizers: ["weft.test/hold"] }));
    await kube.kubectl("delete", "configmap", "going", "-n", "default", "--wait=false");
    const created = driver.create(configMap("going", { v: "2" }));
    await eventually("it waits", async () =>
      driver.statuses.some((status) => status.includes("being deleted under this name")),
    );
    await kube.kubectl(
      "patch",
      "configmap",
      "going",
      "-n",
      "default",
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    );
    const recorded = await created;
    expect(output(recorded, "metadata", "uid")).not.toBe(output(held, "metadata", "uid"));
    await driver.delete(recorded);
  });

  it("that the official provider created is updated without conflict, and loses what the program drops", async () => {
    const object = deployment("official", { minReadySeconds: 1 });
    const created = await postAsOfficial(object);
    const target = {
      urn: "urn:pulumi:test::weft::kubernetes:apps/v1:Deployment::official",
      type: "kubernetes:apps/v1:Deployment",
      name: "official",
    };
    const state: Recorded = {
      ...target,
      id: "default/official",
      inputs: object,
      outputs: {
        ...created,
        __inputs: object,
        __initialApiVersion: "apps/v1",
        __fieldManager: "pulumi-kubernetes-0a1b2c3d",
      },
    };
    expect((await driver.diff(state, object)).changes).toBe("none");
    const changed = deployment("official", {}, { image: "example/app:2" });
    await driver.previewUpdate(state, changed);
    const updated = await driver.update(state, changed);
    expect(updated.outputs.__fieldManager).toBe("pulumi-kubernetes-0a1b2c3d");
    const now = await live("deployment", "official");
    expect(now).not.toHaveProperty("spec.minReadySeconds");
    const managers = now.metadata.managedFields;
    expect(
      managers
        .filter(({ manager }) => manager.startsWith("pulumi"))
        .map(({ manager, operation }) => `${manager} ${operation}`),
    ).toEqual(["pulumi-kubernetes-0a1b2c3d Apply"]);
    await driver.delete(updated);
  });

  it("was deleted outside, so an update creates it again", async () => {
    const recorded = await driver.create(configMap("vanished", { v: "1" }));
    await kube.kubectl("delete", "configmap", "vanished", "-n", "default");
    expect(await driver.read(recorded)).toBeUndefined();
    const labelled = configMap("vanished", { v: "1" }, { labels: { a: "b" } });
    await driver.previewUpdate(recorded, labelled);
    expect(await exists("configmap", "vanished")).toBe(false);
    const again = await driver.update(recorded, labelled);
    expect(output(again, "metadata", "uid")).not.toBe(output(recorded, "metadata", "uid"));
    // Made again by somebody else meanwhile: not ours to delete.
    await kube.kubectl("delete", "configmap", "vanished", "-n", "default");
    await kube.apply(configMap("vanished", { v: "theirs" }));
    await driver.delete(again);
    expect(await exists("configmap", "vanished")).toBe(true);
  });
});

/** As the official provider creates: by POST, under the manager that all its creations have. */
async function postAsOfficial(object: PropertyMap): Promise<PropertyMap> {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  const created = await api.create(object as KubernetesObject, undefined, undefined, "pulumi-kubernetes");
  return JSON.parse(JSON.stringify(created)) as PropertyMap;
}
