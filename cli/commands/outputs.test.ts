import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { main } from "../index.ts";
import { kwok, stackUrn } from "../testing/events.ts";
import { fakeEngine, inspectionOf } from "../testing/fake-engine.ts";
import { PLATFORM } from "../testing/platform.ts";
import { type TestProject, testProject } from "../testing/project.ts";
import { testWorld } from "../testing/world.ts";

const deployed = inspectionOf([
  { urn: stackUrn, type: "pulumi:pulumi:Stack", custom: false, outputs: { ...PLATFORM, note: "two\nlines" } },
  { ...kwok, outputs: { path: "/clusters/local" } },
]);

async function outputs(project: TestProject, ...args: string[]) {
  await project.deploy("local");
  const world = testWorld({ cwd: project.directory, engine: fakeEngine({}, deployed) });
  const code = await main(["outputs", ...args], world);
  return { code, text: world.stdout.text, error: world.stderr.text };
}

describe("weft outputs", () => {
  it("lists everything, with secrets masked", async () => {
    await using project = await testProject();
    const { code, text } = await outputs(project);
    expect(code).toBe(0);
    expect(text).toMatch(/^kubeconfig {4}\[secret\]$/m);
    expect(text).toMatch(/^note {10}two lines$/m);
    expect(text).not.toContain("s3cr3t-canary");
  });

  it("prints one output whole and as it is, for the shell", async () => {
    await using project = await testProject();
    expect((await outputs(project, "local", "target")).text).toBe("kwok\n");
    const note = await outputs(project, "local", "note");
    expect([note.text, note.error]).toEqual(["two\nlines\n", ""]);
    const secret = await outputs(project, "local", "kubeconfig", "--show-secrets");
    expect([secret.text, secret.error]).toEqual(["apiVersion: v1\nclient-key-data: s3cr3t-canary\n", ""]);
  });

  it("says beside a mask how to get at the secret: into a file, the mask alone would go unnoticed", async () => {
    await using project = await testProject();
    const { code, text, error } = await outputs(project, "local", "kubeconfig");
    expect([code, text]).toEqual([0, "[secret]\n"]);
    expect(error).toMatch(/^kubeconfig is a secret: --show-secrets prints it, --kubeconfig writes it/);
  });

  it("is JSON with --json", async () => {
    await using project = await testProject();
    const all = JSON.parse((await outputs(project, "--json")).text);
    expect(all).toMatchObject({ target: "kwok", kubeconfig: "[secret]" });
    expect(JSON.parse((await outputs(project, "local", "services", "--json")).text)).toHaveLength(3);
    expect(JSON.parse((await outputs(project, "--json", "--show-secrets")).text).kubeconfig).toContain("s3cr3t-canary");
  });

  it("writes the kubeconfig for its owner's eyes only, and prints nothing of it", async () => {
    await using project = await testProject();
    const path = await project.write(".weft/local.kubeconfig", "old, and open to all", 0o644);
    const { code, text } = await outputs(project, "--kubeconfig");
    expect(code).toBe(0);
    expect(await readFile(path, "utf8")).toContain("s3cr3t-canary");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(text).toContain(path);
    // There is no kubectl on the PATH of this world, but the cluster has one.
    expect(text).toContain("bin/kubectl --kubeconfig .weft/local.kubeconfig get pods");
    expect(text).not.toContain("s3cr3t-canary");
    const spaced = await outputs(project, "--kubeconfig", "else where/config");
    expect((await stat(join(project.directory, "else where/config"))).mode & 0o777).toBe(0o600);
    expect(spaced.text).toContain("--kubeconfig 'else where/config' get pods");
  });

  it("takes no word for a file that may be meant as the stack", async () => {
    await using project = await testProject();
    const { code, error } = await outputs(project, "--kubeconfig", "shop");
    expect(code).toBe(2);
    expect(error).toMatch(/a stack or a file\? Say weft outputs shop --kubeconfig, or --kubeconfig \.\/shop$/m);
    expect(await project.exists("shop")).toBe(false);
    expect((await outputs(project, "--kubeconfig", "./shop")).code).toBe(0);
    expect(await project.exists("shop")).toBe(true);
  });

  it("rejects an output that there is not, and a stack of which nothing is deployed", async () => {
    await using project = await testProject();
    const unknown = await outputs(project, "local", "servces");
    expect([unknown.code, unknown.text]).toEqual([2, ""]);
    expect(unknown.error).toMatch(/no output "servces"; did you mean "services"\?/);
    expect((await outputs(project, "local", "replicas")).error).toMatch(/no output "replicas"\. It has target, /);
    const nothing = await outputs(project, "shop");
    expect([nothing.code, nothing.error]).toEqual([2, expect.stringContaining("nothing is deployed of shop")]);
  });
});
