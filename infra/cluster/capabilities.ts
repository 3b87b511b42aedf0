/** Where a platform can run. */
export type Target = "kwok";

/**
 * One thing a platform relies on, and what this target makes of it. "simulated": its objects behave as on a real
 * cluster, with nothing behind them. "absent": its objects are validated and stored, and have no effect.
 */
export interface Capability {
  readonly feature: string;
  readonly state: "real" | "simulated" | "absent";
  /** One sentence a user needs to judge what they see. */
  readonly note: string;
}

/** What each target can do, in the order a person reads it: `weft status` prints it as it is. */
export const CAPABILITIES: Readonly<Record<Target, readonly Capability[]>> = {
  kwok: [
    {
      feature: "control plane",
      state: "real",
      note: "API server, etcd, controllers and scheduler are the released programs.",
    },
    {
      feature: "access and admission",
      state: "real",
      note: "RBAC, Pod Security, quotas, limit ranges and admission policies decide as on any cluster.",
    },
    {
      feature: "rollouts and disruption budgets",
      state: "real",
      note: "Rolling updates, evictions and budgets follow the pods' simulated readiness.",
    },
    {
      feature: "autoscaling to the minimum and maximum",
      state: "real",
      note: "The autoscaler's controller keeps replicas within bounds; it looks every 5 s here, not every 15 s.",
    },
    {
      feature: "autoscaling by use",
      state: "absent",
      note: "No container runs, so there are no CPU or memory metrics to scale by.",
    },
    {
      feature: "nodes",
      state: "simulated",
      note: "KWOK plays the kubelets; capacity, zones and scheduling count, heartbeats are kept.",
    },
    {
      feature: "pods, images and probes",
      state: "simulated",
      note: "No image is pulled and no process runs; pods are ready at once unless their annotation says otherwise.",
    },
    {
      feature: "logs, exec and port forwarding",
      state: "absent",
      note: "There is no container to read from or to reach.",
    },
    {
      feature: "service network and DNS",
      state: "absent",
      note: "Services get addresses and endpoints, but nothing answers on them.",
    },
    {
      feature: "network policies",
      state: "absent",
      note: "They are validated and stored; no traffic exists that they could stop.",
    },
    {
      feature: "load balancers",
      state: "simulated",
      note: "Each gets an address of its own from 198.18.0.0/16, which answers nowhere.",
    },
    {
      feature: "volumes",
      state: "simulated",
      note: "Claims bind to volumes that hold no data and leave nothing on this machine.",
    },
    {
      feature: "data plane of a mesh or CNI",
      state: "absent",
      note: "Its objects are validated and stored; no proxy handles traffic.",
    },
  ],
};
