import type { Labels } from "../labels.ts";
import type { NetworkPolicyManifest, Peer, PolicyPort } from "./manifests/network-policy.ts";

// For tests only: decides as a network plugin would (https://kubernetes.io/docs/concepts/services-networking/network-policies/)
// whether a connection is allowed. An embedded cluster has no plugin, so this is the only check that the policies mean
// what they should; it knows as much of the API as this room uses.

/** One end of a connection: a pod, or an IPv4 address outside the cluster. */
export type End = { readonly namespace: string; readonly labels: Labels } | { readonly address: string };

/** True when the policies of the sender let it open the connection. */
export function maySend(policies: readonly NetworkPolicyManifest[], from: End, to: End, port: PolicyPort): boolean {
  return passes(policies, "Egress", from, to, port);
}

/** True when the policies of the receiver let it accept the connection. */
export function mayReceive(policies: readonly NetworkPolicyManifest[], from: End, to: End, port: PolicyPort): boolean {
  return passes(policies, "Ingress", to, from, port);
}

/** One direction, as seen from `own`: without a policy of that type everything passes, with any only what one allows. */
function passes(
  policies: readonly NetworkPolicyManifest[],
  type: "Ingress" | "Egress",
  own: End,
  other: End,
  port: PolicyPort,
): boolean {
  if ("address" in own) return true;
  const applying = policies.filter(
    (policy) =>
      policy.metadata.namespace === own.namespace &&
      policy.spec.policyTypes.includes(type) &&
      includes(own.labels, policy.spec.podSelector.matchLabels ?? {}),
  );
  if (applying.length === 0) return true;
  return applying
    .flatMap(({ spec }) =>
      type === "Ingress"
        ? (spec.ingress ?? []).map((rule) => ({ peers: rule.from, ports: rule.ports }))
        : (spec.egress ?? []).map((rule) => ({ peers: rule.to, ports: rule.ports })),
    )
    .some(
      ({ peers, ports }) =>
        // A rule without peers means every peer.
        (peers === undefined || peers.some((peer) => isPeer(peer, other))) &&
        ports.some((allowed) => allowed.port === port.port && allowed.protocol === port.protocol),
    );
}

function isPeer(peer: Peer, end: End): boolean {
  if ("ipBlock" in peer) {
    if (!("address" in end)) return false;
    const { cidr, except = [] } = peer.ipBlock;
    return contains(cidr, end.address) && !except.some((part) => contains(part, end.address));
  }
  if ("address" in end) return false;
  // The API server labels each namespace with its name.
  const namespaceLabels = { "kubernetes.io/metadata.name": end.namespace };
  return (
    includes(namespaceLabels, peer.namespaceSelector.matchLabels) && includes(end.labels, peer.podSelector.matchLabels)
  );
}

function includes(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

function contains(cidr: string, address: string): boolean {
  const [network = "", length = ""] = cidr.split("/");
  const size = 2 ** (32 - Number(length));
  return Math.floor(ipNumber(network) / size) === Math.floor(ipNumber(address) / size);
}

function ipNumber(address: string): number {
  return address.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
}
