import { createHash } from "node:crypto";
import { join } from "node:path";
import { stringify } from "yaml";
import { clusterStages, SERVICE_RANGE } from "./cluster-stages.ts";
import { podStages } from "./pod-stages.ts";
import type { Stage } from "./stage.ts";

/** The processes of a cluster, in the order they depend on each other. */
export const COMPONENTS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok-controller",
] as const;

export type Component = (typeof COMPONENTS)[number];

/** TCP ports on 127.0.0.1. */
export type Ports = Readonly<Record<Component | "etcd-peer", number>>;

/** Every stage of a cluster. Giving KWOK any stage replaces all of its own, so this is the full set. */
export function stages(): Stage[] {
  return [...clusterStages(), ...podStages()];
}

/**
 * What a release of Weft can bring to a cluster that exists already: stages, and versions of the programs. A cluster of
 * another revision is brought up to date by an update. Changed options of the control plane reach new clusters only.
 */
export function revision(versions: readonly string[]): string {
  return createHash("sha256")
    .update(JSON.stringify([versions, stages()]))
    .digest("hex")
    .slice(0, 16);
}

/** What `kwokctl create cluster --config -` reads: one YAML document for the control plane, one for each stage. */
export function kwokctlConfiguration(clusterDirectory: string, ports: Ports): string {
  const documents = [controlPlane(clusterDirectory, ports), ...stages()];
  return documents.map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n");
}

function controlPlane(clusterDirectory: string, ports: Ports): object {
  const bin = (name: string) => join(clusterDirectory, "bin", name);
  return {
    apiVersion: "config.kwok.x-k8s.io/v1alpha1",
    kind: "KwokctlConfiguration",
    options: {
      runtime: "binary",
      bindAddress: "127.0.0.1",
      securePort: true,
      kubeAuthorization: true,
      kubeAdmission: true,
      quietPull: true,
      cacheDir: join(clusterDirectory, "cache"),
      // Kubernetes' own defaults; kwokctl's are five times as long, and a lost node would be noticed after minutes.
      nodeLeaseDurationSeconds: 40,
      kubeControllerManagerNodeMonitorPeriodMilliseconds: 5000,
      kubeControllerManagerNodeMonitorGracePeriodMilliseconds: 50_000,
      etcdPort: ports.etcd,
      etcdPeerPort: ports["etcd-peer"],
      kubeApiserverPort: ports["kube-apiserver"],
      kubeControllerManagerPort: ports["kube-controller-manager"],
      kubeSchedulerPort: ports["kube-scheduler"],
      kwokControllerPort: ports["kwok-controller"],
      // Local paths, so that kwokctl has nothing to download.
      etcdBinary: bin("etcd"),
      kubeApiserverBinary: bin("kube-apiserver"),
      kubeControllerManagerBinary: bin("kube-controller-manager"),
      kubeSchedulerBinary: bin("kube-scheduler"),
      kwokControllerBinary: bin("kwok-controller"),
      kubectlBinary: bin("kubectl"),
    },
    componentsPatches: componentsPatches(clusterDirectory, ports),
  };
}

function componentsPatches(clusterDirectory: string, ports: Ports): object[] {
  const pki = (file: string) => join(clusterDirectory, "pki", file);
  const etcd = `https://127.0.0.1:${ports.etcd}`;
  const peer = `https://127.0.0.1:${ports["etcd-peer"]}`;
  // One process each: no election, which would make a restarted one wait for the lease of the dead.
  const alone = add("leader-elect", "false");
  // Of the cluster's own authority, so that whoever asks for their health knows whom they asked.
  const certificate = [add("tls-cert-file", pki("admin.crt")), add("tls-private-key-file", pki("admin.key"))];
  // A single machine's API server takes more than the defaults (20 and 50 per second), which slow down large catalogs.
  const clientLimits = [add("kube-api-qps", "300"), add("kube-api-burst", "600")];
  return [
    {
      name: "etcd",
      // kwokctl's etcd speaks plain HTTP to anyone on the machine, and it holds every Secret.
      extraArgs: [
        replace("listen-client-urls", etcd),
        replace("advertise-client-urls", etcd),
        replace("listen-peer-urls", peer),
        replace("initial-advertise-peer-urls", peer),
        replace("initial-cluster", `node0=${peer}`),
        add("client-cert-auth", "true"),
        add("trusted-ca-file", pki("ca.crt")),
        add("cert-file", pki("admin.crt")),
        add("key-file", pki("admin.key")),
        add("peer-client-cert-auth", "true"),
        add("peer-trusted-ca-file", pki("ca.crt")),
        add("peer-cert-file", pki("admin.crt")),
        add("peer-key-file", pki("admin.key")),
      ],
    },
    {
      name: "kube-apiserver",
      extraArgs: [
        replace("etcd-servers", etcd),
        add("etcd-cafile", pki("ca.crt")),
        add("etcd-certfile", pki("admin.crt")),
        add("etcd-keyfile", pki("admin.key")),
        add("service-cluster-ip-range", SERVICE_RANGE),
      ],
    },
    {
      name: "kube-controller-manager",
      extraArgs: [
        alone,
        ...certificate,
        ...clientLimits,
        // An autoscaler first looks at its workload one period after it is made: 5 s, not Kubernetes' 15 s.
        add("horizontal-pod-autoscaler-sync-period", "5s"),
      ],
    },
    { name: "kube-scheduler", extraArgs: [alone, ...certificate, ...clientLimits] },
  ];
}

function add(key: string, value: string): object {
  return { key, value };
}

function replace(key: string, value: string): object {
  return { key, value, override: true };
}
