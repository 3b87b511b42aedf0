import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chooseEngine, isOlder, OLDEST_PULUMI } from "./engine-choice.ts";
import { UsageError } from "./exit-code.ts";
import { type TestProject, testProject } from "./testing/project.ts";

/** A program that answers as the Pulumi CLI does when it is asked for its version. */
async function install(project: TestProject, answer: string, { host = true } = {}): Promise<NodeJS.ProcessEnv> {
  await project.write("bin/pulumi", `#!/bin/sh\n${answer}\n`, 0o755);
  if (host) await project.write("bin/pulumi-language-nodejs", "#!/bin/sh\n", 0o755);
  return { PATH: join(project.directory, "bin") };
}

describe("the engine", () => {
  it("is the Pulumi CLI where there is one that can be used", async () => {
    await using project = await testProject();
    const env = await install(project, "echo v3.260.0");
    const executable = join(project.directory, "bin/pulumi");
    expect(await chooseEngine("auto", env)).toEqual({
      name: "pulumi",
      reason: executable,
      version: "3.260.0",
      executable,
    });
  });

  it("is the built-in one where there is none, or when it is asked for", async () => {
    expect(await chooseEngine("auto", { PATH: "" })).toEqual({ name: "builtin", reason: "no pulumi on PATH" });
    expect(await chooseEngine("builtin", {})).toEqual({ name: "builtin", reason: "--engine builtin" });
  });

  it.each([
    ["is too old", "echo v3.100.0", {}, new RegExp(`is 3\\.100\\.0; ${OLDEST_PULUMI} or newer is needed`)],
    ["does not run", "exit 7", {}, /does not run/],
    ["tells no version", "echo hello", {}, /tells no version but "hello"/],
    ["has no Node.js host", "echo v3.260.0", { host: false }, /no pulumi-language-nodejs/],
  ])("is the built-in one when the Pulumi CLI %s, and says so; with --engine pulumi that is refused", async (_, answer, how, why) => {
    await using project = await testProject();
    const env = await install(project, answer, how);
    const { name, reason } = await chooseEngine("auto", env);
    expect(name).toBe("builtin");
    expect(reason).toMatch(why);
    await expect(chooseEngine("pulumi", env)).rejects.toThrow(why);
    await expect(chooseEngine("pulumi", env)).rejects.toThrow(UsageError);
  });

  it("is not looked for in the working folder, where PATH is empty or relative", async () => {
    await using project = await testProject();
    await install(project, "echo v3.260.0");
    expect((await chooseEngine("auto", { PATH: ":.:bin" })).name).toBe("builtin");
  });
});

it("versions are compared by their numbers", () => {
  expect(isOlder("3.99.0", "3.183.0")).toBe(true);
  expect(isOlder("3.260.0-dev.1b59", "3.260.0")).toBe(false);
  expect(isOlder("24.12.0", "24.12")).toBe(false);
  expect(isOlder("22.18.0", "24.12")).toBe(true);
});
