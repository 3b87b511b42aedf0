import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ToolchainError } from "./errors.ts";
import { installTools } from "./install.ts";
import { fakeTool, program, releaseServer, sandbox, VERSION } from "./testing/fixture.ts";

describe("when every way fails", () => {
  it("rejects with one message: each tool, each way and its reason, and what to do", async () => {
    const server = await releaseServer();
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
    server.serve("/gamma.test/gamma", program("gamma"));
    await box.script(join(box.bin, "alpha"), program("alpha"));
    const tools = [
      fakeTool({ name: "alpha" }),
      fakeTool({ name: "beta", release: { unavailable: "beta is released for Linux only" } }),
      fakeTool({ name: "gamma" }),
    ];
    const error = await installTools(tools, box.context).catch((thrown: unknown) => thrown);
    if (!(error instanceof ToolchainError)) throw new Error(`expected a ToolchainError, got ${error}`);

    expect(error.message.replaceAll(box.folder, "<box>").replaceAll(server.url, "<mirror>")).toBe(
      `2 of 3 programs of the toolchain could not be obtained.

alpha ${VERSION} (linux-amd64)
  cache      not in <box>/cache/toolchain/alpha/${VERSION}/linux-amd64
  installed  <box>/bin/alpha is a script, not the program itself
  release    <mirror>/alpha.test/alpha: HTTP 404
  go         no go on PATH; 1.26.0 or newer is needed

beta ${VERSION} (linux-amd64)
  cache      not in <box>/cache/toolchain/beta/${VERSION}/linux-amd64
  installed  no beta on PATH (KUBEBUILDER_ASSETS is not set)
  release    beta is released for Linux only
  go         no go on PATH; 1.26.0 or newer is needed

Any one of these helps:
  - install Go 1.26.0 or newer (https://go.dev/doc/install): Weft builds what is missing
  - let this machine reach the mirror in WEFT_TOOLCHAIN_MIRROR (HTTPS_PROXY and NO_PROXY are honoured)
  - set WEFT_TOOLCHAIN_MIRROR to a server that has these files
  - put them on PATH or in the folder KUBEBUILDER_ASSETS, of exactly these versions: alpha ${VERSION}, beta ${VERSION}`,
    );
    expect(error.failures.map(({ tool }) => tool)).toEqual(["alpha", "beta"]);
  });

  it("still installs the tools that can be had", async () => {
    const server = await releaseServer();
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
    server.serve("/gamma.test/gamma", program("gamma"));
    const gamma = fakeTool({ name: "gamma" });
    await expect(installTools([fakeTool({ name: "alpha" }), gamma], box.context)).rejects.toThrow(ToolchainError);
    expect(box.events.some(({ tool, step }) => tool === "gamma" && step === "ready")).toBe(true);
    expect((await installTools([gamma], box.context)).size).toBe(1);
  });

  it("rejects before it looks for anything when already cancelled", async () => {
    const box = await sandbox();
    const reason = new Error("enough");
    const context = { ...box.context, signal: AbortSignal.abort(reason) };
    await expect(installTools([fakeTool({ name: "alpha" })], context)).rejects.toBe(reason);
    expect(box.events).toEqual([]);
  });
});

describe("the ways", () => {
  it("fall through from a release that fails to a Go build", async () => {
    const server = await releaseServer();
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
    await box.script(
      join(box.bin, "go"),
      `#!/bin/sh
if [ "$1" = env ]; then echo go1.26.8; exit 0; fi
while [ $# -gt 0 ]; do if [ "$1" = -o ]; then out=$2; fi; shift; done
printf '#!/bin/sh\\necho alpha v${VERSION}\\n' > "$out"`,
    );
    await installTools([fakeTool({ name: "alpha" })], box.context);
    expect(box.events.filter(({ state }) => state !== "running").map(({ step, state }) => `${step} ${state}`)).toEqual([
      "search started",
      "search failed",
      "download started",
      "download failed",
      "build started",
      "build succeeded",
      "try started",
      "try succeeded",
      "ready succeeded",
    ]);
  });
});
