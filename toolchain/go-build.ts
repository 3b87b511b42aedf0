import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CacheEntry, Stage } from "./cache.ts";
import { goTarget, type Platform } from "./platform.ts";
import { type Surroundings, tryOut, which } from "./probe.ts";
import type { Reporter } from "./progress.ts";
import { run } from "./run.ts";
import type { Tool } from "./tool.ts";

/** The folder of go.mod and go.sum: this one. */
export const GO_MODULES = import.meta.dirname;

export interface Go {
  readonly path: string;
  /** "1.26.8" */
  readonly version: string;
}

const ANSWER_MS = 10_000;
/** Lines of a failed build that are shown; Go's first complaint is at most a screen long. */
const SHOWN_LINES = 20;

/** The oldest Go that can build the modules, from go.mod: "1.26.0". */
export async function requiredGo(modules: string): Promise<string> {
  const file = join(modules, "go.mod");
  const version = /^go (\S+)$/m.exec(await readFile(file, "utf8"))?.[1];
  if (version === undefined) throw new Error(`${file} names no version of Go`);
  return version;
}

/** The Go on PATH. @throws an Error when there is none, or it is too old for the modules. */
export async function findGo(modules: string, surroundings: Surroundings): Promise<Go> {
  const required = await requiredGo(modules);
  const path = await which("go", surroundings.env);
  if (path === undefined) throw new Error(`no go on PATH; ${required} or newer is needed`);
  // Asked at "/", where no go.mod or go.work can answer in its place.
  const { env, signal } = surroundings;
  const asked = await run(path, ["env", "GOVERSION"], {
    env: goEnvironment(env),
    cwd: "/",
    signal,
    timeoutMs: ANSWER_MS,
  });
  const version = /go(\d+\.\d+(?:\.\d+)?)/.exec(asked.stdout)?.[1];
  if (version === undefined) {
    throw new Error(`${path} env GOVERSION says no version: ${asked.stdout.trim() || asked.stderr.trim()}`);
  }
  if (compareVersions(version, required) < 0)
    throw new Error(`${path} is Go ${version}; ${required} or newer is needed`);
  return { path, version };
}

export interface GoContext extends Surroundings {
  readonly reporter: Reporter;
  readonly platform: Platform;
  readonly modules: string;
  readonly go: Go;
}

/**
 * Builds a program from the pinned modules, asks it for its version, and puts it into the cache.
 *
 * @throws an Error with the end of Go's complaint.
 */
export async function installBuild(tool: Tool, stage: Stage, context: GoContext): Promise<CacheEntry> {
  const { env, signal, reporter, platform, modules, go } = context;
  const target = goTarget(platform);
  const buildEnv = {
    ...goEnvironment(env),
    CGO_ENABLED: "0",
    GOOS: target.os,
    GOARCH: target.arch,
    // Go's scratch files would otherwise outlive a killed build, in a temporary folder that may be small.
    GOTMPDIR: join(stage.scratch, "go"),
  };
  await mkdir(buildEnv.GOTMPDIR);
  await reporter.step(
    "build",
    `building ${tool.go.package} with Go ${go.version}`,
    async (measure) => {
      const complaints: string[] = [];
      let packages = 0;
      const { code, stderr } = await run(go.path, buildArguments(tool, stage.program), {
        env: buildEnv,
        cwd: modules,
        signal,
        onErrorLine: (line) => {
          if (line.startsWith("go: downloading ")) measure({ message: line });
          else if (isPackage(line)) {
            packages += 1;
            measure({ packages, message: `compiling ${line}` });
          } else complaints.push(line);
        },
      });
      if (code === 0) return packages;
      const shown = (complaints.length > 0 ? complaints : stderr.trim().split("\n")).slice(-SHOWN_LINES).join("\n");
      throw new Error(`go build ${code === undefined ? "was killed" : `ended with exit code ${code}`}:\n${shown}`);
    },
    (packages) => `built (${packages} packages compiled, the rest was in Go's cache)`,
  );
  await tryOut(tool, stage, context);
  return await stage.publish({ source: "go", goVersion: go.version });
}

function buildArguments(tool: Tool, output: string): readonly string[] {
  const variables = Object.entries(tool.go.variables).map(([name, value]) => `-X ${name}=${value}`);
  return [
    "build",
    "-v",
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false",
    // Without symbols and debug data the programs are a third smaller.
    `-ldflags=${["-s", "-w", ...variables].join(" ")}`,
    "-o",
    output,
    tool.go.package,
  ];
}

/**
 * What the user's own settings must not change: the flags (not empty, or Go would take those of `go env -w`), a
 * workspace around the repository, and which Go runs: the one that was found, not one that it downloads.
 */
function goEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, GOFLAGS: "-mod=readonly", GOWORK: "off", GOTOOLCHAIN: "local" };
}

/** With -v, Go prints the path of each package it compiles, alone on a line. */
function isPackage(line: string): boolean {
  return /^[\w.~+-]+(?:\/[\w.~+-]+)*$/.test(line);
}

/** Negative when `a` is older than `b`. Versions of Go have two or three numbers. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (const index of [0, 1, 2]) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
