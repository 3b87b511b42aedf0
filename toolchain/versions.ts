import { PLATFORMS, type Platform } from "./platform.ts";
import type { Checksum, NoRelease, Release, Tool } from "./tool.ts";

/**
 * The versions of every program. go.mod names the same ones (a test compares them), with the k8s.io staging modules at
 * v0.<minor>.<patch>.
 */
export const KUBERNETES_VERSION = "1.36.3";
export const ETCD_VERSION = "3.6.8";
export const KWOK_VERSION = "0.8.0";

/**
 * SHA-256 values written down in public, each found with the same value in at least two unrelated places unless said
 * otherwise. Programs that are missing here are checked against the sum that their release publishes, or, where it
 * publishes none, not taken from the release at all.
 *
 * kubectl: the checksums of kubernetes-sigs/kubespray (Linux) and of cert-manager/makefile-modules (all four; for
 *   darwin the only place).
 * etcd (the archive): the checksums of kubernetes-sigs/kubespray.
 * kwok, kwokctl: the Arch user repository's kwok-bin and a Nix package of the release (Linux); that Nix package and
 *   GitHub's own digest of the asset (darwin-arm64).
 */
const PINNED: Readonly<Record<string, Partial<Readonly<Record<Platform, string>>>>> = {
  kubectl: {
    "linux-amd64": "ebbd080e7c2e275093b55915722043257eb24004363e20acb3c4d71919f88336",
    "linux-arm64": "3d86f24401c41ae5a46ac50eef8865fe891d3647d324a0836f6c63757a126e62",
    "darwin-amd64": "158b3b46cf74e8b6bd9b1d7cd30f665e3efb2bc1ec3c843ec925bcfdd2930de0",
    "darwin-arm64": "fc8582acde13869a606730a79379d6515f30c68afcced0b5ac8789d5d002b7d6",
  },
  etcd: {
    "linux-amd64": "cf9cfe91a4856cb90eed9c99e6aee4b708db2c7888b88a6f116281f04b0ea693",
    "linux-arm64": "438f56a700d17ce761510a3e63e6fa5c1d587b2dd4d7a22c179c09a649366760",
  },
  kwok: {
    "linux-amd64": "f5a4385a2ae1b9dd7f8acae18e002a75c0ebba124ae9d7259aa8dadb50711f46",
    "linux-arm64": "628f7d277860f524a2a775c217adcc58828e7b59ab0933680315784f1b8b0e37",
    "darwin-arm64": "69a064ec98d37844d9d742b5b28ff57825659a983ccc3e208daa6948b94d64ba",
  },
  kwokctl: {
    "linux-amd64": "d5743166c657283d6e827c7c4c20cacfd9009fd94830f06718ca7b2c7099461f",
    "linux-arm64": "5a642b27d3e975f36040d215640cd90fb4a63cb6fca0ad5865a61bcd9c81051b",
    "darwin-arm64": "9323a59adb9c27854bd2a76652ad00258bcbb68acc40aba0dc21e362b67b7d6a",
  },
};

/** Every program, by name. A new one is a new line here, and its Go package as a `tool` in go.mod. */
export const TOOLS = {
  etcd: {
    name: "etcd",
    version: ETCD_VERSION,
    ask: { args: ["--version"], answer: /^etcd Version: v?(\S+)$/m },
    releases: perPlatform(etcdRelease),
    // etcd keeps its version in its sources; only the commit would come from the linker.
    go: { package: "go.etcd.io/etcd/server/v3", variables: {} },
  },
  "kube-apiserver": kubernetesServer("kube-apiserver"),
  "kube-controller-manager": kubernetesServer("kube-controller-manager"),
  "kube-scheduler": kubernetesServer("kube-scheduler"),
  kubectl: {
    name: "kubectl",
    version: KUBERNETES_VERSION,
    ask: { args: ["version", "--client", "--output=json"], answer: /"gitVersion": *"v([^"]+)"/ },
    releases: perPlatform((platform) => kubernetesRelease("kubectl", platform)),
    go: kubernetesBuild("kubectl"),
  },
  kwok: kwokTool("kwok"),
  kwokctl: kwokTool("kwokctl"),
} as const satisfies Readonly<Record<string, Tool>>;

export type ToolName = keyof typeof TOOLS;

export const TOOL_NAMES: readonly ToolName[] = Object.values(TOOLS).map((tool) => tool.name);

function kubernetesServer<N extends string>(name: N) {
  return {
    name,
    version: KUBERNETES_VERSION,
    ask: { args: ["--version"], answer: /^Kubernetes v(\S+)$/m },
    releases: perPlatform((platform) =>
      platform.startsWith("linux-")
        ? kubernetesRelease(name, platform)
        : { unavailable: `Kubernetes releases ${name} for Linux only` },
    ),
    go: kubernetesBuild(name),
  };
}

function kwokTool<N extends string>(name: N) {
  return {
    name,
    version: KWOK_VERSION,
    ask: { args: ["--version"], answer: new RegExp(`^${name} version v?(\\S+)`, "m") },
    releases: perPlatform((platform) => kwokRelease(name, platform)),
    go: {
      package: `sigs.k8s.io/kwok/cmd/${name}`,
      variables: { "sigs.k8s.io/kwok/pkg/consts.Version": `v${KWOK_VERSION}` },
    },
  };
}

function kubernetesRelease(name: string, platform: Platform): Release {
  const url = `https://dl.k8s.io/release/v${KUBERNETES_VERSION}/bin/${platform.replace("-", "/")}/${name}`;
  return { url, checksum: pinned(name, platform) ?? { kind: "published", url: `${url}.sha256` } };
}

function etcdRelease(platform: Platform): Release {
  const format = platform.startsWith("linux-") ? "tar.gz" : "zip";
  const folder = `etcd-v${ETCD_VERSION}-${platform}`;
  const base = `https://github.com/etcd-io/etcd/releases/download/v${ETCD_VERSION}`;
  return {
    url: `${base}/${folder}.${format}`,
    archive: { format, member: `${folder}/etcd` },
    checksum: pinned("etcd", platform) ?? { kind: "published", url: `${base}/SHA256SUMS` },
  };
}

function kwokRelease(name: string, platform: Platform): Release | NoRelease {
  const checksum = pinned(name, platform);
  if (checksum === undefined) {
    return { unavailable: `KWOK publishes no checksums, and none is pinned for ${name} on ${platform}` };
  }
  const base = `https://github.com/kubernetes-sigs/kwok/releases/download/v${KWOK_VERSION}`;
  return { url: `${base}/${name}-${platform}`, checksum };
}

/** The linker variables that Kubernetes' own build sets; without them the servers report v0.0.0-master. */
function kubernetesBuild(name: string) {
  const [major = "", minor = ""] = KUBERNETES_VERSION.split(".");
  const values = {
    gitVersion: `v${KUBERNETES_VERSION}`,
    gitMajor: major,
    gitMinor: minor,
    // A module from the Go proxy carries no commit. Left alone, these would say "$Format:%H$"; upstream's build calls
    // a tree without git "archive".
    gitCommit: "",
    gitTreeState: "archive",
  };
  const variables: Record<string, string> = {};
  // component-base is what --version and /version print; client-go is what requests carry as their user agent.
  for (const holder of ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]) {
    for (const [key, value] of Object.entries(values)) variables[`${holder}.${key}`] = value;
  }
  return { package: `k8s.io/kubernetes/cmd/${name}`, variables };
}

function pinned(name: string, platform: Platform): Checksum | undefined {
  const sha256 = PINNED[name]?.[platform];
  return sha256 === undefined ? undefined : { kind: "pinned", sha256 };
}

function perPlatform<T>(make: (platform: Platform) => T): Readonly<Record<Platform, T>> {
  return Object.fromEntries(PLATFORMS.map((platform) => [platform, make(platform)])) as Record<Platform, T>;
}
