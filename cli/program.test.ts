import { describe, expect, it } from "vitest";
import weft from "../package.json" with { type: "json" };
import { main } from "./index.ts";
import { testProject } from "./testing/project.ts";
import { testWorld } from "./testing/world.ts";

async function help(...args: string[]): Promise<string> {
  const world = testWorld();
  expect(await main([...args, "--help"], world)).toBe(0);
  return world.stdout.text;
}

const COMMANDS = ["up", "preview", "destroy", "refresh", "status", "outputs", "doctor", "toolchain"];

describe("a command line that can't be read", () => {
  it.each([
    [["up", "--bogus"], /unknown option '--bogus'/],
    [["upp"], /unknown command 'upp'[\s\S]*Did you mean up\?/],
    [["up", "local", "shop"], /too many arguments/],
    [["toolchain", "bogus"], /unknown command 'bogus'/],
  ])("is a problem in JSON where JSON was asked for: %j", async (args, message) => {
    const world = testWorld();
    expect(await main([...args, "--json"], world)).toBe(2);
    expect(world.stderr.text).toBe("");
    expect(JSON.parse(world.stdout.text)).toEqual({
      kind: "problem",
      exitCode: 2,
      problem: { error: "UsageError", message: expect.stringMatching(message) },
    });
  });
});

it.each(["-v", "-yv", "-vy", "--verbose"])("%s asks for all of a bug", async (flag) => {
  const world = testWorld();
  const loading = () => Promise.reject(new TypeError("x is undefined"));
  await using project = await testProject();
  expect(await main(["up", "-y", flag], { ...world, cwd: project.directory, builtinEngine: loading })).toBe(1);
  expect(world.stderr.text).toContain("program.test.ts");
});

describe("the help", () => {
  it.each([
    [],
    ...COMMANDS.map((name) => [name]),
    ["toolchain", "install"],
  ])("of %s reads as it did", async (...args) => {
    const name = ["weft", ...args].join("-");
    await expect(await help(...args)).toMatchFileSnapshot(`show/golden/help-${name}.txt`);
  });

  it("lists every command, and the exit codes", async () => {
    const text = await help();
    for (const name of COMMANDS) expect(text).toMatch(new RegExp(`^ {2}${name} `, "m"));
    expect(text).toMatch(/^ {2}130 {2}cancelled/m);
  });

  it.each(COMMANDS)("of %s has examples of it", async (name) => {
    expect(await help(name)).toMatch(new RegExp(`Examples:\n {2}weft ${name}`));
  });

  it("is also had by `weft help up`, and the version by --version", async () => {
    const world = testWorld();
    expect(await main(["help", "up"], world)).toBe(0);
    expect(world.stdout.text).toBe(await help("up"));
    const asked = testWorld();
    expect(await main(["--version"], asked)).toBe(0);
    expect(asked.stdout.text).toBe(`${weft.version}\n`);
  });
});
