import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Passphrase } from "../state/index.ts";
import { loadProject } from "./project.ts";
import { configEnvironment, listStackConfigs, loadStackConfig, type StackConfig } from "./stack-config.ts";

const PASSPHRASE = new Passphrase("correct-horse", "the test");
/** As the official CLI wrote them. */
const SALT = "v1:nilB288bF7Q=:v1:9qt6flLJteByHh5Q:94R+GhFPMyJu246hMTvLxx3D/agh3Q==";
const SECRET = "v1:I5F3SpDsLwIhlt/c:kxRMNZAsV/fLLgIhk2WivORD0/T9brgjHn05GmU=";

async function load(stackFile: string, projectConfig = "", stack = "local"): Promise<StackConfig> {
  const folder = await mkdtemp(join(tmpdir(), "weft-config-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const runtime = "runtime: {name: nodejs, options: {typescript: false}}";
  await writeFile(join(folder, "Pulumi.yaml"), `name: weft\n${runtime}\nstackConfigDir: config\n${projectConfig}`);
  await mkdir(join(folder, "config"));
  await writeFile(join(folder, "config/Pulumi.local.yaml"), stackFile);
  return loadStackConfig(await loadProject(folder), stack, PASSPHRASE);
}

describe("the recorded stack file", () => {
  // fixtures/passed.gen.json is what the official CLI's language host put into the environment of a program, for the
  // project and the stack file beside it.
  it("gives a program exactly what the official language host gave it", async () => {
    const project = await loadProject(join(import.meta.dirname, "fixtures"));
    const config = await loadStackConfig(project, "local", PASSPHRASE);
    const passed = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/passed.gen.json"), "utf8"));
    const given = configEnvironment(config);
    expect(JSON.parse(given.PULUMI_CONFIG)).toEqual(JSON.parse(passed.PULUMI_CONFIG));
    expect(JSON.parse(given.PULUMI_CONFIG_SECRET_KEYS)).toEqual(JSON.parse(passed.PULUMI_CONFIG_SECRET_KEYS).sort());
    expect(Object.keys(config.values)).toHaveLength(36);
    expect(config.values["weft:pw"]).toBe("s3 <é>");
    expect(config.secretKeys).toEqual(["weft:o", "weft:pw"]);
  });
});

describe("a stack's config", () => {
  it("has its keys in full and its values as text, objects as JSON", async () => {
    const { values } = await load("config: {nodes: 6, 'weft:on': true, 'aws:region': eu, o: {b: [1], a: <x>}}\n");
    expect(values).toEqual({
      "weft:nodes": "6",
      "weft:on": "true",
      "aws:region": "eu",
      "weft:o": '{"a":"\\u003cx\\u003e","b":[1]}',
    });
  });

  it("decrypts secrets, nested ones too, and keeps them encrypted for the history", async () => {
    const file = `encryptionsalt: ${SALT}\nconfig:\n  pw: {secure: "${SECRET}"}\n  o: {list: [{secure: "${SECRET}"}], secure: 1}\n  plain: x\n`;
    const config = await load(file);
    expect(config.values).toEqual({
      "weft:pw": "s3cr3t-canary",
      "weft:o": '{"list":["s3cr3t-canary"],"secure":1}',
      "weft:plain": "x",
    });
    expect(config.secretKeys).toEqual(["weft:o", "weft:pw"]);
    expect(config.encryptionSalt).toEqual({ salt: SALT, file: config.file });
    expect(config.recorded).toEqual({
      "weft:pw": { secure: SECRET },
      "weft:o": { list: [{ secure: SECRET }], secure: 1 },
      "weft:plain": "x",
    });
  });

  it("is filled in from the project, where the stack says nothing", async () => {
    const project =
      "config: {size: 3, nodes: {type: integer, default: 6}, 'aws:region': {value: eu}, list: {default: [1, a]}}\n";
    expect((await load("config: {size: 5}\n", project)).values).toEqual({
      "weft:size": "5",
      "weft:nodes": "6",
      "aws:region": "eu",
      "weft:list": '[1,"a"]',
    });
  });

  it("may be an empty file", async () => {
    const config = await load("# nothing yet\n");
    expect([config.values, config.secretKeys, config.encryptionSalt]).toEqual([{}, [], undefined]);
    expect(configEnvironment(config)).toEqual({ PULUMI_CONFIG: "{}", PULUMI_CONFIG_SECRET_KEYS: "[]" });
  });

  it("reads a key without a value as empty text, and warns", async () => {
    const config = await load("config:\n  a:\n  b: ''\n");
    expect(config.values).toEqual({ "weft:a": "", "weft:b": "" });
    expect(config.warnings).toEqual([expect.stringMatching(/Pulumi\.local\.yaml:2:\d+: weft:a has no value/)]);
  });

  it("rejects a stack without a file, lists those that have one, and asks about a slip", async () => {
    await expect(load("", "", "locla")).rejects.toThrow(
      /the stack locla has no file .*there are local; did you mean local\?/,
    );
    await expect(load("", "", "prod")).rejects.toThrow(/there are local$/);
    await expect(load("", "", "pro/d")).rejects.toThrow('the stack name "pro/d" contains "/"');
  });

  it("lists the stacks that have a file", async () => {
    const project = await loadProject(join(import.meta.dirname, "fixtures"));
    expect(await listStackConfigs(project)).toEqual(["local"]);
    expect(await listStackConfigs({ ...project, stackDirectory: "/nowhere" })).toEqual([]);
  });

  it("rejects a wrong passphrase", async () => {
    const project = await loadProject(join(import.meta.dirname, "fixtures"));
    const wrong = loadStackConfig(project, "local", new Passphrase("wrong", "the test"));
    await expect(wrong).rejects.toThrow(
      /wrong passphrase: the test does not open the secrets of .*Pulumi\.local\.yaml/,
    );
  });

  it.each([
    ["config: [a]\n", "", /:1:9: .*expected record/],
    ["konfig: {}\n", "", /:1:1: .*konfig/],
    ["config: {'a:b:c': 1}\n", "", /:1:19: "a:b:c" is not a config key/],
    ["config: {nodes: 1, 'weft:nodes': 2}\n", "", /weft:nodes is set twice/],
    ["config: {a: [.nan]}\n", "", /not finite/],
    ["secretsprovider: awskms://x\n", "", /:1:18: .*"awskms:\/\/x".*the built-in engine knows passphrases/],
    ["encryptedkey: x\n", "", /a cloud key/],
    ["environment: [prod]\n", "", /Pulumi Cloud/],
    [`config: {pw: {secure: "${SECRET}"}}\n`, "", /encryptionsalt is missing, so weft:pw can't be decrypted/],
    [`encryptionsalt: ${SALT}\nconfig: {pw: {secure: "v1:AAAA:AAAA"}}\n`, "", /:2:14: weft:pw can't be decrypted/],
    [
      "config: {}\n",
      "config: {nodes: {type: integer}, size: {description: x}}\n",
      /does not set weft:nodes.*\n.*does not set weft:size/,
    ],
    ["config: {nodes: many}\n", "config: {nodes: {type: integer}}\n", /:1:17: weft:nodes must be of the type integer/],
    [
      "config: {list: [1]}\n",
      "config: {list: {type: array, items: {type: string}}}\n",
      /must be of the type array<string>/,
    ],
    [
      "config: {pw: plain}\n",
      "config: {pw: {type: string, secret: true}}\n",
      /must be encrypted: pulumi config set --secret weft:pw --stack local/,
    ],
  ])("rejects %j with the project's %j", async (file, project, message) => {
    await expect(load(file, project)).rejects.toThrow(message);
  });

  it("takes numbers and booleans that are written as text, as Pulumi does", async () => {
    const project = "config: {n: {type: integer}, b: {type: boolean}, s: {type: string}}\n";
    expect((await load("config: {n: '6', b: 'true', s: 7}\n", project)).values["weft:s"]).toBe("7");
  });
});
