import { BlockList } from "node:net";
import type { PortSpec, ServiceSpec } from "../../../catalog/spec.ts";
import { type Labels, selectorLabels } from "../../labels.ts";
import type { Flow } from "../flows.ts";
import { type ObjectMeta, serviceMeta, teamMeta } from "./meta.ts";

export interface NetworkPolicyManifest {
  readonly apiVersion: "networking.k8s.io/v1";
  readonly kind: "NetworkPolicy";
  readonly metadata: ObjectMeta & { readonly namespace: string };
  readonly spec: {
    readonly podSelector: { readonly matchLabels?: Labels };
    readonly policyTypes: ("Ingress" | "Egress")[];
    readonly ingress?: IngressRule[];
    readonly egress?: EgressRule[];
  };
}

interface IngressRule {
  readonly from?: Peer[];
  readonly ports: PolicyPort[];
}

interface EgressRule {
  readonly to: Peer[];
  readonly ports: PolicyPort[];
}

export type Peer =
  | {
      readonly namespaceSelector: { readonly matchLabels: Labels };
      readonly podSelector: { readonly matchLabels: Labels };
    }
  | { readonly ipBlock: IpBlock };

interface IpBlock {
  readonly cidr: string;
  readonly except?: string[];
}

/** A port of the pod, not of the Service: policies see packets after a Service's address was translated. */
export interface PolicyPort {
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
}

/** The label that the API server itself puts on every namespace. */
const NAMESPACE_NAME = "kubernetes.io/metadata.name";

/** The cluster's DNS, by the labels that CoreDNS has on EKS and kind alike. */
const DNS: EgressRule = {
  to: [pods("kube-system", { "k8s-app": "kube-dns" })],
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};

/** Where clouds hand a node its credentials, for each family: no service calls it, however wide the range it declares. */
const NODE_METADATA = { ipv4: "169.254.169.254", ipv6: "fd00:ec2::254" } as const;

/** Nothing in or out of any pod of the namespace, except what another policy allows. */
export function defaultDeny(team: string): NetworkPolicyManifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: teamMeta(team, "default-deny"),
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  };
}

/**
 * Exactly what the catalog says about one service: out to DNS, to the services it calls and to the declared addresses;
 * in from its callers, and from anywhere on the ports of an exposed service.
 *
 * @param flows All flows of the catalog.
 */
export function networkPolicy(service: ServiceSpec, flows: readonly Flow[]): NetworkPolicyManifest {
  const incoming = flows.filter((flow) => flow.callee.name === service.name);
  const outgoing = flows.filter((flow) => flow.caller.name === service.name);
  const ingress: IngressRule[] = [
    ...(service.expose === "load-balancer" && service.ports.length > 0 ? [{ ports: policyPorts(service.ports) }] : []),
    ...byPeer(incoming, (flow) => flow.caller).map(({ peer, ports }) => ({ from: [peer], ports })),
  ];
  const addresses = service.calls.flatMap((call): EgressRule[] =>
    call.kind === "cidr"
      ? [{ to: [{ ipBlock: ipBlock(call.cidr) }], ports: [{ protocol: call.protocol, port: call.port }] }]
      : [],
  );
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: serviceMeta(service),
    spec: {
      podSelector: { matchLabels: selectorLabels(service) },
      policyTypes: ["Ingress", "Egress"],
      ...(ingress.length > 0 ? { ingress } : {}),
      egress: [
        DNS,
        ...byPeer(outgoing, (flow) => flow.callee).map(({ peer, ports }) => ({ to: [peer], ports })),
        ...addresses,
      ],
    },
  };
}

/** The range without the node's metadata, where that is in it. */
function ipBlock(cidr: string): IpBlock {
  const [network = "", length = ""] = cidr.split("/");
  const family = network.includes(":") ? "ipv6" : "ipv4";
  const range = new BlockList();
  range.addSubnet(network, Number(length), family);
  const metadata = NODE_METADATA[family];
  if (!range.check(metadata, family)) return { cidr };
  return { cidr, except: [`${metadata}/${family === "ipv6" ? 128 : 32}`] };
}

/** One rule for each service at the other end, in the order of their names. */
function byPeer(flows: readonly Flow[], other: (flow: Flow) => ServiceSpec): { peer: Peer; ports: PolicyPort[] }[] {
  const groups = new Map<string, { service: ServiceSpec; ports: PortSpec[] }>();
  for (const flow of flows) {
    const service = other(flow);
    const group = groups.get(service.name) ?? { service, ports: [] };
    group.ports.push(flow.port);
    groups.set(service.name, group);
  }
  return [...groups.values()]
    .sort((a, b) => (a.service.name < b.service.name ? -1 : 1))
    .map(({ service, ports }) => ({
      peer: pods(service.team, selectorLabels(service)),
      ports: policyPorts(ports),
    }));
}

function pods(namespace: string, labels: Labels): Peer {
  return {
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: namespace } },
    podSelector: { matchLabels: labels },
  };
}

/** Each port of the pod once, in a fixed order. */
function policyPorts(ports: readonly PortSpec[]): PolicyPort[] {
  const unique = new Map(ports.map((port) => [`${port.targetPort}/${port.protocol}`, port]));
  return [...unique.values()]
    .map((port) => ({ protocol: port.protocol, port: port.targetPort }))
    .sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}
