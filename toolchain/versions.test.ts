import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PLATFORMS } from "./platform.ts";
import type { Tool } from "./tool.ts";
import { ETCD_VERSION, KUBERNETES_VERSION, KWOK_VERSION, TOOL_NAMES, TOOLS } from "./versions.ts";

const tools: readonly Tool[] = Object.values(TOOLS);
const goMod = await readFile(join(import.meta.dirname, "go.mod"), "utf8");

/** `name version` lines of go.mod's requirements. */
const required = new Map([...goMod.matchAll(/^\t(\S+) v(\S+)(?: \/\/ indirect)?$/gm)].map(([, name, v]) => [name, v]));

describe("the table", () => {
  it("names every tool by its own name", () => {
    for (const [name, tool] of Object.entries(TOOLS)) expect(tool.name).toBe(name);
    expect(TOOL_NAMES).toEqual([
      "etcd",
      "kube-apiserver",
      "kube-controller-manager",
      "kube-scheduler",
      "kubectl",
      "kwok",
      "kwokctl",
    ]);
  });

  it("has a checksum for every release, and only whole SHA-256 values", () => {
    for (const tool of tools) {
      for (const platform of PLATFORMS) {
        const release = tool.releases[platform];
        if ("unavailable" in release) continue;
        expect(new URL(release.url).protocol).toBe("https:");
        expect(release.url).toContain(tool.version);
        if (release.checksum.kind === "pinned") expect(release.checksum.sha256).toMatch(/^[0-9a-f]{64}$/);
        else expect(new URL(release.checksum.url).host).toBe(new URL(release.url).host);
      }
    }
  });

  it("never gives two files the same pinned checksum", () => {
    const pinned = tools.flatMap(({ releases }) =>
      PLATFORMS.flatMap((platform) => {
        const release = releases[platform];
        return "url" in release && release.checksum.kind === "pinned" ? [release.checksum.sha256] : [];
      }),
    );
    expect(new Set(pinned).size).toBe(pinned.length);
  });

  it("says for every tool and platform how far the release can be trusted", () => {
    const trust = (tool: Tool) =>
      PLATFORMS.map((platform) => {
        const release = tool.releases[platform];
        return "url" in release ? release.checksum.kind : "none";
      });
    const server = ["published", "published", "none", "none"];
    expect(Object.fromEntries(tools.map((tool) => [tool.name, trust(tool)]))).toEqual({
      etcd: ["pinned", "pinned", "published", "published"],
      "kube-apiserver": server,
      "kube-controller-manager": server,
      "kube-scheduler": server,
      kubectl: ["pinned", "pinned", "pinned", "pinned"],
      kwok: ["pinned", "pinned", "none", "pinned"],
      kwokctl: ["pinned", "pinned", "none", "pinned"],
    });
  });

  it("lays addresses out as the projects release them", () => {
    const url = (tool: Tool, platform: (typeof PLATFORMS)[number]) => {
      const release = tool.releases[platform];
      return "url" in release ? release.url : release.unavailable;
    };
    expect(url(TOOLS.kubectl, "darwin-arm64")).toBe(
      `https://dl.k8s.io/release/v${KUBERNETES_VERSION}/bin/darwin/arm64/kubectl`,
    );
    expect(url(TOOLS.etcd, "linux-amd64")).toBe(
      `https://github.com/etcd-io/etcd/releases/download/v${ETCD_VERSION}/etcd-v${ETCD_VERSION}-linux-amd64.tar.gz`,
    );
    expect(url(TOOLS.etcd, "darwin-arm64")).toMatch(/-darwin-arm64\.zip$/);
    expect(url(TOOLS.kwokctl, "linux-arm64")).toBe(
      `https://github.com/kubernetes-sigs/kwok/releases/download/v${KWOK_VERSION}/kwokctl-linux-arm64`,
    );
    expect(url(TOOLS["kube-scheduler"], "darwin-arm64")).toBe("Kubernetes releases kube-scheduler for Linux only");
  });
});

describe("the answers of the programs", () => {
  // Taken from the released programs and from the ones that Go builds.
  it.each<[keyof typeof TOOLS, string, string]>([
    ["etcd", "etcd Version: 3.6.8\nGit SHA: 0a1b2c3d4\nGo Version: go1.24.13\nGo OS/Arch: linux/amd64\n", "3.6.8"],
    ["kube-apiserver", "Kubernetes v1.36.3\n", "1.36.3"],
    ["kube-scheduler", "Kubernetes v0.0.0-master+$Format:%H$\n", "0.0.0-master+$Format:%H$"],
    [
      "kubectl",
      '{\n  "clientVersion": {\n    "major": "1",\n    "gitVersion": "v1.32.4-dispatcher",\n',
      "1.32.4-dispatcher",
    ],
    ["kwok", "kwok version v0.8.0 go1.26.8 (linux/amd64)\n", "0.8.0"],
    ["kwokctl", "kwokctl version 0.8.0 go1.26.8 (linux/amd64)\n", "0.8.0"],
  ])("of %s hold its version", (name, output, version) => {
    expect(TOOLS[name].ask.answer.exec(output)?.[1]).toBe(version);
  });
});

describe("the Go modules", () => {
  it("have the same versions as the table", () => {
    expect(required.get("k8s.io/kubernetes")).toBe(KUBERNETES_VERSION);
    expect(required.get("go.etcd.io/etcd/server/v3")).toBe(ETCD_VERSION);
    expect(required.get("sigs.k8s.io/kwok")).toBe(KWOK_VERSION);
  });

  it("keep every package that is built as a tool, so that go.sum holds what it needs", () => {
    const kept = /^tool \(\n([^)]*)\)/m.exec(goMod)?.[1]?.trim().split(/\s+/);
    expect(kept?.toSorted()).toEqual(tools.map((tool) => tool.go.package).toSorted());
  });

  it("take every staging module of Kubernetes at the version that belongs to it", () => {
    const staging = `v${KUBERNETES_VERSION.replace(/^1/, "0")}`;
    const replaced = [...goMod.matchAll(/^replace (\S+) => (\S+) (\S+)$/gm)];
    expect(replaced.length).toBeGreaterThan(30);
    for (const [, from, to, version] of replaced) expect([to, version]).toEqual([from, staging]);
    const names = replaced.map(([, from]) => from);
    // These are modules of their own, with versions of their own.
    const own = ["k8s.io/kubernetes", "k8s.io/klog/v2", "k8s.io/kube-openapi", "k8s.io/utils", "k8s.io/gengo/v2"];
    for (const name of required.keys()) {
      if (name?.startsWith("k8s.io/") && !own.includes(name)) expect(names).toContain(name);
    }
  });

  it("stamp the version of Kubernetes where the servers, kubectl and the user agent read it", () => {
    for (const holder of ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]) {
      expect(TOOLS["kube-apiserver"].go.variables).toMatchObject({
        [`${holder}.gitVersion`]: `v${KUBERNETES_VERSION}`,
        [`${holder}.gitMajor`]: "1",
        [`${holder}.gitMinor`]: "36",
      });
    }
  });
});
