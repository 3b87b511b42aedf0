import type { Catalog, ServiceSpec } from "../../../catalog/spec.ts";
import { type Labels, selectorLabels } from "../../labels.ts";
import { progressDeadlineSeconds, ROLLING_UPDATE } from "../rollout.ts";
import type { ObjectMeta } from "./meta.ts";
import { type PodTemplate, podTemplate } from "./pod-template.ts";
import { REVISION_HISTORY_LIMIT, replicas, workloadMeta } from "./workload.ts";

export interface DeploymentManifest {
  readonly apiVersion: "apps/v1";
  readonly kind: "Deployment";
  readonly metadata: ObjectMeta & { readonly namespace: string };
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels: Labels };
    readonly strategy: { readonly type: "RollingUpdate"; readonly rollingUpdate: typeof ROLLING_UPDATE };
    readonly progressDeadlineSeconds: number;
    readonly revisionHistoryLimit: number;
    readonly template: PodTemplate;
  };
}

/**
 * `minReadySeconds` stays zero: the startup and readiness probes say when a pod may serve, and a pause after them would
 * make every rollout longer for services that start well.
 */
export function deployment(service: ServiceSpec, catalog: Catalog): DeploymentManifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: workloadMeta(service),
    spec: {
      ...replicas(service),
      selector: { matchLabels: selectorLabels(service) },
      strategy: { type: "RollingUpdate", rollingUpdate: ROLLING_UPDATE },
      progressDeadlineSeconds: progressDeadlineSeconds(service),
      revisionHistoryLimit: REVISION_HISTORY_LIMIT,
      template: podTemplate(service, catalog),
    },
  };
}
