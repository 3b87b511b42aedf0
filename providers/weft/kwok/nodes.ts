import { type KwokInputs, MAX_ZONES, parseCpu, parseMemory } from "./inputs.ts";

/** A simulated node as it is written to the API server; `status` goes through the status subresource on a change. */
export interface NodeObject {
  readonly apiVersion: "v1";
  readonly kind: "Node";
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly podCIDR: string; readonly podCIDRs: readonly string[] };
  readonly status: NodeStatus;
}

export interface NodeStatus {
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly allocatable: Readonly<Record<string, string>>;
  readonly capacity: Readonly<Record<string, string>>;
}

/** Marks the nodes of the plan; others in the cluster are never touched. */
export const NODE_LABEL = "weft.dev/simulated";

/** Default of `--max-pods` in the kubelet. */
const PODS_PER_NODE = 110;

/** `<region>-a`, `<region>-b`, … in order. */
export function zoneNames(region: string, zones: number): string[] {
  return Array.from({ length: zones }, (_, index) => `${region}-${letter(index)}`);
}

/**
 * The nodes of a cluster, spread evenly over its zones. A node's name says its zone and its place there, so that adding
 * nodes keeps the others as they are, and removing some takes the last ones of every zone.
 */
export function planNodes(inputs: KwokInputs): NodeObject[] {
  const zones = zoneNames(inputs.region, inputs.zones);
  return Array.from({ length: inputs.nodes }, (_, index) => {
    const zone = index % inputs.zones;
    const place = Math.floor(index / inputs.zones);
    const name = `${inputs.name}-${letter(zone)}-${place + 1}`;
    // Numbered by what the name says, not by the index: a kept node keeps its number when the number of zones changes.
    const number = place * MAX_ZONES + zone;
    const podCIDR = `10.${128 + (number >> 8)}.${number & 255}.0/24`;
    return {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels: nodeLabels(inputs, name, zones[zone] ?? "") },
      spec: { podCIDR, podCIDRs: [podCIDR] },
      status: {
        addresses: [
          // 198.19.0.0/16 is half of the benchmarking range (RFC 2544): no real host answers there.
          { type: "InternalIP", address: `198.19.${(number + 1) >> 8}.${(number + 1) & 255}` },
          { type: "Hostname", address: name },
        ],
        ...nodeResources(inputs),
      },
    };
  });
}

function nodeLabels(inputs: KwokInputs, name: string, zone: string): Record<string, string> {
  return {
    [NODE_LABEL]: "true",
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "node.kubernetes.io/instance-type": `simulated-${inputs.cpu}-${inputs.memory}`,
    "topology.kubernetes.io/region": inputs.region,
    "topology.kubernetes.io/zone": zone,
  };
}

/**
 * Capacity, and what pods may use of it. The difference is what Amazon's EKS images reserve for the system: 6 % of the
 * first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest; 255 MiB and 11 MiB per pod, plus 100 MiB
 * before pods are evicted; never more than a quarter, so that small nodes stay usable.
 */
function nodeResources(inputs: KwokInputs): Pick<NodeStatus, "allocatable" | "capacity"> {
  const cpu = parseCpu(inputs.cpu) ?? 0;
  const memory = parseMemory(inputs.memory) ?? 0;
  const reservedMemory = (255 + 11 * PODS_PER_NODE + 100) * 2 ** 20;
  const rest = { "ephemeral-storage": "100Gi", pods: String(PODS_PER_NODE) };
  return {
    allocatable: {
      cpu: `${cpu - Math.min(reservedCpu(cpu), Math.floor(cpu / 4))}m`,
      memory: `${Math.floor((memory - Math.min(reservedMemory, memory / 4)) / 1024)}Ki`,
      ...rest,
    },
    capacity: { cpu: inputs.cpu, memory: inputs.memory, ...rest },
  };
}

function reservedCpu(milli: number): number {
  const cores = milli / 1000;
  const share = (from: number, to: number, part: number) => Math.max(0, Math.min(cores, to) - from) * 1000 * part;
  return Math.ceil(share(0, 1, 0.06) + share(1, 2, 0.01) + share(2, 4, 0.005) + share(4, Infinity, 0.0025));
}

function letter(index: number): string {
  return String.fromCharCode("a".charCodeAt(0) + index);
}

/** What must be written to turn the nodes there are into the planned ones. */
export interface NodeChanges {
  readonly create: readonly NodeObject[];
  /** Same identity, other capacity. */
  readonly resize: readonly NodeObject[];
  readonly remove: readonly string[];
}

/** The part of an existing node that the comparison reads. */
export interface ExistingNode {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status?: {
    readonly capacity?: Readonly<Record<string, string>>;
    readonly allocatable?: Readonly<Record<string, string>>;
  };
}

/** The instance type says the size, so it changes with a resize; every other label is part of a node's identity. */
const SIZE_LABEL = "node.kubernetes.io/instance-type";

export function nodeChanges(planned: readonly NodeObject[], existing: readonly ExistingNode[]): NodeChanges {
  const wanted = new Map(planned.map((node) => [node.metadata.name, node]));
  const kept = new Map<string, ExistingNode>();
  const remove: string[] = [];
  for (const node of existing) {
    const plan = wanted.get(node.metadata.name);
    if (plan !== undefined && sameIdentity(plan, node)) kept.set(node.metadata.name, node);
    else remove.push(node.metadata.name);
  }
  const resize = planned.filter((plan) => {
    const node = kept.get(plan.metadata.name);
    return node !== undefined && !sameSize(plan, node);
  });
  return { create: planned.filter((plan) => !kept.has(plan.metadata.name)), resize, remove };
}

function sameIdentity(plan: NodeObject, node: ExistingNode): boolean {
  return Object.entries(plan.metadata.labels).every(
    ([key, value]) => key === SIZE_LABEL || node.metadata.labels?.[key] === value,
  );
}

function sameSize(plan: NodeObject, node: ExistingNode): boolean {
  // By value: the API server writes "1024Mi" as "1Gi" and "1.5" as "1500m".
  const amount = (key: string, value: string | undefined) =>
    value === undefined ? undefined : key === "cpu" ? parseCpu(value) : parseMemory(value);
  const equal = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>> | undefined) =>
    Object.entries(a).every(([key, value]) => amount(key, b?.[key]) === amount(key, value));
  return (
    node.metadata.labels?.[SIZE_LABEL] === plan.metadata.labels[SIZE_LABEL] &&
    equal(plan.status.capacity, node.status?.capacity) &&
    equal(plan.status.allocatable, node.status?.allocatable)
  );
}
