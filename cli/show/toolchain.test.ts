import { describe, expect, it } from "vitest";
import type { ToolProgress, ToolStatus } from "../../toolchain/index.ts";
import { styleFor } from "./style.ts";
import { widthOf } from "./text.ts";
import { type Installing, installHeartbeat, installLine, installScreen, listLines, verdictLines } from "./toolchain.ts";

const style = styleFor(false);

function progress(tool: string, more: Partial<ToolProgress>): ToolProgress {
  return {
    tool,
    version: "1.0.0",
    step: "download",
    state: "running",
    elapsedMs: 4_000,
    message: "downloading",
    ...more,
  };
}

const installing: Installing = new Map(
  [
    progress("etcd", {
      step: "ready",
      state: "succeeded",
      message: "in the cache",
      path: "/cache/etcd",
      from: "cache",
    }),
    progress("kubectl", {
      bytes: 12 * 2 ** 20,
      totalBytes: 57 * 2 ** 20,
      message: "downloading https://dl.k8s.io/kubectl",
    }),
    progress("kwok", { step: "build", message: "building", packages: 412, elapsedMs: 61_000 }),
    progress("kwokctl", { step: "download", state: "failed", message: "no route to github.com" }),
  ].map((event) => [event.tool, event]),
);

describe("an installation on a terminal", () => {
  it("has a line for each program: how far, and for how long", () => {
    expect(installScreen(installing, { style, width: 80, height: 10 })).toEqual([
      "✓ etcd 1.0.0     in the cache",
      "› kubectl 1.0.0  downloading https://dl.k8s.io/kubectl, 12 MiB of 57 MiB, 4.0 s",
      "› kwok 1.0.0     building, 412 packages, 1 min 1 s",
      "! kwokctl 1.0.0  no route to github.com, 4.0 s",
    ]);
  });

  it("takes no more room than there is, and drops first what is done", () => {
    const lines = installScreen(installing, { style, width: 40, height: 3 });
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain("etcd");
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(40);
  });
});

describe("an installation in a log", () => {
  it("says what begins, what failed and where each program ended up, not how far it is", () => {
    const lines = [
      progress("kubectl", { state: "started", step: "search", message: "looking" }),
      progress("kubectl", { state: "started", message: "downloading it" }),
      progress("kubectl", { state: "running" }),
      progress("kubectl", { state: "failed", message: "no route" }),
      progress("kubectl", { step: "ready", state: "succeeded", path: "/bin/kubectl", from: "go", elapsedMs: 95_000 }),
    ].flatMap((event) => installLine(event, style) ?? []);
    expect(lines).toEqual([
      "  kubectl: downloading it",
      "! kubectl: download: no route",
      "✓ kubectl: /bin/kubectl (go, 1 min 35 s)",
    ]);
  });

  it("shows life by what has lasted longest", () => {
    expect(installHeartbeat(installing)).toBe("  kwok: building, 412 packages, 1 min 1 s, and 1 more");
    expect(installHeartbeat(new Map())).toBeUndefined();
  });
});

describe("lists", () => {
  const tool = (name: string, from: ToolStatus["from"]): ToolStatus => ({
    ...{
      tool: name,
      version: "1.0.0",
      platform: "linux-amd64",
      from,
      path: undefined,
      bytes: undefined,
      manifest: undefined,
    },
    ways: [
      { way: "cache", open: from === "cache", detail: `cache of ${name}` },
      { way: "go", open: from === "go", detail: "/usr/bin/go is Go 1.26" },
    ],
  });

  it("say where each program would come from, and of one that none leads to, why", () => {
    expect(listLines([tool("etcd", "cache"), tool("kwok", "go"), tool("kubectl", undefined)], style, false)).toEqual([
      "✓ etcd     1.0.0  cache    cache of etcd",
      "↓ kwok     1.0.0  go       /usr/bin/go is Go 1.26",
      "✗ kubectl  1.0.0  missing  no way leads to it",
      "    - cache: cache of kubectl",
      "    - go: /usr/bin/go is Go 1.26",
    ]);
  });

  it("say of each cached program whether it is what was installed", () => {
    const verdict = { version: "1.0.0", from: "cache", path: "/cache/etcd", sha256: undefined } as const;
    expect(
      verdictLines(
        [
          { ...verdict, tool: "etcd", state: "sound", problems: [] },
          { ...verdict, tool: "kwok", state: "bad", problems: ["has another hash"] },
          { ...verdict, tool: "kubectl", state: "absent", path: undefined, problems: [] },
        ],
        style,
      ),
    ).toEqual([
      "✓ etcd     1.0.0  sound   /cache/etcd",
      "✗ kwok     1.0.0  bad     /cache/etcd",
      "    has another hash",
      "· kubectl  1.0.0  absent  not installed",
    ]);
  });
});
