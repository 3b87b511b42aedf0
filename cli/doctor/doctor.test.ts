import { readdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ToolStatus } from "../../toolchain/index.ts";
import { main } from "../index.ts";
import { styleFor } from "../show/style.ts";
import { type TestProject, testProject } from "../testing/project.ts";
import { testWorld } from "../testing/world.ts";
import { type Check, ok, problem, renderChecks, warning } from "./check.ts";
import { toolchainCheck } from "./cluster.ts";
import { diskCheck, filesCheck, memoryCheck, nodeCheck } from "./machine.ts";
import { kubernetesPluginCheck } from "./pulumi.ts";

const GIB = 2 ** 30;

/** A doctor's findings by name, in a world without programs on PATH and with a toolchain cache of its own. */
async function examine(project: TestProject, ...args: string[]) {
  const env = { WEFT_CACHE_DIR: join(project.directory, "cache") };
  const world = testWorld({ cwd: project.directory, env });
  const code = await main(["doctor", "--json", ...args], world);
  const { checks } = JSON.parse(world.stdout.text) as { checks: Check[] };
  return { code, checks, level: (name: string) => checks.find((check) => check.name === name)?.level, of };
  function of(name: string): Check[] {
    return checks.filter((check) => check.name === name);
  }
}

describe("weft doctor", () => {
  it("looks at everything and creates nothing", async () => {
    await using project = await testProject();
    await project.write("policies/PulumiPolicy.yaml", "runtime: nodejs\n");
    const before = await readdir(project.directory, { recursive: true });
    const { checks } = await examine(project);
    expect(await readdir(project.directory, { recursive: true })).toEqual(before);
    expect(new Set(checks.map(({ name }) => name))).toEqual(
      new Set([
        ...["Node.js", "processors", "memory", "open files", "disk, project", "engine", "project", "stack"],
        ...["configuration", "catalog", "policies", "passphrase", "state", "platform", "toolchain", "leftovers"],
        ...checks.flatMap(({ name }) => (name === "disk, cache" ? [name] : [])),
      ]),
    );
  });

  it("says what it found, and how to mend what is wrong", async () => {
    await using project = await testProject();
    const { of, level, code } = await examine(project);
    // Nothing is in this cache, so there has to be room for it, where it is.
    expect(of("disk, cache")[0]?.detail).toMatch(`free in ${join(project.directory, "cache", "toolchain")}`);
    expect(of("catalog")[0]?.detail).toBe("1 service of 1 team in catalog");
    expect(of("passphrase")[0]).toMatchObject({ level: "ok", detail: expect.stringContaining("none yet") });
    expect(of("engine")[0]?.detail).toBe("built-in (no pulumi on PATH)");
    expect(level("policies")).toBe("warning");
    // Whether there is Go, and so a way to the toolchain, differs between machines.
    expect(code).toBe(level("toolchain") === "problem" ? 1 : 0);
  });

  it("finds every problem of the configuration and of the catalog", async () => {
    await using project = await testProject();
    await project.write(
      "stacks/config/Pulumi.shop.yaml",
      'config:\n  weft:cluster: {target: kwok, nodes: 0, cpuu: "8"}\n',
    );
    const config = await examine(project, "shop");
    expect(config.code).toBe(1);
    expect(config.of("configuration")[0]).toMatchObject({ level: "problem" });
    expect(config.of("configuration")[0]?.detail).toMatch(
      /nodes[\s\S]*cpuu is not known|cpuu is not known[\s\S]*nodes/,
    );
    await project.write("catalog/bad.yaml", "nmae: bad\n");
    expect((await examine(project)).of("catalog")[0]).toMatchObject({ level: "problem" });
    await project.write("stacks/config/Pulumi.shop.yaml", "config: [\n");
    expect((await examine(project, "shop")).of("stack")[0]).toMatchObject({ level: "problem" });
  });

  it("finds a project that can't be read, and looks at the machine all the same", async () => {
    await using project = await testProject();
    await project.write("Pulumi.yaml", "name: weft\nruntime: go\nmain: program.ts\n");
    const { code, checks, level } = await examine(project);
    expect([code, level("project"), level("Node.js")]).toEqual([1, "problem", "ok"]);
    expect(checks.some(({ name }) => name === "catalog")).toBe(false);
  });

  it("finds a state folder that is not there, and a passphrase that others can read", async () => {
    await using project = await testProject();
    await project.write(
      "Pulumi.yaml",
      "name: weft\nruntime: {name: nodejs, options: {typescript: false}}\nmain: program.ts\nstackConfigDir: stacks/config\nbackend: {url: 'file://./nowhere'}\n",
    );
    await project.write(".weft/passphrase", "correct horse\n", 0o644);
    const { of } = await examine(project);
    expect(of("state")[0]).toMatchObject({ level: "problem", fix: `mkdir -p '${join(project.directory, "nowhere")}'` });
    expect(of("passphrase")[0]).toMatchObject({ level: "problem", detail: expect.stringContaining("chmod 600") });
  });

  it("tells a lock that is held from one that a dead run left", async () => {
    await using project = await testProject();
    await project.deploy("local");
    const lock = (pid: number, host = hostname()): string =>
      JSON.stringify({ pid, username: "me", hostname: host, timestamp: "2026-01-01T00:00:00Z" });
    const folder = ".weft/state/.pulumi/locks/organization/weft/local";
    await project.write(`${folder}/1.json`, lock(process.pid));
    await project.write(`${folder}/2.json`, lock(2 ** 22 + 1));
    await project.write(`${folder}/3.json`, lock(1, "elsewhere.example"));
    await project.write(`${folder}/4.json`, "{");
    const { code, of } = await examine(project);
    expect(code).toBe(1);
    expect(
      of("lock")
        .map(({ level, detail }) => [level, detail.replace(project.directory, "")])
        .sort(),
    ).toEqual([
      ["problem", `/${folder}/4.json can't be read`],
      ["problem", "held by me@elsewhere.example, process 1, since 2026-01-01T00:00:00Z"],
      ["problem", `held by me@${hostname()}, process ${process.pid}, since 2026-01-01T00:00:00Z`],
      ["warning", `left by a dead run: me@${hostname()}, process ${2 ** 22 + 1}, since 2026-01-01T00:00:00Z`],
    ]);
  });

  it("finds the folder of a cluster that no state knows of, and leaves those that one does", async () => {
    await using project = await testProject();
    const marker = (stack: string, uid?: string): string =>
      JSON.stringify({ urn: `urn:pulumi:${stack}::weft::weft-native:cluster:Kwok::c`, uid });
    await project.write(".weft/kwok/clusters/local/weft.json", marker("local", "1"));
    await project.write(".weft/kwok/clusters/shop/weft.json", marker("shop", "2"));
    await project.write(".weft/kwok/clusters/half/weft.json", marker("local"));
    await project.write(".weft/kwok/clusters/mine/kwok.yaml", "");
    const leftover = (await examine(project)).of("leftover").map(({ detail }) => detail.replace(project.directory, ""));
    expect(leftover.sort()).toEqual([
      "/.weft/kwok/clusters/half, 0 processes: an interrupted start left it",
      "/.weft/kwok/clusters/local, 0 processes: a cluster that the state of local does not know",
      "/.weft/kwok/clusters/mine, 0 processes: not made by Weft",
    ]);
    await project.deploy("local");
    expect((await examine(project)).of("leftover")).toHaveLength(2);
  });

  it("refuses the Pulumi CLI where there is none, and a backend that only it can use", async () => {
    await using project = await testProject();
    expect((await examine(project, "--engine", "pulumi")).of("engine")[0]).toMatchObject({
      level: "problem",
      detail: "no pulumi on PATH",
      fix: expect.stringContaining("https://www.pulumi.com"),
    });
    const world = testWorld({ cwd: project.directory, env: { PULUMI_BACKEND_URL: "s3://bucket" } });
    expect(await main(["doctor"], world)).toBe(1);
    expect(world.stdout.text).toContain("s3://bucket is for the Pulumi CLI only");
  });
});

describe("the checks of a machine", () => {
  it("ask for the Node.js that package.json asks for", () => {
    expect(nodeCheck("24.12.0").level).toBe("ok");
    expect(nodeCheck("22.18.0")).toMatchObject({ level: "problem", fix: expect.stringContaining("npm ci") });
  });

  it("ask for room: memory, files, disk", () => {
    expect([4, 1.5, 0.5].map((free) => memoryCheck(free * GIB, 8 * GIB).level)).toEqual(["ok", "warning", "problem"]);
    expect([Number.POSITIVE_INFINITY, 1024, 256, undefined].map((limit) => filesCheck(limit).level)).toEqual([
      "ok",
      "ok",
      "warning",
      "warning",
    ]);
    expect(diskCheck("disk", "/var", GIB, GIB).level).toBe("ok");
    expect(diskCheck("disk", "/var", GIB - 1, GIB)).toMatchObject({ level: "problem", fix: "make room in /var" });
  });
});

describe("the check of the toolchain", () => {
  const tool = (from: ToolStatus["from"], go = true): ToolStatus => ({
    ...{
      tool: "etcd",
      version: "3.6.8",
      platform: "linux-amd64",
      from,
      path: undefined,
      bytes: undefined,
      manifest: undefined,
    },
    ways: [
      { way: "release", open: from === "release", detail: "https://github.com/etcd" },
      { way: "go", open: go, detail: go ? "/usr/bin/go is Go 1.26.1" : "there is no go on PATH" },
    ],
  });

  it("is content with what is there, warns of what has to be fetched, and names the fallback", () => {
    expect(toolchainCheck([tool("cache"), tool("installed")])).toMatchObject({
      level: "ok",
      detail: "2 programs: 1 in the cache, 1 installed",
    });
    expect(toolchainCheck([tool("cache"), tool("release")])).toMatchObject({
      level: "warning",
      detail:
        "2 programs: 1 in the cache, 1 to be downloaded; a build where a download fails (/usr/bin/go is Go 1.26.1)",
    });
    expect(toolchainCheck([tool("release", false)]).detail).toContain(
      "no build where a download fails: there is no go",
    );
    expect(toolchainCheck([tool("go")]).detail).toContain("1 to be built");
  });

  it("is a problem where no way leads to a program, and says what was tried", () => {
    const check = toolchainCheck([tool("cache"), tool(undefined, false)]);
    expect(check).toMatchObject({ level: "problem", fix: expect.stringContaining("Go") });
    expect(check.detail).toContain("there is no go on PATH");
  });
});

it("a Kubernetes plugin of the Pulumi CLI is of the version that is asked for, or newer", () => {
  const plugin = (version: string) => [{ name: "kubernetes", kind: "resource", version }];
  expect(kubernetesPluginCheck(plugin("4.34.2")).level).toBe("ok");
  expect(kubernetesPluginCheck(plugin("4.99.0"))).toMatchObject({
    level: "ok",
    detail: expect.stringContaining("will do"),
  });
  expect(kubernetesPluginCheck(plugin("4.0.0"))).toMatchObject({ level: "warning" });
  expect(kubernetesPluginCheck([]).fix).toContain("pulumi plugin install resource kubernetes 4.34.2");
});

it("findings are told in a column, each with its fix, and summed up", () => {
  const checks = [ok("memory", "enough"), warning("lock", "two\nlines", "wait"), problem("state", "gone", "mkdir")];
  expect(renderChecks(checks, styleFor(false))).toEqual([
    "✓ memory  enough",
    "! lock    two",
    "          lines",
    "          fix: wait",
    "✗ state   gone",
    "          fix: mkdir",
    "",
    "1 problem, 1 warning",
  ]);
  expect(renderChecks([ok("memory", "enough")], styleFor(false)).at(-1)).toBe("nothing is in the way");
});
