import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { entryFolder } from "./cache.ts";
import { ToolchainError } from "./errors.ts";
import { compareVersions, requiredGo } from "./go-build.ts";
import { installTools } from "./install.ts";
import { eventually, fakeTool, isRunning, program, type Sandbox, sandbox, VERSION } from "./testing/fixture.ts";

/** A tool without a release, so that the Go build is the next way. */
const alpha = fakeTool({ name: "alpha", release: { unavailable: "nobody releases alpha" } });

/** A `go` that answers for its version, and does `build` when it is to build; "$out" is where the program goes. */
async function fakeGo(box: Sandbox, build: string, version = "go1.26.8"): Promise<void> {
  await box.script(
    join(box.bin, "go"),
    `#!/bin/sh
if [ "$1" = env ]; then echo "${version}"; exit 0; fi
printf '%s\\n' "$@" > ${box.folder}/arguments
printf '%s\\n' "$PWD" "$CGO_ENABLED" "$GOOS" "$GOARCH" "$GOFLAGS" "$GOTOOLCHAIN" "$GOWORK" "$GOTMPDIR" > ${box.folder}/environment
while [ $# -gt 0 ]; do if [ "$1" = -o ]; then out=$2; fi; shift; done
${build}
`,
  );
}

const writes = (content: string) => `/bin/cat > "$out" <<'END'\n${content}END\n/bin/chmod 755 "$out"`;

async function goReason(promise: Promise<unknown>): Promise<string> {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (!(error instanceof ToolchainError)) throw new Error(`expected a ToolchainError, got ${error}`);
  return error.failures[0]?.ways.find(({ way }) => way === "go")?.reason ?? "";
}

describe("a Go build", () => {
  it("builds static, trimmed, read-only and with the version linked in, for the platform that is asked for", async () => {
    const box = await sandbox({ GOFLAGS: "-mod=mod -tags=mine", GOTOOLCHAIN: "auto", GOWORK: "/somewhere/go.work" });
    await fakeGo(box, writes(program("alpha")));

    await installTools([alpha], { ...box.context, platform: "darwin-arm64" });

    const [command, ...rest] = (await readFile(join(box.folder, "arguments"), "utf8")).trim().split("\n");
    expect(command).toBe("build");
    expect(rest.filter((argument) => !argument.startsWith(box.root))).toEqual([
      "-v",
      "-mod=readonly",
      "-trimpath",
      "-buildvcs=false",
      `-ldflags=-s -w -X example.com/version.V=v${VERSION}`,
      "-o",
      "example.com/alpha",
    ]);
    const [cwd, ...environment] = (await readFile(join(box.folder, "environment"), "utf8")).trim().split("\n");
    expect(cwd).toBe(box.context.modules);
    expect(environment.slice(0, -1)).toEqual(["0", "darwin", "arm64", "-mod=readonly", "local", "off"]);
    expect(environment.at(-1)).toContain(join(box.root, ".staging"));
  });

  it("is cached with a manifest that names Go's version", async () => {
    const box = await sandbox();
    await fakeGo(box, writes(program("alpha")));

    const path = (await installTools([alpha], box.context)).get("alpha") ?? "";

    expect(path).toBe(join(entryFolder(box.root, alpha, "linux-amd64"), "alpha"));
    expect((await stat(path)).mode & 0o111).toBe(0o111);
    expect(JSON.parse(await readFile(join(dirname(path), "manifest.json"), "utf8"))).toMatchObject({
      source: "go",
      goVersion: "1.26.8",
    });
    expect(await box.leftovers()).toEqual([]);
    expect(box.events.at(-1)).toMatchObject({ step: "ready", from: "go" });
  });

  it("counts the packages that Go names", async () => {
    const box = await sandbox();
    await fakeGo(
      box,
      `echo "go: downloading example.com/two v1.0.0" >&2; echo internal/abi >&2; echo k8s.io/api/core/v1 >&2
${writes(program("alpha"))}`,
    );
    await installTools([alpha], box.context);
    const built = box.events.find(({ step, state }) => step === "build" && state === "succeeded");
    expect(built).toMatchObject({ packages: 2, message: expect.stringContaining("2 packages compiled") });
  });

  it("rejects with Go's complaint, without the packages that went well before it", async () => {
    const box = await sandbox();
    await fakeGo(
      box,
      'echo k8s.io/api >&2; echo "# example.com/alpha" >&2; echo "./main.go:3:1: undefined: x" >&2; exit 1',
    );
    const reason = await goReason(installTools([alpha], box.context));
    expect(reason).toBe("go build ended with exit code 1:\n# example.com/alpha\n./main.go:3:1: undefined: x");
    expect(await box.leftovers()).toEqual([]);
  });

  it("rejects with the end of a long complaint only", async () => {
    const box = await sandbox();
    await fakeGo(box, 'i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo "line $i is wrong" >&2; done; exit 2');
    const reason = await goReason(installTools([alpha], box.context));
    expect(reason.split("\n")).toHaveLength(21);
    expect(reason).toMatch(/line 100 is wrong$/);
  });

  it("rejects a build that was killed", async () => {
    const box = await sandbox();
    await fakeGo(box, "kill -9 $$");
    expect(await goReason(installTools([alpha], box.context))).toMatch(/^go build was killed/);
  });

  it("rejects a program that reports the version of an unstamped build", async () => {
    const box = await sandbox();
    await fakeGo(box, writes(program("alpha", "0.0.0-master")));
    expect(await goReason(installTools([alpha], box.context))).toContain(
      `is version 0.0.0-master; ${VERSION} is needed`,
    );
    expect(existsSync(entryFolder(box.root, alpha, "linux-amd64"))).toBe(false);
  });

  it("ends at once with everything Go started when cancelled", async () => {
    const box = await sandbox();
    const pids = join(box.folder, "pids");
    await fakeGo(box, `/bin/sleep 300 & echo "$$ $!" > ${pids}.new; /bin/mv ${pids}.new ${pids}; wait`);
    const controller = new AbortController();
    const reason = new Error("enough");
    const installing = installTools([alpha], { ...box.context, signal: controller.signal }).catch(
      (error: unknown) => error,
    );
    await eventually("the build", () => existsSync(pids));
    controller.abort(reason);

    expect(await installing).toBe(reason);
    const [go = 0, compiler = 0] = (await readFile(pids, "utf8")).trim().split(" ").map(Number);
    await eventually("the end of go", () => !isRunning(go));
    await eventually("the end of what go started", () => !isRunning(compiler));
    expect(await box.leftovers()).toEqual([]);
  }, 20_000);

  it("waits for its turn, for Go fills the machine by itself", async () => {
    const box = await sandbox();
    const tools = ["alpha", "beta"].map((name) => fakeTool({ name, release: { unavailable: "none" } }));
    const busy = join(box.folder, "busy");
    // mkdir fails when another build is under way.
    await fakeGo(
      box,
      `/bin/mkdir ${busy} || exit 9
/bin/sleep 0.2
name=\${out##*/}
printf '#!/bin/sh\\necho "%s v${VERSION}"\\n' "$name" > "$out"
/bin/rmdir ${busy}`,
    );
    expect((await installTools(tools, box.context)).size).toBe(2);
    expect(
      box.events.some(({ step, message }) => step === "wait" && message === "waiting for another build to end"),
    ).toBe(true);
  });
});

describe("Go itself", () => {
  it.each([
    ["go1.25.9", "is Go 1.25.9; 1.26.0 or newer is needed"],
    ["", "says no version"],
  ])("rejects a go that answers %j", async (version, reason) => {
    const box = await sandbox();
    await fakeGo(box, writes(program("alpha")), version);
    expect(await goReason(installTools([alpha], box.context))).toContain(reason);
  });

  it.each([
    "go1.26.0",
    "go1.27rc1",
    "go1.30.1 X:nocoverageredesign",
    "devel go1.27-0a1b2c3 Mon",
  ])("takes %s", async (version) => {
    const box = await sandbox();
    await fakeGo(box, writes(program("alpha")), version);
    expect((await installTools([alpha], box.context)).size).toBe(1);
  });

  it("is compared by numbers, not by letters", () => {
    expect(compareVersions("1.9", "1.26.0")).toBeLessThan(0);
    expect(compareVersions("1.26", "1.26.0")).toBe(0);
    expect(compareVersions("2.0.0", "1.99.9")).toBeGreaterThan(0);
  });

  it("has the version that go.mod asks for", async () => {
    expect(await requiredGo(import.meta.dirname)).toMatch(/^1\.\d+\.\d+$/);
  });
});
