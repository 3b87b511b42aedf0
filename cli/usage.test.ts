import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { main } from "./index.ts";
import { type FakeEngine, fakeEngine } from "./testing/fake-engine.ts";
import { testProject } from "./testing/project.ts";
import { operations, weft } from "./testing/run.ts";
import { testWorld } from "./testing/world.ts";

describe("wrong usage", () => {
  it.each([
    [["up"], /no terminal to ask on. Say --yes/],
    [["destroy"], /Say --yes/],
    [["up", "locl", "--yes"], /has no stack "locl"; did you mean "local"\?.*local, shop/],
    [["up", "elsewhere", "--yes"], /has no stack "elsewhere"\. Of the files/],
    [["up", "--cwd", "Pulumi.yaml", "--yes"], /there is no folder .*Pulumi\.yaml/],
    [["up", "--cwd", "Pulumi.yaml/below", "--yes"], /there is no folder/],
    [["up", "--cwd", "nowhere", "--yes"], /there is no folder .*nowhere/],
    [["preview", "--policy-pack", "none"], /--policy-pack none: there is no PulumiPolicy.yaml/],
    [["upp"], /Did you mean up\?/],
    [["up", "--refersh"], /Did you mean --refresh\?/],
    [["up", "local", "shop"], /too many arguments/],
    [["up", "--engine", "other"], /auto, pulumi, builtin/],
    [["preview", "--engine", "pulumi"], /--engine pulumi: no pulumi on PATH/],
    [[], /Usage: weft/],
  ])("is refused with 2 and a hint, and nothing is begun: %j", async (args, said) => {
    const engine = fakeEngine();
    const { code, world } = await weft(args, engine);
    expect(code).toBe(2);
    expect(world.stderr.text).toMatch(said);
    expect(world.stdout.text).toBe("");
    expect(engine.calls).toEqual([]);
  });

  it("is JSON where JSON was asked for", async () => {
    const { code, world } = await weft(["status", "locl", "--json"], fakeEngine());
    expect(JSON.parse(world.stdout.text)).toMatchObject({
      kind: "problem",
      exitCode: 2,
      problem: { error: "UsageError" },
    });
    expect([code, world.stderr.text]).toEqual([2, ""]);
  });

  it.each([
    ["a target that there is not", "config: {weft:cluster: {target: eks}}\n", /weft:cluster\.target must be "kwok"/],
    ["no configuration at all", "config: {}\n", /weft:cluster/],
  ])("is %s, told before anything is begun", async (_, config, said) => {
    await using project = await testProject();
    await project.write("stacks/config/Pulumi.local.yaml", config);
    for (const args of [["up", "--yes"], ["preview"]]) {
      const engine = fakeEngine();
      const world = testWorld({ cwd: project.directory, engine });
      expect([await main(args, world), world.stdout.text, operations(engine)]).toEqual([2, "", []]);
      expect(world.stderr.text).toMatch(said);
      expect(world.stderr.text).toContain("stacks/config/Pulumi.local.yaml");
    }
    expect(await project.exists(".weft/passphrase")).toBe(false);
  });

  it("is a service file that can't be used, with all problems as data", async () => {
    await using project = await testProject();
    await project.write("catalog/bad.yaml", "nmae: bad\n");
    const engine = fakeEngine();
    const world = testWorld({ cwd: project.directory, engine });
    expect([await main(["up", "--yes", "--json"], world), operations(engine)]).toEqual([2, []]);
    const { problem, ...line } = JSON.parse(world.stdout.text);
    expect(line).toEqual({ kind: "problem", exitCode: 2 });
    expect(problem.error).toBe("CatalogError");
    expect(problem.problems.length).toBeGreaterThan(1);
    expect(await project.exists(".weft/passphrase")).toBe(false);
    // What is there can be deleted whatever the catalog says.
    expect(await main(["destroy", "--yes"], testWorld({ cwd: project.directory, engine }))).toBe(0);
  });

  it("is not what only the engine or another program can judge", async () => {
    await using project = await testProject();
    const up = (engine: FakeEngine) => main(["up", "--yes"], testWorld({ cwd: project.directory, engine }));
    await project.write("stacks/config/Pulumi.local.yaml", "secretsprovider: awskms://key\n");
    const pulumi = fakeEngine();
    expect([await up(pulumi), operations(pulumi)]).toEqual([0, ["up"]]);
    await project.write("stacks/config/Pulumi.local.yaml", "config: {}\n");
    await project.write(
      "Pulumi.yaml",
      "name: other\nruntime: {name: nodejs, options: {typescript: false}}\nmain: program.ts\nstackConfigDir: stacks/config\nbackend: {url: 'file://./.weft/state'}\n",
    );
    const other = fakeEngine();
    expect([await up(other), operations(other)]).toEqual([0, ["up"]]);
  });

  it("is a project that can't be read, with the place", async () => {
    await using project = await testProject();
    await writeFile(join(project.directory, "Pulumi.yaml"), "name: weft\nruntime: go\nmain: program.ts\n");
    const world = testWorld({ cwd: project.directory, engine: fakeEngine() });
    expect(await main(["up", "--yes"], world)).toBe(2);
    expect(world.stderr.text).toMatch(/Pulumi\.yaml:2:\d+: .*nodejs/);
  });
});
