import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, vi } from "vitest";
import type { AnalyzedResource, AnalyzedStackResource, PolicyPack } from "../policy.ts";
import { type PolicyPackOptions, startPolicyPack } from "../policy-pack.ts";
import type { PropertyMap } from "../property.ts";

/* Policy packs to test with: written to a temporary folder, run as real processes, gone after the tests of a file. */

// A pack is up in half a second; a machine that is busy may take many times that.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

export const root = fileURLToPath(new URL("../..", import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), "weft-policy-pack-"));
const started: PolicyPack[] = [];

/** What the packs of the current test have printed. */
export const output: string[] = [];

afterEach(() => {
  output.length = 0;
});

afterAll(async () => {
  await Promise.all(started.map((pack) => pack.close()));
  rmSync(temporary, { recursive: true });
});

/** Writes a pack into a folder of its own; `index` is its index.js. */
export function writePack(
  name: string,
  index: string,
  { yaml = "name: x\nruntime: nodejs\n", installed = true } = {},
): string {
  const directory = join(temporary, name);
  mkdirSync(directory);
  writeFileSync(
    join(directory, "package.json"),
    JSON.stringify({ name, version: "1.2.3", type: "module", main: "index.js" }),
  );
  writeFileSync(join(directory, "PulumiPolicy.yaml"), yaml);
  writeFileSync(join(directory, "index.js"), index);
  if (installed) symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  return directory;
}

/** A pack with these rules, as the text of an array. */
export function packOf(rules: string): string {
  return `import { PolicyPack } from "@pulumi/policy";\nnew PolicyPack("fixture", { policies: ${rules} });\n`;
}

export function rule(validate: string, more = ""): string {
  return `{ name: "a-rule", description: "Rules.", enforcementLevel: "mandatory", ${more}
    validateResource: (args, report) => { ${validate} } }`;
}

export async function start(directory: string, changes: Partial<PolicyPackOptions> = {}): Promise<PolicyPack> {
  const pack = await startPolicyPack({
    directory,
    projectDirectory: root,
    project: "shop",
    stack: "local",
    organization: "organization",
    dryRun: true,
    config: {},
    configSecretKeys: [],
    env: process.env,
    onOutput: (line) => output.push(line),
    signal: new AbortController().signal,
    ...changes,
  });
  started.push(pack);
  return pack;
}

export function resource(
  type: string,
  properties: PropertyMap,
  changes: Partial<AnalyzedResource> = {},
): AnalyzedResource {
  return {
    urn: `urn:pulumi:local::shop::${type}::orders`,
    type,
    name: "orders",
    properties,
    parent: undefined,
    protect: false,
    ignoreChanges: [],
    deleteBeforeReplace: undefined,
    additionalSecretOutputs: [],
    aliases: [],
    customTimeouts: undefined,
    provider: undefined,
    ...changes,
  };
}

export function inStack(
  analyzed: AnalyzedResource,
  changes: Partial<AnalyzedStackResource> = {},
): AnalyzedStackResource {
  return { ...analyzed, dependencies: [], propertyDependencies: {}, ...changes };
}
