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
 * Room beyond the peak, in containers of default size. An `up` writes the quota first and deletes last: what it removes,
 * and the larger pods of what it makes smaller, are still charged to a quota that no longer counts them. With no pod
 * allowed to be missing, a quota that refuses the next pod of a rollout beside them would stop it for good.
 */
const HEADROOM_CONTAINERS = 100;

/**
 * A ceiling for a team's namespace that what the catalog allows never reaches: every service at its maximum and in the
 * middle of a rolling update. It stops what was not declared: pods without end, disks, and load balancers made by hand.
 *
 * A load balancer takes a node port for each of its ports (Kubernetes' default, which most load balancers need), so as
 * many are allowed, and one load balancer more with its own: when exposure moves from one service to another, the new one
 * is made before the old one is deleted. Where nothing is exposed, neither is allowed.
 */
export function resourceQuota(team: string, services: readonly ServiceSpec[]): ResourceQuotaManifest {
  const sum = (amount: (service: ServiceSpec) => Quantity) => addQuantities(...services.map(amount));
  const count = (amount: (service: ServiceSpec) => number, more = 0) => {
    const total = services.reduce((all, service) => all + amount(service), more);
    return formatQuantity(multiplyQuantity(parseQuantity("1"), total));
  };
  const atPeak = (kind: "requests" | "limits", resource: keyof Amounts) => {
    const peak = sum((service) =>
      multiplyQuantity(parseQuantity(service.resources[kind][resource]), peakPods(service)),
    );
    const each = parseQuantity((kind === "requests" ? DEFAULT_REQUEST : DEFAULT_LIMIT)[resource]);
    return formatQuantity(addQuantities(peak, multiplyQuantity(each, HEADROOM_CONTAINERS)));
  };
  // Any of them may be the one that was exposed until now.
  const mostPorts = Math.max(...services.map((service) => service.ports.length));

  return {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: teamMeta(team, "team-quota"),
    spec: {
      hard: {
        pods: count(peakPods, HEADROOM_CONTAINERS),
        "requests.cpu": atPeak("requests", "cpu"),
        "requests.memory": atPeak("requests", "memory"),
        "limits.cpu": atPeak("limits", "cpu"),
        "limits.memory": atPeak("limits", "memory"),
        persistentvolumeclaims: count((service) => replicaBounds(service).max * service.volumes.length),
        "requests.storage": formatQuantity(
          sum((service) => multiplyQuantity(claimedByPod(service), replicaBounds(service).max)),
        ),
        "services.loadbalancers": count((service) => (isExposed(service) ? 1 : 0), services.some(isExposed) ? 1 : 0),
        "services.nodeports": count(
          (service) => (isExposed(service) ? service.ports.length : 0),
          services.some(isExposed) ? mostPorts : 0,
        ),
      },
    },
  };
}

function isExposed(service: ServiceSpec): boolean {
  return service.expose === "load-balancer" && service.ports.length > 0;
}

function claimedByPod(service: ServiceSpec): Quantity {
  return addQuantities(...service.volumes.map((volume) => parseQuantity(volume.size)));
}
