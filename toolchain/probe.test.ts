import { existsSync } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { installTools } from "./install.ts";
import { findInstalled } from "./probe.ts";
import { fakeTool, NATIVE, nativeTool, program, type Sandbox, sandbox, VERSION } from "./testing/fixture.ts";

const alpha = nativeTool("alpha");

async function folderWith(box: Sandbox, name: string, put: (path: string) => Promise<void>): Promise<string> {
  const folder = join(box.folder, name);
  await mkdir(folder, { recursive: true });
  await put(join(folder, "alpha"));
  return folder;
}

const native = (path: string) => symlink(NATIVE, path);
const script = (box: Sandbox) => (path: string) => box.script(path, program("alpha"));

describe("a program that is installed already", () => {
  it("is used where it really lies when it has exactly the pinned version", async () => {
    const box = await sandbox();
    await native(join(box.bin, "alpha"));
    expect((await installTools([alpha], box.context)).get("alpha")).toBe(NATIVE);
    expect(box.events.at(-1)).toMatchObject({ step: "ready", from: "installed", path: NATIVE });
  });

  it("is looked for in KUBEBUILDER_ASSETS before PATH", async () => {
    const box = await sandbox();
    await box.script(join(box.bin, "alpha"), program("alpha"));
    const assets = await folderWith(box, "assets", script(box));
    const env = { ...box.context.env, KUBEBUILDER_ASSETS: assets };
    expect(await findInstalled(alpha, { env })).toEqual({
      reason: [
        `${assets}/alpha is a script, not the program itself`,
        `${box.bin}/alpha is a script, not the program itself`,
      ].join("\n"),
    });
  });

  it("is found by a KUBEBUILDER_ASSETS that is relative to where Weft is started", async () => {
    const box = await sandbox();
    const assets = await folderWith(box, "assets", native);
    const env = { KUBEBUILDER_ASSETS: relative(process.cwd(), assets) };
    expect(await findInstalled(alpha, { env })).toEqual({ path: NATIVE });
  });

  it("is looked for further when the first one is not it", async () => {
    const box = await sandbox();
    const other = await folderWith(box, "other", (path) => symlink("/bin/sleep", path));
    const right = await folderWith(box, "right", native);
    expect(await findInstalled(alpha, { env: { PATH: `${other}:${right}` } })).toEqual({ path: NATIVE });
  });

  it("rejects every other version, once and with its reason", async () => {
    const box = await sandbox();
    const old = await folderWith(box, "old", native);
    const link = join(box.folder, "link");
    await symlink(old, link);
    expect(await findInstalled({ ...alpha, version: VERSION }, { env: { PATH: `${old}:${link}` } })).toEqual({
      reason: `${NATIVE} is version ${process.versions.node}; ${VERSION} is needed`,
    });
  });

  it.each([
    ["says no version", ["-p", "'hello'"], `${NATIVE} says no version when asked with "-p 'hello'": hello`],
    ["fails", ["-e", "process.exit(3)"], `${NATIVE} ends with exit code 3 when asked with "-e process.exit(3)"`],
  ])("rejects one that %s", async (_case, args, reason) => {
    const box = await sandbox();
    await native(join(box.bin, "alpha"));
    expect(await findInstalled(nativeTool("alpha", { args }), { env: box.context.env })).toEqual({ reason });
  });

  it("rejects a script of the right version, also behind a link, without running it: a version manager's stand-in", async () => {
    const box = await sandbox();
    const started = join(box.folder, "started");
    const shims = await folderWith(box, "shims", (path) =>
      box.script(path, program("alpha", VERSION, `: > ${started}`)),
    );
    const links = await folderWith(box, "links", (path) => symlink(join(shims, "alpha"), path));
    expect(await findInstalled(fakeTool({ name: "alpha" }), { env: { PATH: links } })).toEqual({
      reason: `${links}/alpha (${shims}/alpha) is a script, not the program itself`,
    });
    expect(existsSync(started)).toBe(false);
  });

  it("asks what a link leads to, not the link: one program may stand in for many by their names", async () => {
    const box = await sandbox();
    await native(join(box.bin, "alpha"));
    const byName = nativeTool("alpha", { args: ["-p", "'v' + process.argv0"], answer: /^v(\S+)$/m });
    expect(await findInstalled(byName, { env: box.context.env })).toEqual({
      reason: `${NATIVE} is version ${NATIVE}; ${process.versions.node} is needed`,
    });
  });

  it("rejects a file that this machine cannot run", async () => {
    const box = await sandbox();
    const folder = await folderWith(box, "foreign", (path) =>
      writeFile(path, Buffer.from("7f454c46ffff", "hex"), { mode: 0o755 }),
    );
    expect(await findInstalled(alpha, { env: { PATH: folder } })).toEqual({
      // What the system can't run as it is, the C library hands to the shell.
      reason: expect.stringMatching(/foreign\/alpha (cannot be run|ends with exit code \d+)/),
    });
  });

  it("passes over what is no executable file, and over relative entries of PATH", async () => {
    const box = await sandbox();
    await mkdir(join(box.bin, "alpha"));
    const plain = await folderWith(box, "plain", script(box));
    await chmod(join(plain, "alpha"), 0o644);
    const env = { PATH: `::.:toolchain:${box.bin}:${plain}` };
    expect(await findInstalled(alpha, { env })).toEqual({ reason: "no alpha on PATH (KUBEBUILDER_ASSETS is not set)" });
  });

  it("gives up on a program when the search is cancelled", async () => {
    const box = await sandbox();
    await native(join(box.bin, "alpha"));
    const controller = new AbortController();
    const reason = new Error("enough");
    const hanging = nativeTool("alpha", { args: ["-e", "setTimeout(() => {}, 300_000)"] });
    const finding = findInstalled(hanging, { env: box.context.env, signal: controller.signal });
    controller.abort(reason);
    await expect(finding).rejects.toBe(reason);
  });
});
