import { describe, expect, it } from "vitest";
import { output, type Recorded } from "../engine/kubernetes/testing/driver.ts";
import { type PropertyMap, Secret } from "../engine/property.ts";
import { eventually } from "./support/kube.ts";
import { useProvider } from "./support/provider.ts";
import { deployment, failure } from "./support/pulumi-objects.ts";

// The built-in engine's Kubernetes provider against a real API server with its controllers and scheduler. Nodes and pods
// are simulated: that a container really starts is not proven here.

const on = useProvider();

describe("a Deployment", () => {
  let recorded: Recorded;

  it("is created and awaited until its pods run", async () => {
    recorded = await on.driver.create(deployment("web"));
    expect(recorded.id).toBe("default/web");
    expect(output(recorded, "status", "availableReplicas")).toBe(2);
    expect(recorded.outputs).toMatchObject({ __initialApiVersion: "apps/v1", __inputs: recorded.inputs });
    expect(on.driver.statuses.join("\n")).toMatch(/of 2 replicas ready/);
  });

  it("changes nothing in a second run: not even its version", async () => {
    expect((await on.driver.diff(recorded, deployment("web"))).changes).toBe("none");
    const again = await on.driver.update(recorded, deployment("web"));
    expect(output(again, "metadata", "resourceVersion")).toBe(output(recorded, "metadata", "resourceVersion"));
  });

  it("is rolled out when its image changes, and loses what the program drops", async () => {
    const labelled = { ...deployment("web", { minReadySeconds: 1 }, { image: "example/app:2" }) };
    expect([...(await on.driver.diff(recorded, labelled)).changed].sort()).toEqual([
      "spec.minReadySeconds",
      "spec.template.spec.containers[0].image",
    ]);
    const preview = await on.driver.previewUpdate(recorded, labelled);
    expect(preview).toMatchObject({
      spec: { progressDeadlineSeconds: 600 },
      metadata: { uid: output(recorded, "metadata", "uid") },
    });
    recorded = await on.driver.update(recorded, labelled);
    expect(output(recorded, "status", "updatedReplicas")).toBe(2);
    recorded = await on.driver.update(recorded, deployment("web", {}, { image: "example/app:2" }));
    expect(await on.live("deployment", "web")).not.toHaveProperty("spec.minReadySeconds");
  });

  it("is replaced for another selector, the old one first", async () => {
    const labels = { app: "web", part: "two" };
    const other = deployment("web", {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "app", image: "example/app:2" }] } },
    });
    const diff = await on.driver.diff(recorded, other);
    expect(diff).toMatchObject({ replaces: ["spec.selector.matchLabels.part"], deleteBeforeReplace: true });
    // The preview judges the new object, though the old one still has its name.
    expect(await on.driver.previewCreate(other)).toMatchObject({ metadata: { name: "web" }, spec: { replicas: 2 } });
    // Creating it first can't work, and must not take the old one for an interrupted creation.
    expect((await failure(on.driver.create(other))).message).toMatch(/has to be deleted first/);
    await on.driver.delete(recorded);
    await on.driver.create(other);
    // The run died before it recorded that: the next one finds its own replacement, and takes it over.
    await on.driver.diff(recorded, other);
    recorded = await on.driver.create(other);
    expect(on.driver.logs.at(-1)).toMatch(/Deployment default\/web: it exists already.*taken over/);
    expect(await on.live("deployment", "web")).toMatchObject({ spec: { selector: { matchLabels: labels } } });
  });

  it("is deleted with its pods", async () => {
    await on.driver.delete(recorded);
    expect(await on.exists("deployment", "web")).toBe(false);
    expect(await on.kube.list("pod", "-n", "default", "-l", "app=web")).toEqual([]);
    await on.driver.delete(recorded);
  });
});

describe("an autoscaled Deployment", () => {
  it("keeps the replicas that the autoscaler set, when the program sets none", async () => {
    const { replicas: _, ...spec } = deployment("scaled").spec as PropertyMap;
    const object = { ...deployment("scaled"), spec };
    const first = await on.driver.create(object);
    await on.driver.create({
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
      async () => (await on.kube.get("deployment", "scaled"))?.spec?.replicas === 3,
    );
    const changed = { ...object, spec: { ...spec, revisionHistoryLimit: 3 } };
    const second = await on.driver.update(first, changed);
    expect(output(second, "spec", "replicas")).toBe(3);
    await on.driver.delete(second);
  });

  it("fails on the field where the program sets it, with the ways out, each of which works", async () => {
    const first = await on.driver.create(deployment("contested"));
    await on.kube.kubectl("scale", "deployment", "contested", "-n", "default", "--replicas=3");
    const changed = deployment("contested", { revisionHistoryLimit: 3 });
    const error = await failure(on.driver.update(first, changed));
    expect(error.message).toMatch(
      /^Deployment default\/contested was not updated: a field belongs to another manager\n {2}spec.replicas: last set by "kubectl"/,
    );
    expect(error.message).toMatch(/ignoreChanges[\s\S]*pulumi.com\/patchForce/);
    expect((await failure(on.driver.previewUpdate(first, changed))).message).toBe(error.message);
    // ignoreChanges leaves the field to the other.
    const ignoring = await on.driver.update(first, changed, { ignoreChanges: ["spec.replicas"] });
    expect(output(ignoring, "spec", "replicas")).toBe(3);
    // patchForce takes it over.
    const metadata = { name: "contested", namespace: "default", annotations: { "pulumi.com/patchForce": "true" } };
    const forced = await on.driver.update(ignoring, { ...changed, metadata });
    expect(output(forced, "spec", "replicas")).toBe(2);
    await on.driver.delete(forced);
  });
});

describe("other kinds", () => {
  it("a Service waits for its endpoints, and for the address of its load balancer", async () => {
    const backend = on.driver.create(deployment("served"));
    const service = await on.driver.create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "served", namespace: "default" },
      spec: { type: "LoadBalancer", selector: { app: "served" }, ports: [{ port: 80 }] },
    });
    expect(output(service, "status", "loadBalancer")).toMatchObject({
      ingress: [{ ip: expect.stringMatching(/^198\.18\./) }],
    });
    const slices = await on.kube.kubectl(
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
    await Promise.all([on.driver.delete(service), on.driver.delete(await backend)]);
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
    expect(await on.driver.previewCreate(widget)).toMatchObject({ spec: { size: 1 } });
    const [custom, defined] = await Promise.all([on.driver.create(widget), on.driver.create(definition)]);
    expect(custom.id).toBe("default/one");
    expect(JSON.stringify(defined.outputs)).toContain("x_kubernetes_preserve_unknown_fields");
    const resized = await on.driver.update(custom, { ...widget, spec: { size: 2 } });
    expect(output(resized, "spec", "size")).toBe(2);

    const awaited = {
      ...widget,
      metadata: { name: "two", annotations: { "pulumi.com/waitFor": "jsonpath={.status.phase}=Up" } },
    };
    const pending = on.driver.create(awaited);
    await eventually("the widget is written", () => on.exists("widgets.weft.test", "two"));
    await on.kube.kubectl(
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

    await on.driver.delete(defined);
    // Its definition took it along.
    await on.driver.delete(resized);
    expect(await on.driver.read(resized)).toBeUndefined();
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
    const bound = await on.driver.create(claim("bound"));
    expect(output(bound, "status", "phase")).toBe("Bound");
    const storageClass = await on.driver.create({
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "late" },
      provisioner: "nobody.weft.test",
      volumeBindingMode: "WaitForFirstConsumer",
    });
    const late = await on.driver.create(claim("late", "late"));
    expect(output(late, "status", "phase")).toBe("Pending");
    await Promise.all([bound, late].map((item) => on.driver.delete(item)));
    await on.driver.delete(storageClass);
  });

  it("a Job waits until its work is done", async () => {
    const job = await on.driver.create({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "work", namespace: "default" },
      spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "example/job:1" }] } } },
    });
    expect(output(job, "status", "succeeded")).toBe(1);
    await on.driver.delete(job);
  });

  it("a Secret's content is secret in the outputs, and replaced when it changes", async () => {
    const secret = (password: string): PropertyMap => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {},
      stringData: { password },
    });
    const first = await on.driver.create(secret("s3cr3t-canary"), { name: "credentials" });
    expect(first.id).toMatch(/^default\/credentials-[0-9a-f]{8}$/);
    expect(first.outputs.data).toEqual(new Secret({ password: Buffer.from("s3cr3t-canary").toString("base64") }));
    expect(JSON.stringify(first.outputs)).not.toMatch(/canary|czNjcj/);
    const diff = await on.driver.diff(first, secret("other"));
    // A new name, so the new one can stand beside the old until that is no longer used.
    expect(diff).toMatchObject({ replaces: ["data.password"], deleteBeforeReplace: false });
    const second = await on.driver.create(secret("other"), { name: "credentials" });
    expect(second.id).not.toBe(first.id);
    await Promise.all([first, second].map((item) => on.driver.delete(item)));
  });

  it("a read finds drift as changed inputs, and nothing else", async () => {
    const object = deployment("drifting", {}, { resources: { requests: { cpu: "1000m" } } });
    const recorded = await on.driver.create(object);
    const same = await on.driver.read(recorded);
    expect(same?.inputs).toEqual(recorded.inputs);
    await on.kube.kubectl("scale", "deployment", "drifting", "-n", "default", "--replicas=1");
    const drifted = await on.driver.read(recorded);
    expect(drifted?.inputs).toMatchObject({ spec: { replicas: 1 } });
    expect((await on.driver.diff({ ...recorded, ...drifted }, object)).changed).toEqual(["spec.replicas"]);
    await on.driver.delete(recorded);
  });
});
