import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadProject } from "./project.ts";

/** A folder with the given files; a program is there unless it is given. */
async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "weft-project-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ "stacks/index.ts": "", ...files })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

const RUNTIME = "runtime: {name: nodejs, options: {typescript: false}}\n";
const load = async (text: string) => loadProject(await folderWith({ "Pulumi.yaml": text }));
const minimal = (more: string) => load(`name: weft\n${RUNTIME}${more}`);

describe("a project", () => {
  it("is read with everything the engine uses, paths made absolute", async () => {
    const folder = await folderWith({
      "Pulumi.yaml": [
        "name: weft",
        "description: A platform",
        "runtime:\n  name: nodejs\n  options:\n    typescript: false\n    packagemanager: npm",
        "main: stacks/index.ts",
        "stackConfigDir: stacks/config",
        "backend:\n  url: file://./.weft/state",
        "options:\n  refresh: always",
        "plugins:\n  providers:\n    - name: kwok\n      path: ./providers/kwok",
        "config:\n  weft:nodes: 6",
      ].join("\n"),
    });
    const project = await loadProject(folder);
    expect({
      ...project,
      config: Object.fromEntries([...project.config].map(([key, { fallback }]) => [key, fallback])),
    }).toEqual({
      name: "weft",
      description: "A platform",
      file: join(folder, "Pulumi.yaml"),
      directory: folder,
      program: { directory: join(folder, "stacks"), entry: "index.ts" },
      stackDirectory: join(folder, "stacks/config"),
      backendUrl: "file://./.weft/state",
      providerPlugins: [{ name: "kwok", version: undefined, path: join(folder, "providers/kwok") }],
      config: { "weft:nodes": 6 },
      alwaysRefresh: true,
      warnings: [],
    });
  });

  it("is found from a folder below, and the nearest one counts", async () => {
    const folder = await folderWith({
      "Pulumi.yaml": `name: outer\n${RUNTIME}`,
      "a/Pulumi.yml": `name: inner\n${RUNTIME}`,
      "a/b/c": "",
    });
    expect((await loadProject(join(folder, "a/b"))).name).toBe("inner");
    expect((await loadProject(join(folder, "stacks"))).name).toBe("outer");
  });

  it("takes Pulumi.json before Pulumi.yaml, as Pulumi does", async () => {
    const json = JSON.stringify({ name: "json", runtime: { name: "nodejs", options: { typescript: false } } });
    const folder = await folderWith({ "Pulumi.json": json, "Pulumi.yaml": `name: yaml\n${RUNTIME}` });
    expect((await loadProject(folder)).name).toBe("json");
  });

  it("runs in its own folder when main is a folder or absent", async () => {
    const project = await minimal("main: stacks\n");
    expect(project.program).toEqual({ directory: join(project.directory, "stacks"), entry: "." });
    const bare = await minimal("");
    expect(bare.program).toEqual({ directory: bare.directory, entry: "." });
    expect(bare.stackDirectory).toBe(bare.directory);
  });

  it("knows the old way of naming the folder of the stack files", async () => {
    const project = await minimal("config: old\n");
    expect(project.stackDirectory).toBe(join(project.directory, "old"));
    expect(project.config.size).toBe(0);
  });

  it("allows keys that nobody knows, but asks about a slip", async () => {
    const project = await minimal("stackconfigdir: a\nx-own: {y: 1}\nrequiredPulumiVersion: '>=3'\n");
    expect(project.warnings).toEqual([
      `${project.file}:3:17: stackconfigdir is not a setting of Pulumi; did you mean stackConfigDir?`,
    ]);
  });

  it("rejects a folder outside of any project", async () => {
    const folder = await folderWith({});
    await expect(loadProject(folder)).rejects.toThrow(`no Pulumi.yaml in ${folder} or any folder above it`);
  });

  it.each([
    ["", /Pulumi\.yaml:1:1: .*expected object/],
    ["runtime: nodejs\n", /:1:1: name: must be the project's name/],
    ["name: 7\nruntime: nodejs\n", /:1:7: name: must be the project's name/],
    ["name: weft\nruntime: 7\n", /:2:10: runtime: must be a name, or an object/],
    ["name: weft\n", /runtime: must be a name/],
    [
      "name: we ft\nruntime: {name: nodejs, options: {typescript: false}}\n",
      /:1:7: the project name "we ft" contains " "/,
    ],
    ["name: weft\nruntime: go\n", /:2:10: the built-in engine runs "nodejs" programs, not "go"/],
    ["name: weft\nruntime: nodejs\n", /runtime\.options\.typescript must be false/],
  ])("rejects %j with its place", async (text, message) => {
    await expect(load(text)).rejects.toThrow(message);
  });

  it.each([
    ["main: no/where.ts\n", /:3:7: main is .*no\/where\.ts, which does not exist/],
    ["backend: {uri: x}\n", /:3:10: backend: .*uri/],
    ["options: {refresh: sometimes}\n", /:3:20: options\.refresh: /],
    ["plugins: {providers: [{name: a}]}\n", /:3:23: plugins\.providers\.0\.path: /],
    ["plugins: {languages: [{name: a, path: b}]}\n", /runs Node\.js only/],
    ["config: old\nstackConfigDir: young\n", /given twice/],
    ["config: {a: {type: text}}\n", /:3:13: a has the type "text"; allowed are string, integer/],
    ["config: {a: {typ: string}}\n", /a has "typ"; allowed are type/],
    ["config: {a: {type: array}}\n", /must say of what/],
    ["config: {a: {default: 1, value: 2}}\n", /both a default and a value/],
    ["config: {a: {type: integer, default: many}}\n", /the default of a is "many", which is not of the type integer/],
    ["config: {a: {type: array, items: {type: string}, default: [x, 1]}}\n", /not of the type array<string>/],
    ["config: {'aws:r': {type: string, value: x}}\n", /it can't have a type/],
    ["config: {'aws:r': {default: x}}\n", /write "value", not "default"/],
    ["config: {'aws:r': {description: x}}\n", /it needs a "value"/],
    ["config: {a.b: 1}\n", /a\.b is a path into a value/],
  ])("rejects %j", async (text, message) => {
    await expect(minimal(text)).rejects.toThrow(message);
  });

  it("rejects runtime options that it does not know", async () => {
    const text = "name: weft\nruntime: {name: nodejs, options: {typescript: false, nodeargs: --inspect}}\n";
    await expect(load(text)).rejects.toThrow("does not know runtime.options.nodeargs");
  });

  it("rejects with all problems at once", async () => {
    const text = "name: we ft\nruntime: go\nmain: none\nconfig: {a: {type: x}}\n";
    await expect(load(text)).rejects.toThrow(/we ft.*\n.*nodejs.*\n.*the type "x".*\n.*does not exist/);
  });
});
