import { type PropertyMap, Secret } from "../../engine/index.ts";

/** What a deployed platform exports. */
export const PLATFORM: PropertyMap = {
  target: "kwok",
  cluster: {
    context: "weft-local",
    server: "https://127.0.0.1:30085",
    kubernetesVersion: "1.36.3",
    nodes: 6,
    zones: ["local-a", "local-b", "local-c"],
  },
  services: [
    { name: "web", team: "shop", host: "web.shop.svc.cluster.local", address: "198.18.0.1:80" },
    { name: "orders", team: "shop", host: "orders.shop.svc.cluster.local", address: null },
    { name: "invoices", team: "books" },
  ],
  capabilities: [
    { feature: "control plane", state: "real", note: "API server, etcd and controllers are the released programs." },
    { feature: "load balancers", state: "simulated", note: "Each gets an address that answers nowhere." },
    { feature: "network policies", state: "absent", note: "They are validated and stored; no traffic exists." },
  ],
  kubeconfig: new Secret("apiVersion: v1\nclient-key-data: s3cr3t-canary\n"),
};
