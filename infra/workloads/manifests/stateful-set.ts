import type { Catalog, ServiceSpec, VolumeSpec } from "../../../catalog/spec.ts";
import { type Labels, selectorLabels } from "../../labels.ts";
import { headlessServiceName } from "../../naming.ts";
import { canonicalQuantity } from "../quantity.ts";
import type { ObjectMeta } from "./meta.ts";
import { type PodTemplate, podTemplate } from "./pod-template.ts";
import { REVISION_HISTORY_LIMIT, replicas, workloadMeta } from "./workload.ts";

export interface StatefulSetManifest {
  readonly apiVersion: "apps/v1";
  readonly kind: "StatefulSet";
  readonly metadata: ObjectMeta & { readonly namespace: string };
  readonly spec: {
    readonly replicas?: number;
    readonly serviceName: string;
    readonly selector: { readonly matchLabels: Labels };
    readonly podManagementPolicy: "Parallel";
    readonly updateStrategy: { readonly type: "RollingUpdate" };
    readonly persistentVolumeClaimRetentionPolicy: { readonly whenDeleted: "Retain"; readonly whenScaled: "Retain" };
    readonly revisionHistoryLimit: number;
    readonly template: PodTemplate;
    readonly volumeClaimTemplates: VolumeClaimTemplate[];
  };
}

interface VolumeClaimTemplate {
  readonly apiVersion: "v1";
  readonly kind: "PersistentVolumeClaim";
  readonly metadata: { readonly name: string; readonly labels: Labels };
  readonly spec: {
    readonly accessModes: string[];
    readonly storageClassName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
}

/**
 * Pods start and stop in parallel: a service of the catalog doesn't build its members up in order, and with ordered
 * starts one pod that can't become ready keeps all later ones, and its own repair, waiting. Updates still go one by one.
 *
 * Claims stay when the set or a replica goes: data is deleted by a person, or with the namespace, which goes with the
 * team's last service.
 */
export function statefulSet(service: ServiceSpec, catalog: Catalog): StatefulSetManifest {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: workloadMeta(service),
    spec: {
      ...replicas(service),
      serviceName: headlessServiceName(service),
      selector: { matchLabels: selectorLabels(service) },
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "RollingUpdate" },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      revisionHistoryLimit: REVISION_HISTORY_LIMIT,
      template: podTemplate(service, catalog),
      volumeClaimTemplates: service.volumes.map((volume) => claim(service, volume)),
    },
  };
}

/** Claim templates can't be changed later, so they carry only labels that never change. */
function claim(service: ServiceSpec, volume: VolumeSpec): VolumeClaimTemplate {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: volume.name, labels: selectorLabels(service) },
    spec: {
      accessModes: ["ReadWriteOnce"],
      ...(volume.storageClass !== undefined ? { storageClassName: volume.storageClass } : {}),
      resources: { requests: { storage: canonicalQuantity(volume.size) } },
    },
  };
}
