import type { ServiceSpec } from "../../../catalog/spec.ts";
import { addQuantities, formatQuantity, multiplyQuantity, parseQuantity, type Quantity } from "../quantity.ts";
import { peakPods } from "../rollout.ts";
import { replicaBounds } from "../scale.ts";
import { DEFAULT_LIMIT, DEFAULT_REQUEST } from "./limit-range.ts";
import { type Amounts, type ObjectMeta, teamMeta } from "./meta.ts";

export interface ResourceQuotaManifest {
  readonly apiVersion: "v1";
  readonly kind: "ResourceQuota";
  readonly metadata: ObjectMeta & { readonly namespace: string };
  readonly spec: { readonly hard: Readonly<Record<string, string>> };
}

/**
 * CPU and memory beyond the peak, in containers of default size. When a service is made smaller, its old pods keep their
 * size until the first smaller one is ready, and with no pod allowed to be missing, a quota that refuses that one would
 * stop the rollout for good. The number of pods is what keeps the ceiling low: it has no such room.
 */
const HEADROOM_CONTAINERS = 100;

/**
 * A ceiling for a team's namespace that what the catalog allows never reaches: every service at its maximum and in the
 * middle of a rolling update. It stops what was not declared: pods, disks and load balancers made by hand.
 *
 * A load balancer takes a node port for each of its ports (Kubernetes' default, which most load balancers need), so
 * exactly those are allowed, and no Service of type NodePort beside them.
 */
export function resourceQuota(team: string, services: readonly ServiceSpec[]): ResourceQuotaManifest {
  const exposed = services.filter((service) => service.expose === "load-balancer" && service.ports.length > 0);
  const sum = (amount: (service: ServiceSpec) => Quantity) => addQuantities(...services.map(amount));
  const count = (amount: (service: ServiceSpec) => number) =>
    formatQuantity(sum((service) => multiplyQuantity(parseQuantity("1"), amount(service))));
  const atPeak = (kind: "requests" | "limits", resource: keyof Amounts) => {
    const peak = sum((service) =>
      multiplyQuantity(parseQuantity(service.resources[kind][resource]), peakPods(service)),
    );
    const each = parseQuantity((kind === "requests" ? DEFAULT_REQUEST : DEFAULT_LIMIT)[resource]);
    return formatQuantity(addQuantities(peak, multiplyQuantity(each, HEADROOM_CONTAINERS)));
  };

  return {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: teamMeta(team, "team-quota"),
    spec: {
      hard: {
        pods: count(peakPods),
        "requests.cpu": atPeak("requests", "cpu"),
        "requests.memory": atPeak("requests", "memory"),
        "limits.cpu": atPeak("limits", "cpu"),
        "limits.memory": atPeak("limits", "memory"),
        persistentvolumeclaims: count((service) => replicaBounds(service).max * service.volumes.length),
        "requests.storage": formatQuantity(
          sum((service) => multiplyQuantity(claimedByPod(service), replicaBounds(service).max)),
        ),
        "services.loadbalancers": `${exposed.length}`,
        "services.nodeports": count((service) => (exposed.includes(service) ? service.ports.length : 0)),
      },
    },
  };
}

function claimedByPod(service: ServiceSpec): Quantity {
  return addQuantities(...service.volumes.map((volume) => parseQuantity(volume.size)));
}
