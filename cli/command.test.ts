import { spawn } from "node:child_process";
import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { testProject } from "./testing/project.ts";

// The real command as a process. There is no terminal here: what a terminal makes of Ctrl-C (the signal goes to the whole
// group) and the moving picture on a real screen are not proved by any test.

const ROOT = resolve(import.meta.dirname, "..");
const WEFT = join(ROOT, "bin/weft.js");
const SLOW = join(import.meta.dirname, "testing/weft-with-a-slow-engine.ts");

interface Started {
  readonly pid: number;
  output(): string;
  /** Resolves when this was printed. */
  said(text: string | RegExp): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

function start(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const ended = new Promise<Awaited<Started["ended"]>>((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => done({ code, stdout, stderr }));
  });
  return {
    pid: child.pid ?? 0,
    output: () => stdout,
    async said(text) {
      while (!(typeof text === "string" ? stdout.includes(text) : text.test(stdout))) await sleep(20);
    },
    ended,
  };
}

const weft = (args: readonly string[], cwd: string, env?: NodeJS.ProcessEnv) =>
  start(process.execPath, [WEFT, ...args], cwd, env).ended;
const slow = (args: readonly string[], cwd: string) => start(process.execPath, [SLOW, ...args], cwd);

describe("the command", () => {
  it("helps", async () => {
    const { code, stdout, stderr } = await weft(["--help"], ROOT);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Usage: weft/);
  });

  it("rejects a stack that there is not, and leaves no file behind", async () => {
    await using project = await testProject();
    const { code, stdout, stderr } = await weft(["up", "locl", "--yes"], project.directory);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error: the project weft has no stack "locl"; did you mean "local"\?/);
    expect(await project.exists(".weft/passphrase")).toBe(false);
  });

  it("lists the toolchain as JSON", async () => {
    await using project = await testProject();
    const { stdout, stderr } = await weft(["toolchain", "list", "--json"], project.directory, {
      WEFT_CACHE_DIR: join(project.directory, "cache"),
    });
    expect(stderr).toBe("");
    const tools: { tool: string }[] = JSON.parse(stdout);
    expect(tools.map(({ tool }) => tool)).toEqual([
      ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok", "kwokctl"],
    ]);
  });

  it.runIf(process.platform === "linux")("looks for room where the toolchain's cache is", async () => {
    await using project = await testProject();
    const env = { XDG_CACHE_HOME: join(project.directory, "xdg"), WEFT_CACHE_DIR: "" };
    const { stdout } = await weft(["doctor", "--json"], project.directory, env);
    const checks: { name: string; detail: string }[] = JSON.parse(stdout).checks;
    expect(checks.find(({ name }) => name === "disk, cache")?.detail).toContain(
      `${project.directory}/xdg/weft/toolchain`,
    );
  });

  it("examines a project", async () => {
    await using project = await testProject();
    const { stdout, stderr } = await weft(["doctor"], project.directory);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^✓ Node\.js/);
    expect(stdout).toMatch(/^✓ catalog +1 service of 1 team/m);
  });

  it("ends quietly, with its own exit code, when nobody reads on", async () => {
    await using project = await testProject();
    const line = `{ "${process.execPath}" "${SLOW}" preview --json; echo "ended with $?" >&2; } | head -n 1`;
    const { stdout, stderr } = await start("sh", ["-c", line], project.directory).ended;
    expect(stdout).toMatch(/^\{"kind":"start".*\}\n$/);
    expect(stderr).toBe("ended with 0\n");
  });

  it("waits for a reader that takes its time, to the last line", async () => {
    await using project = await testProject();
    const line = `"${process.execPath}" "${SLOW}" preview --json | { sleep 1; tail -n 1; }`;
    const { stdout } = await start("sh", ["-c", line], project.directory).ended;
    expect(JSON.parse(stdout)).toMatchObject({ kind: "summary", exitCode: 0 });
  });

  it("tells of an error that nobody caught as a bug, and ends with 1", async () => {
    await using project = await testProject();
    const { code, stderr } = await slow(["destroy", "--yes"], project.directory).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/bug in Weft: out of the blue\n.*--verbose/);
    expect(stderr).not.toContain("weft-with-a-slow-engine");
  });
});

describe("a signal to the command", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("stops it in good order: %s", async (signal) => {
    await using project = await testProject();
    const running = slow(["up", "--yes"], project.directory);
    await running.said("weft up local");
    await sleep(100);
    process.kill(running.pid, signal);
    const { code, stdout, stderr } = await running.ended;
    expect([code, stderr]).toEqual([130, ""]);
    expect(stdout).toMatch(/stopping, nothing new is begun; waiting for cluster-kwok\. What is done is saved\./);
    expect(stdout).toContain("local: cancelled");
  });

  it("a second time makes it leave at once", async () => {
    await using project = await testProject();
    const running = slow(["refresh"], project.directory);
    await running.said("weft refresh local");
    await sleep(100);
    process.kill(running.pid, "SIGINT");
    await running.said("stopping");
    await sleep(600);
    process.kill(running.pid, "SIGINT");
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain("Left at once");
  });
});

describe("an old Node.js", () => {
  async function oldWeft(own: string | undefined) {
    await using project = await testProject();
    await cp(WEFT, join(project.directory, "bin/weft.js"));
    // No Node.js is new enough for this one.
    await project.write("package.json", '{"type":"module","engines":{"node":">=99.0"}}');
    if (own !== undefined) await project.write("node_modules/node/bin/node", own, 0o755);
    return await start(process.execPath, [join(project.directory, "bin/weft.js"), "up", "local"], project.directory)
      .ended;
  }

  it("gives way to the one that the project brought along, and hands on its exit code", async () => {
    const { code, stdout } = await oldWeft('#!/bin/sh\nshift\necho "$@"\nexit 7\n');
    expect([code, stdout]).toEqual([7, "up local\n"]);
  });

  it("that was killed makes the command end as a shell tells of it", async () => {
    expect((await oldWeft("#!/bin/sh\nkill -TERM $$\n")).code).toBe(143);
  });

  it("is told of where there is no other", async () => {
    const { code, stderr } = await oldWeft(undefined);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Weft needs Node\.js 99\.0 or newer; .* is \d+\.\d+\.\d+\.\nRun `npm ci`/);
  });
});
