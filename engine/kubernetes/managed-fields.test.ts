import { describe, expect, it } from "vitest";
import type { PropertyMap } from "../property.ts";
import { readRecorded } from "./checkpoint.ts";
import type { JsonMap } from "./json.ts";
import { isManagedBy, migrateManagers, needsMigration, withoutForeignFields } from "./managed-fields.ts";
import { decodeMap, fixture } from "./testing/recorded.ts";

const MANAGER = "pulumi-kubernetes-0123abcd";

function entry(manager: string, operation: string, fieldsV1: JsonMap, subresource?: string): JsonMap {
  return {
    manager,
    operation,
    fieldsV1,
    apiVersion: "apps/v1",
    fieldsType: "FieldsV1",
    ...(subresource && { subresource }),
  };
}

function managed(...managedFields: JsonMap[]): JsonMap {
  return { metadata: { managedFields } };
}

describe("migration of managed fields", () => {
  it("is needed for a recorded object that the official provider created, and hands all its fields to the resource's manager", () => {
    const creations = fixture("official-creations.gen.json") as readonly Record<string, unknown>[];
    const created = creations.find(({ type }) => type === "kubernetes:apps/v1:Deployment");
    const { live } = readRecorded(decodeMap(created?.outputs));
    expect(needsMigration(live, MANAGER)).toBe(true);
    const migrated = migrateManagers(live, MANAGER);
    expect(migrated.map((item) => `${item.manager} ${item.operation}`).sort()).toEqual([
      "kube-controller-manager Update",
      `${MANAGER} Apply`,
    ]);
    const own = migrated.find((item) => item.manager === MANAGER);
    expect(own?.fieldsV1).toHaveProperty(["f:spec", "f:replicas"]);
    expect(needsMigration(managed(...migrated), MANAGER)).toBe(false);
  });

  it("joins fields that are applied already with those of the creation", () => {
    const object = managed(
      entry(MANAGER, "Apply", { "f:data": { "f:a": {} } }),
      entry("pulumi-kubernetes", "Update", { "f:data": { ".": {}, "f:b": {} }, "f:metadata": { "f:labels": {} } }),
    );
    expect(migrateManagers(object, MANAGER)).toEqual([
      entry(MANAGER, "Apply", { "f:data": { "f:a": {}, ".": {}, "f:b": {} }, "f:metadata": { "f:labels": {} } }),
    ]);
  });

  it("also takes what its own manager updated without apply, and nothing of anybody else's or of subresources", () => {
    const theirs = [
      entry("kubectl", "Apply", { "f:spec": { "f:paused": {} } }),
      entry("kubectl", "Update", { "f:spec": { "f:replicas": {} } }, "scale"),
      entry("pulumi-kubernetes", "Update", { "f:status": {} }, "status"),
      entry("pulumi-kubernetes-ffffffff", "Apply", { "f:data": {} }),
    ];
    expect(needsMigration(managed(...theirs), MANAGER)).toBe(false);
    expect(migrateManagers(managed(...theirs), MANAGER)).toEqual(theirs);
    const own = entry(MANAGER, "Update", { "f:data": {} });
    expect(migrateManagers(managed(...theirs, own), MANAGER)).toEqual([...theirs, { ...own, operation: "Apply" }]);
  });

  it("knows an object that a manager has written to", () => {
    expect(isManagedBy(managed(entry(MANAGER, "Apply", {})), MANAGER)).toBe(true);
    expect(isManagedBy(managed(entry("kubectl", "Apply", {})), MANAGER)).toBe(false);
    expect(isManagedBy({}, MANAGER)).toBe(false);
  });
});

describe("ignored fields of others", () => {
  const inputs: PropertyMap = {
    spec: {
      replicas: 2,
      template: {
        spec: {
          containers: [
            { name: "app", image: "a", ports: [{ containerPort: 80 }] },
            { name: "side", image: "b" },
          ],
        },
      },
    },
  };
  const fields = (image: string) => ({
    "f:spec": {
      "f:template": { "f:spec": { "f:containers": { [`k:{"name":"${image}"}`]: { ".": {}, "f:image": {} } } } },
    },
  });

  it("are not applied: an autoscaler keeps its replicas", () => {
    const live = managed(
      entry("kube-controller-manager", "Update", { "f:spec": { "f:replicas": {} } }, "scale"),
      entry(MANAGER, "Apply", { "f:spec": { "f:template": {} } }),
    );
    expect(withoutForeignFields(inputs, ["spec.replicas"], live, MANAGER)).not.toHaveProperty("spec.replicas");
  });

  it("stay where the resource's manager owns them too, or nobody does", () => {
    const shared = managed(
      entry("kubectl", "Update", { "f:spec": { "f:replicas": {} } }),
      entry(MANAGER, "Apply", { "f:spec": { "f:replicas": {} } }),
    );
    expect(withoutForeignFields(inputs, ["spec.replicas"], shared, MANAGER)).toEqual(inputs);
    expect(withoutForeignFields(inputs, ["spec.replicas"], managed(), MANAGER)).toEqual(inputs);
  });

  it("are found in list elements by their keys, whatever the place, and by wildcards", () => {
    const live = managed(entry("keel", "Update", fields("side")));
    const kept = withoutForeignFields(inputs, ["spec.template.spec.containers[*].image"], live, MANAGER);
    expect(kept).toMatchObject({ spec: { template: { spec: { containers: [{ image: "a" }, { name: "side" }] } } } });
    expect(kept).not.toHaveProperty("spec.template.spec.containers[1].image");
  });

  it("are found in lists whose key has a default that the program left out", () => {
    const ports = { 'k:{"containerPort":80,"protocol":"TCP"}': { "f:hostPort": {} } };
    const live = managed(
      entry("x", "Update", {
        "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"app"}': { "f:ports": ports } } } } },
      }),
    );
    const withPort = JSON.parse(
      JSON.stringify(inputs).replace('"containerPort":80', '"containerPort":80,"hostPort":1'),
    );
    const path = "spec.template.spec.containers[0].ports[0].hostPort";
    expect(withoutForeignFields(withPort, [path], live, MANAGER)).toEqual(inputs);
  });

  it("are found below a field that is owned as a whole", () => {
    const live = managed(entry("x", "Update", { "f:spec": { "f:selector": {} } }));
    const selecting = { spec: { selector: { matchLabels: { app: "a" } } } };
    expect(withoutForeignFields(selecting, ["spec.selector.matchLabels.app"], live, MANAGER)).toEqual({
      spec: { selector: { matchLabels: {} } },
    });
  });
});
