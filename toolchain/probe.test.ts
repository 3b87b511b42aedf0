import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { installTools } from "./install.ts";
import { findInstalled } from "./probe.ts";
import { fakeTool, program, type Sandbox, sandbox, VERSION } from "./testing/fixture.ts";

const tool = fakeTool({ name: "alpha" });

async function folderWith(box: Sandbox, name: string, content: string): Promise<string> {
  const folder = join(box.folder, name);
  await mkdir(folder, { recursive: true });
  await box.script(join(folder, "alpha"), content);
  return folder;
}

describe("a program that is installed already", () => {
  it("is used where it lies when it has exactly the pinned version", async () => {
    const box = await sandbox();
    await box.script(join(box.bin, "alpha"), program("alpha"));
    expect((await installTools([tool], box.context)).get("alpha")).toBe(join(box.bin, "alpha"));
    expect(box.events.at(-1)).toMatchObject({ step: "ready", from: "installed", path: join(box.bin, "alpha") });
  });

  it("is taken from KUBEBUILDER_ASSETS before PATH", async () => {
    const box = await sandbox();
    await box.script(join(box.bin, "alpha"), program("alpha"));
    const assets = await folderWith(box, "assets", program("alpha"));
    const env = { ...box.context.env, KUBEBUILDER_ASSETS: assets };
    expect(await findInstalled(tool, { env })).toEqual({ path: join(assets, "alpha") });
  });

  it("is found by a KUBEBUILDER_ASSETS that is relative to where Weft is started", async () => {
    const box = await sandbox();
    const assets = await folderWith(box, "assets", program("alpha"));
    const env = { KUBEBUILDER_ASSETS: relative(process.cwd(), assets) };
    expect(await findInstalled(tool, { env })).toEqual({ path: join(assets, "alpha") });
  });

  it("is looked for further when the first one is of another version", async () => {
    const box = await sandbox();
    const old = await folderWith(box, "old", program("alpha", "1.0.0"));
    const right = await folderWith(box, "right", program("alpha"));
    const env = { PATH: `${old}:${right}` };
    expect(await findInstalled(tool, { env })).toEqual({ path: join(right, "alpha") });
  });

  it("rejects every other version, each once and with its reason", async () => {
    const box = await sandbox();
    const old = await folderWith(box, "old", program("alpha", "1.32.4-dispatcher"));
    const link = join(box.folder, "link");
    await symlink(old, link);
    const mute = await folderWith(box, "mute", "#!/bin/sh\necho hello\n");
    const failing = await folderWith(box, "failing", "#!/bin/sh\necho 'unknown flag' >&2; exit 3\n");
    const env = { PATH: [old, link, mute, failing].join(":") };
    expect(await findInstalled(tool, { env })).toEqual({
      reason: [
        `${old}/alpha is version 1.32.4-dispatcher; ${VERSION} is needed`,
        `${mute}/alpha says no version when asked with "--version": hello`,
        `${failing}/alpha ends with exit code 3 when asked with "--version": unknown flag`,
      ].join("\n"),
    });
  });

  it("rejects a file that this machine cannot run", async () => {
    const box = await sandbox();
    const folder = await folderWith(box, "foreign", "#!/nowhere/interpreter\n");
    expect(await findInstalled(tool, { env: { PATH: folder } })).toEqual({
      reason: expect.stringContaining(`${folder}/alpha cannot be run`),
    });
  });

  it("passes over what is no executable file, and over relative entries of PATH", async () => {
    const box = await sandbox();
    await mkdir(join(box.bin, "alpha"));
    const plain = join(box.folder, "plain");
    await mkdir(plain);
    await writeFile(join(plain, "alpha"), program("alpha"));
    await chmod(join(plain, "alpha"), 0o644);
    const env = { PATH: `::.:toolchain:${box.bin}:${plain}` };
    expect(await findInstalled(tool, { env })).toEqual({ reason: "no alpha on PATH (KUBEBUILDER_ASSETS is not set)" });
  });

  it("gives up on a program when the search is cancelled", async () => {
    const box = await sandbox();
    await box.script(join(box.bin, "alpha"), "#!/bin/sh\nexec /bin/sleep 300\n");
    const controller = new AbortController();
    const reason = new Error("enough");
    const finding = findInstalled(tool, { env: box.context.env, signal: controller.signal });
    controller.abort(reason);
    await expect(finding).rejects.toBe(reason);
  });
});
