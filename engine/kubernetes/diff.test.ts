import { describe, expect, it } from "vitest";
import { type PropertyMap, Secret, UNKNOWN } from "../property.ts";
import { recordedInputs } from "./checkpoint.ts";
import { type DiffFacts, diffObjects } from "./diff.ts";
import { isPatch } from "./kinds.ts";
import { decodeMap, fixture } from "./testing/recorded.ts";

const recorded = fixture("official-diffs.gen.json") as readonly Record<string, unknown>[];

function diff(olds: PropertyMap, news: PropertyMap, facts: Partial<DiffFacts> = {}) {
  return diffObjects({
    olds,
    liveName: undefined,
    news,
    ignoreChanges: [],
    mutability: { configMaps: false, secrets: false },
    isPatch: false,
    ...facts,
  });
}

function configMap(data: PropertyMap, metadata: PropertyMap = { name: "web", namespace: "shop" }): PropertyMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}

function deployment(spec: PropertyMap): PropertyMap {
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop" }, spec };
}

describe("diff", () => {
  it.each(
    recorded.map((item, i) => [i, item.type, item]),
  )("%i: finds in a recorded %s what the official provider found", (_, __, item) => {
    const olds = decodeMap(item.olds);
    const news = decodeMap(item.news);
    const result = diffObjects({
      olds: recordedInputs(decodeMap(item.oldInputs), olds),
      liveName: (olds.metadata as PropertyMap).name as string,
      news,
      ignoreChanges: item.ignoreChanges as string[],
      mutability: { configMaps: false, secrets: false },
      isPatch: isPatch(String(item.type), String(news.kind)),
    });
    expect([...result.changed].sort()).toEqual(item.detailed);
    expect(result.changes).toBe(item.changes === "DIFF_NONE" ? "none" : "some");
    expect(result.replaces).toEqual(item.replaces);
    // The official provider says it only where it replaces.
    if (result.replaces.length > 0) expect(result.deleteBeforeReplace).toBe(item.deleteBeforeReplace);
  });

  it("replaces data of ConfigMaps and Secrets unless they are mutable, and frozen ones always", () => {
    const mutability = { configMaps: true, secrets: true };
    const [a, b] = [configMap({ v: "1" }), configMap({ v: "2" })];
    expect(diff(a, b)).toMatchObject({ changed: ["data.v"], replaces: ["data.v"], deleteBeforeReplace: true });
    expect(diff(a, b, { mutability }).replaces).toEqual([]);
    expect(diff({ ...a, immutable: true }, { ...b, immutable: true }, { mutability }).replaces).toEqual(["data.v"]);
    const secret = (data: PropertyMap) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      stringData: data,
    });
    expect(diff(secret({ k: "a" }), secret({ k: "b" })).replaces).toEqual(["data.k"]);
    expect(diff(secret({ k: "a" }), secret({ k: "b" }), { mutability }).replaces).toEqual([]);
  });

  it("needs the old object gone only where the new one has its name", () => {
    const autonamed = (name: string) => ({ name, namespace: "shop", annotations: { "pulumi.com/autonamed": "true" } });
    expect(diff(configMap({ v: "1" }), configMap({ v: "2" })).deleteBeforeReplace).toBe(true);
    expect(diff(configMap({}, autonamed("a-1")), configMap({ v: "2" }, autonamed("a-1"))).deleteBeforeReplace).toBe(
      false,
    );
    expect(diff(configMap({}), configMap({}, { name: "other", namespace: "shop" })).deleteBeforeReplace).toBe(false);
    expect(diff(configMap({}), configMap({}, { name: "web", namespace: "else" })).deleteBeforeReplace).toBe(false);
    expect(diff(configMap({}), configMap({}, { name: UNKNOWN, namespace: "shop" })).deleteBeforeReplace).toBe(false);
  });

  it("replaces for another name, namespace or kind, of a patch too", () => {
    expect(diff(configMap({}), configMap({}, { name: "b", namespace: "shop" })).replaces).toEqual(["metadata.name"]);
    expect(diff(configMap({}), configMap({}, { name: "web", namespace: "b" })).replaces).toEqual([
      "metadata.namespace",
    ]);
    const patch = diff(configMap({ v: "1" }), configMap({ v: "2" }, { name: "b", namespace: "shop" }), {
      isPatch: true,
    });
    expect(patch.replaces).toEqual(["metadata.name"]);
  });

  it("takes no namespace for the default one, and ignores it on cluster-scoped objects", () => {
    expect(diff(configMap({}, { name: "a" }), configMap({}, { name: "a", namespace: "default" })).changes).toBe("none");
    const role = (metadata: PropertyMap) => ({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata,
    });
    expect(diff(role({ name: "a", namespace: "x" }), role({ name: "a" })).changes).toBe("none");
  });

  it.each([
    [
      "spec.selector.matchLabels.app",
      { selector: { matchLabels: { app: "a" } } },
      { selector: { matchLabels: { app: "b" } } },
    ],
    ["spec.selector", {}, { selector: { matchLabels: { app: "b" } } }],
  ])("replaces a Deployment for %s", (path, a, b) => {
    expect(diff(deployment(a as PropertyMap), deployment(b as PropertyMap)).replaces).toEqual([path]);
  });

  it.each<[string, string, PropertyMap, PropertyMap, string[]]>([
    ["v1", "Service", { spec: { clusterIP: "None" } }, { spec: {} }, ["spec.clusterIP"]],
    [
      "v1",
      "PersistentVolumeClaim",
      { spec: { storageClassName: "a" } },
      { spec: { storageClassName: "b" } },
      ["spec.storageClassName"],
    ],
    [
      "v1",
      "PersistentVolumeClaim",
      { spec: { resources: { requests: { storage: "1Gi" } } } },
      { spec: { resources: { requests: { storage: "2Gi" } } } },
      [],
    ],
    [
      "batch/v1",
      "Job",
      { spec: { template: { spec: { containers: [{ image: "a" }] } } } },
      { spec: { template: { spec: { containers: [{ image: "b" }] } } } },
      ["spec.template.spec.containers[0].image"],
    ],
    [
      "v1",
      "Pod",
      { spec: { containers: [{ image: "a" }] } },
      { spec: { containers: [{ image: "b" }] } },
      ["spec.containers[0].image"],
    ],
    ["apps/v1", "StatefulSet", { spec: { serviceName: "a" } }, { spec: { serviceName: "b" } }, ["spec.serviceName"]],
    ["storage.k8s.io/v1", "StorageClass", { provisioner: "a" }, { provisioner: "b" }, ["provisioner"]],
    [
      "storage.k8s.io/v1",
      "StorageClass",
      { volumeBindingMode: "Immediate" },
      { volumeBindingMode: "WaitForFirstConsumer" },
      ["volumeBindingMode"],
    ],
    [
      "rbac.authorization.k8s.io/v1",
      "RoleBinding",
      { roleRef: { name: "a" } },
      { roleRef: { name: "b" } },
      ["roleRef.name"],
    ],
    ["weft.dev/v1", "Widget", { spec: { size: 1 } }, { spec: { size: 2 } }, []],
  ])("%s %s: replaces only what can't be changed", (apiVersion, kind, a, b, replaces) => {
    const object = (rest: PropertyMap) => ({ apiVersion, kind, metadata: { name: "x" }, ...rest });
    expect(diff(object(a), object(b)).replaces).toEqual(replaces);
    expect(diff(object(a), object(b)).changes).toBe("some");
  });

  it("sees no change in what the server only writes differently", () => {
    const pod = (cpu: string | number, rest: PropertyMap = {}) =>
      deployment({ template: { spec: { containers: [{ name: "c", resources: { requests: { cpu } }, ...rest }] } } });
    expect(diff(pod("1000m"), pod(1)).changes).toBe("none");
    expect(diff(pod("1000m", { args: [] }), pod("1000m")).changes).toBe("none");
    expect(diff(pod("1000m"), pod("1001m")).changed).toEqual([
      "spec.template.spec.containers[0].resources.requests.cpu",
    ]);
    expect(diff(configMap({}), configMap({}, { name: "web", namespace: "shop", labels: {} })).changes).toBe("none");
  });

  it("sees a change where an empty map says something", () => {
    const policy = (from: PropertyMap[]) => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "p" },
      spec: { podSelector: {}, ingress: [{ from }] },
    });
    expect(diff(policy([{ podSelector: {} }]), policy([{ podSelector: {}, namespaceSelector: {} }])).changed).toEqual([
      "spec.ingress[0].from[0].namespaceSelector",
    ]);
    const open = (ingress: PropertyMap[]) => ({ ...policy([]), spec: { podSelector: {}, ingress } });
    expect(diff(open([]), open([{}])).changes).toBe("some");
  });

  it("treats a null like nothing", () => {
    expect(diff(deployment({ replicas: 2 }), deployment({ replicas: 2, paused: null })).changes).toBe("none");
    expect(diff(deployment({ replicas: 2 }), deployment({ replicas: null })).changed).toEqual(["spec.replicas"]);
  });

  it("counts what is unknown as changed", () => {
    expect(diff(configMap({ v: "1" }), configMap({ v: UNKNOWN }))).toMatchObject({
      changed: ["data.v"],
      replaces: ["data.v"],
    });
    expect(diff(deployment({ replicas: 1 }), deployment({ replicas: UNKNOWN }))).toMatchObject({
      changed: ["spec.replicas"],
      replaces: [],
    });
  });

  it("leaves out what is ignored, with everything below it", () => {
    const facts = { ignoreChanges: ["spec.replicas", "spec.template.spec.containers[*].image"] };
    const a = deployment({ replicas: 1, template: { spec: { containers: [{ image: "a", name: "c" }] } } });
    const b = deployment({ replicas: 2, template: { spec: { containers: [{ image: "b", name: "d" }] } } });
    expect(diff(a, b, facts).changed).toEqual(["spec.template.spec.containers[0].name"]);
  });

  it("compares secrets by their content, and never tells it", () => {
    const a = configMap({ v: new Secret("canary") });
    expect(diff(a, configMap({ v: "canary" })).changes).toBe("none");
    expect(JSON.stringify(diff(a, configMap({ v: new Secret("other") })))).not.toMatch(/canary|other/);
  });

  it("takes the live name where the recorded inputs have none", () => {
    const olds = configMap({}, { namespace: "shop" });
    expect(diff(olds, configMap({}), { liveName: "web" }).changes).toBe("none");
  });
});
