import { describe, expect, it } from "vitest";
import type { ServiceSpec } from "../../../catalog/spec.ts";
import { catalog, service } from "../fixtures.ts";
import { headlessService } from "./service.ts";
import { statefulSet } from "./stateful-set.ts";

const volumes: ServiceSpec["volumes"] = [
  { name: "data", path: "/data", size: "1024Mi", storageClass: "fast" },
  { name: "log", path: "/log", size: "1Gi", storageClass: undefined },
];
const ledger = service("ledger", { volumes, critical: true, image: "example.com/ledger:16" });
const { spec } = statefulSet(ledger, catalog(ledger));

describe("a StatefulSet", () => {
  it("is governed by the headless Service of the same service", () => {
    expect(spec.serviceName).toBe(headlessService(ledger)?.metadata.name);
  });

  it("claims one disk of each kind for each pod, of the declared size and class", () => {
    expect(spec.volumeClaimTemplates.map((claim) => [claim.metadata.name, claim.spec])).toEqual([
      [
        "data",
        { accessModes: ["ReadWriteOnce"], storageClassName: "fast", resources: { requests: { storage: "1Gi" } } },
      ],
      ["log", { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } }],
    ]);
  });

  it("keeps its data when it is deleted or made smaller", () => {
    expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: "Retain", whenScaled: "Retain" });
  });

  it("puts only labels that never change into its claims, which can't be changed", () => {
    const [claim] = spec.volumeClaimTemplates;
    expect(claim?.metadata.labels).toEqual({ "app.kubernetes.io/name": "ledger", "weft.dev/team": "shop" });
  });

  it("starts its pods in parallel, so that one that can't start holds no other up", () => {
    expect(spec.podManagementPolicy).toBe("Parallel");
    expect(spec.updateStrategy).toEqual({ type: "RollingUpdate" });
  });

  it("leaves the number of replicas to an autoscaler, and sets a fixed one", () => {
    expect(Object.keys(spec)).not.toContain("replicas");
    const single = service("ledger", { volumes, scale: { kind: "fixed", replicas: 1 } });
    expect(statefulSet(single, catalog(single)).spec.replicas).toBe(1);
  });
});
