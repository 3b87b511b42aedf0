import { readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { installTools } from "./install.ts";
import { statusOf, verdictsOn } from "./status.ts";
import { fakeTool, NATIVE, nativeTool, program, releaseServer, sandbox, sha256, VERSION } from "./testing/fixture.ts";

const tool = fakeTool({ name: "alpha" });

async function installed(tools = [tool]) {
  const server = await releaseServer();
  for (const { name } of tools) server.serve(`/${name}.test/${name}`, program(name));
  const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
  const path = (await installTools(tools, box.context)).get("alpha") ?? "";
  return { server, box, path };
}

describe("the list", () => {
  it("says that a cached tool comes from the cache, with its size and manifest", async () => {
    const { box, path } = await installed();
    expect(await statusOf([tool], box.context)).toMatchObject([
      {
        tool: "alpha",
        version: VERSION,
        platform: "linux-amd64",
        from: "cache",
        path,
        bytes: program("alpha").length,
        manifest: { source: "release", sha256: sha256(program("alpha")) },
      },
    ]);
  });

  it("says what an installed one is, and that a missing one would be downloaded, without doing so", async () => {
    const server = await releaseServer();
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
    await symlink(NATIVE, join(box.bin, "beta"));
    const [alpha, beta] = await statusOf([tool, nativeTool("beta")], box.context);
    expect(alpha).toMatchObject({ from: "release", path: undefined, bytes: undefined, manifest: undefined });
    expect(alpha?.ways.map(({ way, open }) => [way, open])).toEqual([
      ["cache", false],
      ["installed", false],
      ["release", true],
      ["go", false],
    ]);
    expect(alpha?.ways[2]?.detail).toBe(`${server.url}/alpha.test/alpha, its SHA-256 is pinned`);
    expect(beta).toMatchObject({ from: "installed", path: NATIVE });
    expect(server.asked).toEqual([]);
  });

  it("says that no way is open, and why", async () => {
    const box = await sandbox();
    const [status] = await statusOf(
      [fakeTool({ name: "alpha", release: { unavailable: "not for you" } })],
      box.context,
    );
    expect(status).toMatchObject({ from: undefined });
    expect(status?.ways.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^not in /),
      expect.stringMatching(/^no alpha on PATH/),
      "not for you",
      expect.stringMatching(/^no go on PATH/),
    ]);
  });
});

describe("verifying", () => {
  it("finds nothing wrong with what was installed", async () => {
    const { box, path } = await installed();
    expect(await verdictsOn([tool], box.context)).toEqual([
      {
        tool: "alpha",
        version: VERSION,
        state: "sound",
        from: "cache",
        path,
        sha256: sha256(program("alpha")),
        problems: [],
      },
    ]);
  });

  it("finds a changed program of the same size and age, which a cache hit does not look for", async () => {
    const { box, path } = await installed();
    const { atime, mtime } = await stat(path);
    const started = join(box.folder, "started");
    const changed = `#!/bin/sh\n: > ${started}`.padEnd(program("alpha").length, "#").slice(0, program("alpha").length);
    await writeFile(path, changed);
    await utimes(path, atime, mtime);
    expect((await installTools([tool], box.context)).get("alpha")).toBe(path);

    const [verdict] = await verdictsOn([tool], box.context);

    expect(verdict).toMatchObject({ state: "bad", from: "cache", sha256: sha256(changed) });
    expect(verdict?.problems[0]).toBe(
      `${path} has the SHA-256 ${sha256(changed)}; ${sha256(program("alpha"))} was installed`,
    );
    await expect(stat(started)).rejects.toThrow("ENOENT");
  });

  it("finds a program that was changed together with its manifest, by the pinned checksum", async () => {
    const { box, path } = await installed();
    const changed = program("alpha").replace("echo", "ecHo");
    await writeFile(path, changed);
    const manifest = join(dirname(path), "manifest.json");
    await writeFile(manifest, (await readFile(manifest, "utf8")).replace(sha256(program("alpha")), sha256(changed)));
    const [verdict] = await verdictsOn([tool], box.context);
    expect(verdict?.problems).toEqual([
      `${path} has the SHA-256 ${sha256(changed)}; the pinned one is ${sha256(program("alpha"))}`,
    ]);
  });

  it("finds a truncated program and a missing one", async () => {
    const { box, path } = await installed([tool, fakeTool({ name: "beta" })]);
    await writeFile(path, "#!/bin/sh\n");
    const verdicts = await verdictsOn([tool, fakeTool({ name: "beta" }), fakeTool({ name: "gamma" })], box.context);
    expect(verdicts.map(({ tool: name, state }) => [name, state])).toEqual([
      ["alpha", "bad"],
      ["beta", "sound"],
      ["gamma", "absent"],
    ]);
    expect(verdicts[0]?.problems[0]).toMatch(/10 bytes; \d+ were installed$/);
  });

  it("finds a whole program that no longer runs", async () => {
    const server = await releaseServer();
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
    const broken = join(box.folder, "broken");
    const content = program("alpha", VERSION, `[ -e ${broken} ] && { echo "no such library" >&2; exit 127; }`);
    const fragile = fakeTool({ name: "alpha", checksum: { kind: "pinned", sha256: sha256(content) } });
    server.serve("/alpha.test/alpha", content);
    await installTools([fragile], box.context);
    await writeFile(broken, "");
    expect(await verdictsOn([fragile], box.context)).toMatchObject([
      { state: "bad", problems: [expect.stringContaining("exit code 127")] },
    ]);
  });

  it("takes an installed program of the right version for sound, without a hash to compare", async () => {
    const box = await sandbox();
    await symlink(NATIVE, join(box.bin, "alpha"));
    expect(await verdictsOn([nativeTool("alpha")], box.context)).toMatchObject([
      { state: "sound", from: "installed", path: NATIVE, sha256: undefined },
    ]);
  });
});
