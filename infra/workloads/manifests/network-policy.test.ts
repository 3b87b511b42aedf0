import { describe, expect, it } from "vitest";
import type { Catalog, ServiceSpec } from "../../../catalog/spec.ts";
import { catalog, port, service } from "../fixtures.ts";
import { serviceFlows } from "../flows.ts";
import { defaultDeny, networkPolicy } from "./network-policy.ts";

const call = (name: string, portName = "http") => ({ kind: "service", service: name, port: portName }) as const;
const policyOf = (name: string, all: Catalog) => {
  const spec = all.services.find((candidate) => candidate.name === name);
  if (spec === undefined) throw new Error(`There is no ${name}.`);
  return networkPolicy(spec, serviceFlows(all)).spec;
};
const pods = (team: string, name: string) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": team } },
  podSelector: { matchLabels: { "app.kubernetes.io/name": name, "weft.dev/team": team } },
});
const dns = {
  to: [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
  ],
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};

describe("the policy of a namespace", () => {
  it("denies every pod everything, both ways", () => {
    expect(defaultDeny("shop").spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  });
});

describe("the policy of a service", () => {
  it("allows a service without calls and callers DNS alone", () => {
    const spec = policyOf("a", catalog(service("a")));
    expect(spec.policyTypes).toEqual(["Ingress", "Egress"]);
    expect(spec.ingress).toBeUndefined();
    expect(spec.egress).toEqual([dns]);
  });

  it("allows a call at both ends, on the port of the pod and not of the Service", () => {
    const all = catalog(service("a", { calls: [call("b")] }), service("b", { ports: [port("http", 80, 8080)] }));
    expect(policyOf("a", all).egress).toEqual([
      dns,
      { to: [pods("shop", "b")], ports: [{ protocol: "TCP", port: 8080 }] },
    ]);
    expect(policyOf("b", all).ingress).toEqual([
      { from: [pods("shop", "a")], ports: [{ protocol: "TCP", port: 8080 }] },
    ]);
  });

  it("keeps two callers on different ports apart", () => {
    const b = service("b", { ports: [port("http", 80, 8080), port("admin", 90, 9090)] });
    const all = catalog(service("a", { calls: [call("b")] }), b, service("c", { calls: [call("b", "admin")] }));
    expect(policyOf("b", all).ingress).toEqual([
      { from: [pods("shop", "a")], ports: [{ protocol: "TCP", port: 8080 }] },
      { from: [pods("shop", "c")], ports: [{ protocol: "TCP", port: 9090 }] },
    ]);
  });

  it("reaches into another team's namespace by both the namespace and the pod", () => {
    const all = catalog(service("a", { calls: [call("ledger")] }), service("ledger", { team: "money" }));
    expect(policyOf("a", all).egress?.[1]?.to).toEqual([pods("money", "ledger")]);
    expect(policyOf("ledger", all).ingress?.[0]?.from).toEqual([pods("shop", "a")]);
  });

  it("opens an exposed service to the world, on its ports only", () => {
    const ports = [port("http", 80, 8080), port("quic", 443, 8443, { protocol: "UDP" })];
    const spec = policyOf("web", catalog(service("web", { expose: "load-balancer", ports })));
    expect(spec.ingress).toEqual([
      {
        ports: [
          { protocol: "TCP", port: 8080 },
          { protocol: "UDP", port: 8443 },
        ],
      },
    ]);
  });

  it("never opens a service without ports, which a rule without ports would do on all of them", () => {
    const worker: Partial<ServiceSpec> = { expose: "load-balancer", ports: [] };
    expect(policyOf("worker", catalog(service("worker", worker))).ingress).toBeUndefined();
  });

  it("allows exactly the declared addresses outside", () => {
    const calls = [{ kind: "cidr", cidr: "203.0.113.0/24", port: 443, protocol: "TCP" }] as const;
    expect(policyOf("a", catalog(service("a", { calls }))).egress).toEqual([
      dns,
      { to: [{ ipBlock: { cidr: "203.0.113.0/24" } }], ports: [{ protocol: "TCP", port: 443 }] },
    ]);
  });

  it.each([
    ["0.0.0.0/0", ["169.254.169.254/32"]],
    ["169.0.0.0/8", ["169.254.169.254/32"]],
    ["170.0.0.0/8", undefined],
    ["::/0", ["fd00:ec2::254/128"]],
    ["fd00::/8", ["fd00:ec2::254/128"]],
    ["2001:db8::/32", undefined],
  ])("leaves the credentials of the node out of %s", (cidr, except) => {
    const calls = [{ kind: "cidr", cidr, port: 80, protocol: "TCP" }] as const;
    expect(policyOf("a", catalog(service("a", { calls }))).egress?.[1]?.to).toEqual([
      { ipBlock: { cidr, ...(except && { except }) } },
    ]);
  });

  it("closes both ends of a call that the callee refuses", () => {
    const all = catalog(service("a", { calls: [call("b")] }), service("b", { callers: [] }));
    expect(policyOf("a", all).egress).toEqual([dns]);
    expect(policyOf("b", all).ingress).toBeUndefined();
  });

  it("lists a port of the pod once, even when two ports of the Service lead to it", () => {
    const b = service("b", { ports: [port("http", 80, 8080), port("web", 8000, 8080)] });
    const all = catalog(service("a", { calls: [call("b"), call("b", "web")] }), b);
    expect(policyOf("b", all).ingress?.[0]?.ports).toEqual([{ protocol: "TCP", port: 8080 }]);
  });

  it("selects the service's own pods", () => {
    expect(policyOf("a", catalog(service("a"))).podSelector.matchLabels).toEqual({
      "app.kubernetes.io/name": "a",
      "weft.dev/team": "shop",
    });
  });
});
