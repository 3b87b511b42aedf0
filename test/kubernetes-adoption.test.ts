import { KubeConfig, type KubernetesObject, KubernetesObjectApi } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { Driver, output, type Recorded } from "../engine/kubernetes/testing/driver.ts";
import type { PropertyMap } from "../engine/property.ts";
import { eventually } from "./support/kube.ts";
import { useProvider } from "./support/provider.ts";
import { configMap, deployment, failure } from "./support/pulumi-objects.ts";

// Objects that somebody else made, or that a run made and did not live to record, on a real API server.

const on = useProvider();

describe("an object that is shared", () => {
  it("a patch manages only its fields of an object that somebody else made, and lets go of them", async () => {
    await on.kube.apply(configMap("theirs", { v: "1" }));
    const options = { type: "kubernetes:core/v1:ConfigMapPatch", name: "patch" };
    const patch = (labels: PropertyMap): PropertyMap => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "theirs", namespace: "default", labels },
    });
    const first = await on.driver.create(patch({ a: "1", b: "1" }), options);
    const second = await on.driver.update(first, patch({ a: "2" }), options);
    expect(await on.live("configmap", "theirs")).toMatchObject({ metadata: { labels: { a: "2" } }, data: { v: "1" } });
    expect(await on.live("configmap", "theirs")).not.toHaveProperty("metadata.labels.b");
    await on.driver.delete(second);
    expect(await on.live("configmap", "theirs")).toMatchObject({ data: { v: "1" } });
    expect(await on.live("configmap", "theirs")).not.toHaveProperty("metadata.labels");
  });

  it("a patch makes no object of a misspelt name, and leaves none behind", async () => {
    const options = { type: "kubernetes:core/v1:ConfigMapPatch", name: "misspelt" };
    expect(await on.driver.previewCreate(configMap("thiers", { v: "2" }), options)).toMatchObject({ data: { v: "2" } });
    const { message } = await failure(on.driver.create(configMap("thiers", { v: "2" }), options));
    expect(message).toMatch(/^ConfigMap default\/thiers was not patched: there is no such object\nFix: /);
    await on.kube.apply(configMap("gone", { v: "1" }));
    const recorded = await on.driver.create(configMap("gone", {}, { labels: { a: "1" } }), options);
    await on.kube.kubectl("delete", "configmap", "gone", "-n", "default");
    await on.driver.delete(recorded);
    expect([await on.exists("configmap", "thiers"), await on.exists("configmap", "gone")]).toEqual([false, false]);
  });

  it("an object changes its field manager together with a field that the one before holds", async () => {
    const first = await on.driver.create(configMap("handed", { v: "1" }));
    const annotations = { "pulumi.com/patchFieldManager": "somebody-new" };
    const changed = configMap("handed", { v: "2" }, { annotations });
    await on.driver.previewUpdate(first, changed);
    const second = await on.driver.update(first, changed);
    const { data, metadata } = await on.live("configmap", "handed");
    expect([data, metadata.managedFields.map(({ manager }) => manager)]).toEqual([{ v: "2" }, ["somebody-new"]]);
    await on.driver.delete(second);
  });
});

describe("an object that exists already", () => {
  it("is rejected when somebody else made it, in a preview too, and left as it is", async () => {
    await on.kube.apply(configMap("foreign", { v: "theirs" }));
    const message =
      /^ConfigMap default\/foreign was not created: it already exists\n {2}Pulumi did not make it; managers of its fields: "kubectl"/;
    expect((await failure(on.driver.create(configMap("foreign", { v: "ours" })))).message).toMatch(message);
    expect((await failure(on.driver.create(configMap("foreign", { v: "theirs" })))).message).toMatch(message);
    expect((await failure(on.driver.previewCreate(configMap("foreign", { v: "ours" })))).message).toMatch(message);
    const { data, metadata } = await on.live("configmap", "foreign");
    expect(data).toEqual({ v: "theirs" });
    expect(JSON.stringify(metadata)).not.toContain("pulumi");
  });

  it("is taken over when an interrupted run made it for the same resource, and brought to what the program says", async () => {
    await on.driver.create(configMap("lost", { v: "1", old: "x" }));
    // Another run that knows nothing of the first: its state was never written.
    const next = await Driver.start({ kubeconfig: on.cluster.kubeconfig });
    await next.previewCreate(configMap("lost", { v: "2" }));
    expect(next.logs.join()).toContain("it would be taken over");
    const recorded = await next.create(configMap("lost", { v: "2" }));
    expect(next.logs.join()).toContain("taken over");
    expect((await on.live("configmap", "lost")).data).toEqual({ v: "2" });
    await expect(next.create(configMap("lost", { v: "2" }), { name: "another" })).rejects.toThrow(
      /not for this resource/,
    );
    await next.delete(recorded);
    await next.close();
  });

  it("is undone when an interrupted run made it and no run wants it any more; by its own mark alone", async () => {
    const made = await on.driver.create(configMap("orphan", { v: "1" }), { name: "orphan" });
    const { urn, type, name, inputs } = made;
    const other = { urn: `${urn}-other`, type, name: `${name}-other`, inputs };
    await on.driver.provider.abandon?.(other);
    expect(await on.exists("configmap", "orphan")).toBe(true);
    expect(on.driver.logs.at(-1)).toContain("it does not come from the run that was interrupted: left alone");
    await on.driver.provider.abandon?.({ urn, type, name, inputs });
    expect(await on.exists("configmap", "orphan")).toBe(false);
    // It may never have been made.
    await on.driver.provider.abandon?.({ urn, type, name, inputs });
  });

  it("is waited for while it is being deleted, then created anew", async () => {
    const held = await on.driver.create(configMap("going", { v: "1" }, { finalizers: ["weft.test/hold"] }));
    await on.kube.kubectl("delete", "configmap", "going", "-n", "default", "--wait=false");
    const created = on.driver.create(configMap("going", { v: "2" }));
    await eventually("it waits", async () =>
      on.driver.statuses.some((status) => status.includes("being deleted under this name")),
    );
    await on.kube.kubectl(
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
    await on.driver.delete(recorded);
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
    expect((await on.driver.diff(state, object)).changes).toBe("none");
    const changed = deployment("official", {}, { image: "example/app:2" });
    await on.driver.previewUpdate(state, changed);
    const updated = await on.driver.update(state, changed);
    expect(updated.outputs.__fieldManager).toBe("pulumi-kubernetes-0a1b2c3d");
    const now = await on.live("deployment", "official");
    expect(now).not.toHaveProperty("spec.minReadySeconds");
    const managers = now.metadata.managedFields;
    expect(
      managers
        .filter(({ manager }) => manager.startsWith("pulumi"))
        .map(({ manager, operation }) => `${manager} ${operation}`),
    ).toEqual(["pulumi-kubernetes-0a1b2c3d Apply"]);
    await on.driver.delete(updated);
  });

  it("was deleted outside, so an update creates it again", async () => {
    const recorded = await on.driver.create(configMap("vanished", { v: "1" }));
    await on.kube.kubectl("delete", "configmap", "vanished", "-n", "default");
    expect(await on.driver.read(recorded)).toBeUndefined();
    const labelled = configMap("vanished", { v: "1" }, { labels: { a: "b" } });
    await on.driver.previewUpdate(recorded, labelled);
    expect(await on.exists("configmap", "vanished")).toBe(false);
    const again = await on.driver.update(recorded, labelled);
    expect(output(again, "metadata", "uid")).not.toBe(output(recorded, "metadata", "uid"));
    // Made again by somebody else meanwhile: not ours to delete.
    await on.kube.kubectl("delete", "configmap", "vanished", "-n", "default");
    await on.kube.apply(configMap("vanished", { v: "theirs" }));
    await on.driver.delete(again);
    expect(await on.exists("configmap", "vanished")).toBe(true);
  });
});

/** As the official provider creates: by POST, under the manager that all its creations have. */
async function postAsOfficial(object: PropertyMap): Promise<PropertyMap> {
  const config = new KubeConfig();
  config.loadFromFile(on.cluster.kubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  const created = await api.create(object as KubernetesObject, undefined, undefined, "pulumi-kubernetes");
  return JSON.parse(JSON.stringify(created)) as PropertyMap;
}
