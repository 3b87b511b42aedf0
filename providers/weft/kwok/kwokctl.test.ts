import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { correctPidFiles, kwokctl, kwokctlErrors, logSince, logSizes, tail } from "./kwokctl.ts";
import { layout, makeFolders } from "./layout.ts";

describe("what kwokctl says", () => {
  it("is cut down to its errors", () => {
    const output = [
      '{"time":"…","level":"INFO","msg":"Cluster is creating"}',
      '{"time":"…","level":"ERROR","msg":"Failed to setup config","err":"stat /x: no such file"}',
      "not JSON",
    ].join("\n");
    expect(kwokctlErrors(output)).toBe("Failed to setup config: stat /x: no such file");
  });

  it("is shown as it is where it holds no errors, and missed where there is nothing", () => {
    expect(kwokctlErrors("panic: x\n")).toBe("panic: x");
    expect(kwokctlErrors("")).toBe("it said nothing");
  });

  it("ends in the last lines of a log, indented", () => {
    expect(tail("1\n2\n3\n", 2)).toBe("    2\n    3");
  });
});

describe("a kwokctl", () => {
  async function played(script: string) {
    const folder = await mkdtemp(join(tmpdir(), "weft-kwokctl-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const at = layout(folder, "kwok", "local");
    await makeFolders(at);
    await writeFile(join(at.cluster, "bin/kwokctl"), script, { mode: 0o755 });
    const { signal } = new AbortController();
    return kwokctl(at, { urn: "u", signal, status: () => undefined, warn: () => undefined }, ["start", "cluster"]);
  }

  it("that fails says why", async () => {
    await expect(played("#!/bin/sh\necho broken >&2; exit 3\n")).rejects.toThrow(/^kwokctl start failed: broken$/);
  });

  it("that is ended by a signal is told from one that says nothing", async () => {
    await expect(played("#!/bin/sh\nkill -KILL $$\n")).rejects.toThrow("kwokctl start failed: it was ended by SIGKILL");
  });
});

describe("files of a component", () => {
  it("say what is running, and not what was", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weft-pids-"));
    const at = layout(folder, "kwok", "local");
    await makeFolders(at);
    await writeFile(join(at.cluster, "pids/etcd.pid"), String(process.pid));
    await correctPidFiles(at);
    expect(await readdir(join(at.cluster, "pids"))).toEqual([]);
    await rm(folder, { recursive: true });
  });

  it("are read from where a start began", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weft-logs-"));
    const at = layout(folder, "kwok", "local");
    await makeFolders(at);
    const log = join(at.cluster, "logs/etcd.log");
    await writeFile(log, "old: address already in use\n");
    const sizes = await logSizes(at);
    await writeFile(log, `${await readFile(log, "utf8")}new\n`);
    expect(await logSince(at, "etcd", sizes.etcd)).toBe("new\n");
    expect(await logSince(at, "kube-apiserver", sizes["kube-apiserver"])).toBe("");
    await rm(folder, { recursive: true });
  });
});
