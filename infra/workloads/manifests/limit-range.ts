import type { ServiceSpec } from "../../../catalog/spec.ts";
import { formatQuantity, maxQuantity, parseQuantity } from "../quantity.ts";
import { type Amounts, type ObjectMeta, teamMeta } from "./meta.ts";

export interface LimitRangeManifest {
  readonly apiVersion: "v1";
  readonly kind: "LimitRange";
  readonly metadata: ObjectMeta & { readonly namespace: string };
  readonly spec: { readonly limits: LimitRangeItem[] };
}

interface LimitRangeItem {
  readonly type: "Container";
  readonly defaultRequest: Amounts;
  readonly default: Amounts;
  readonly max: Amounts;
}

/** What a container gets that says nothing itself, such as one made by hand: a service's own defaults. */
export const DEFAULT_REQUEST: Amounts = { cpu: "100m", memory: "500Mi" };
export const DEFAULT_LIMIT: Amounts = { cpu: "500m", memory: "1Gi" };

/** Defaults for containers that declare nothing, and, as the most that one may ask for, the largest declared limits. */
export function limitRange(team: string, services: readonly ServiceSpec[]): LimitRangeManifest {
  const largest = (resource: keyof Amounts) =>
    formatQuantity(
      services
        .map((service) => parseQuantity(service.resources.limits[resource]))
        .reduce(maxQuantity, parseQuantity(DEFAULT_LIMIT[resource])),
    );
  return {
    apiVersion: "v1",
    kind: "LimitRange",
    metadata: teamMeta(team, "team-limits"),
    spec: {
      limits: [
        {
          type: "Container",
          defaultRequest: DEFAULT_REQUEST,
          default: DEFAULT_LIMIT,
          max: { cpu: largest("cpu"), memory: largest("memory") },
        },
      ],
    },
  };
}
