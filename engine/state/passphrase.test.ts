import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixtures/support.ts";
import { ensurePassphrase, type Passphrase } from "./passphrase.ts";

const ensure = (directory: string, env = {}): Promise<Passphrase> => ensurePassphrase({ directory }, env);

describe("the generated passphrase", () => {
  it("is 32 random bytes in a file for the owner only, and stays", async () => {
    const project = await temporaryFolder();
    const first = await ensure(project);
    const path = join(project, ".weft", "passphrase");
    expect(Buffer.from(first.reveal(), "base64url")).toHaveLength(32);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(first.created).toBe(true);
    expect(first.environment).toEqual({ PULUMI_CONFIG_PASSPHRASE_FILE: path });
    const second = await ensure(project);
    expect([second.reveal(), second.created]).toEqual([first.reveal(), false]);
    expect((await ensure(await temporaryFolder())).reveal()).not.toBe(first.reveal());
  });

  it("goes with what needed it, and one that the user gave does not", async () => {
    const project = await temporaryFolder();
    await (await ensure(project)).forget();
    expect(await readdir(join(project, ".weft"))).toEqual([]);
    const file = join(project, "mine");
    await writeFile(file, "correct-horse", { mode: 0o600 });
    await (await ensure(project, { PULUMI_CONFIG_PASSPHRASE_FILE: file })).forget();
    expect(await readFile(file, "utf8")).toBe("correct-horse");
  });

  it("stays for stacks outside of the project", async () => {
    const project = await temporaryFolder();
    const passphrase = await ensure(project);
    await passphrase.keep();
    await (await ensure(project)).forget();
    expect((await ensure(project)).reveal()).toBe(passphrase.reveal());
  });

  it("is refused when another run has removed it meanwhile, whether a new one is there or not", async () => {
    const project = await temporaryFolder();
    const passphrase = await ensure(project);
    await expect(passphrase.requireUnforgotten()).resolves.toBeUndefined();
    await passphrase.forget();
    await expect(passphrase.requireUnforgotten()).rejects.toThrow("was removed by another run just now");
    await ensure(project);
    await expect(passphrase.requireUnforgotten()).rejects.toThrow("run again");
  });

  // Proves the protocol, not the scheduling of processes; the lock's test races real ones.
  it("is made once, however many ask at the same time", async () => {
    const project = await temporaryFolder();
    const all = await Promise.all(Array.from({ length: 16 }, () => ensure(project)));
    expect(new Set(all.map((passphrase) => passphrase.reveal())).size).toBe(1);
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    expect(await readdir(join(project, ".weft"))).toEqual(["passphrase"]);
  });

  it("never shows itself", async () => {
    const passphrase = await ensure(await temporaryFolder(), { PULUMI_CONFIG_PASSPHRASE: "hunter2" });
    const shown = [
      `${passphrase}`,
      JSON.stringify({ passphrase: { ...passphrase, environment: {} } }),
      inspect(passphrase.source),
    ];
    expect(shown.join()).not.toContain("hunter2");
    expect(JSON.stringify([passphrase])).not.toContain("hunter2");
  });

  async function withFile(content: string, mode: number): Promise<string> {
    const project = await temporaryFolder();
    await mkdir(join(project, ".weft"));
    await writeFile(join(project, ".weft", "passphrase"), content);
    await chmod(join(project, ".weft", "passphrase"), mode);
    return project;
  }

  it("rejects a file that others can read, with the command that mends it", async () => {
    for (const mode of [0o644, 0o640, 0o602]) {
      const project = await withFile("secret", mode);
      await expect(ensure(project)).rejects.toThrow(`chmod 600 '${project}/.weft/passphrase'`);
    }
  });

  it("rejects an empty file", async () => {
    await expect(ensure(await withFile(" \n", 0o600))).rejects.toThrow("is empty");
  });

  it("rejects a link to nowhere", async () => {
    const project = await temporaryFolder();
    await mkdir(join(project, ".weft"));
    await symlink("/nowhere", join(project, ".weft", "passphrase"));
    await expect(ensure(project)).rejects.toThrow("can't read the passphrase file");
  });
});

describe("a passphrase that is given", () => {
  it("comes from the variable first, then from the named file, then from the project", async () => {
    const project = await temporaryFolder();
    const file = join(project, "given");
    await writeFile(file, "\t from a file \u00a0\n\n");
    const both = { PULUMI_CONFIG_PASSPHRASE: " as it is ", PULUMI_CONFIG_PASSPHRASE_FILE: file };
    expect((await ensure(project, both)).reveal()).toBe(" as it is ");
    const named = await ensure(project, { PULUMI_CONFIG_PASSPHRASE_FILE: file });
    expect(named.reveal()).toBe("from a file");
    expect(named.environment).toEqual({ PULUMI_CONFIG_PASSPHRASE_FILE: file });
    const generated = await ensure(project, { PULUMI_CONFIG_PASSPHRASE_FILE: "" });
    expect(await readFile(join(project, ".weft", "passphrase"), "utf8")).toBe(`${generated.reveal()}\n`);
  });

  it("rejects an empty variable and a missing file, and makes no file then", async () => {
    const project = await temporaryFolder();
    await expect(ensure(project, { PULUMI_CONFIG_PASSPHRASE: "" })).rejects.toThrow("is set but empty");
    await expect(ensure(project, { PULUMI_CONFIG_PASSPHRASE_FILE: join(project, "no") })).rejects.toThrow("ENOENT");
    expect(await readdir(project)).toEqual([]);
  });
});
