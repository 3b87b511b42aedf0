import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type PropertyMap, Secret, UNKNOWN } from "../property.ts";
import { checkConfig, diffConfig, parseConfig } from "./config.ts";
import { activeCluster, contextNamespace, readKubeconfig, resolvedContent } from "./kubeconfig.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-kubeconfig-"));
afterAll(() => rmSync(folder, { recursive: true }));

function kubeconfig(server = "https://10.0.0.1:6443", namespace = ""): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "c", cluster: { server, "certificate-authority": "pki/ca.crt" } },
      { name: "d", cluster: { server: "https://d" } },
    ],
    users: [{ name: "u", user: { token: "t0ken-canary" } }],
    contexts: [
      { name: "one", context: { cluster: "c", user: "u", ...(namespace && { namespace }) } },
      { name: "two", context: { cluster: "d", user: "u" } },
    ],
    "current-context": "one",
  });
}

const properties = (config: PropertyMap, environment = {}) =>
  checkConfig(config, environment).failures.map(({ property }) => property);
const reasons = (config: PropertyMap, environment = {}) =>
  checkConfig(config, environment).failures.map(({ reason }) => reason);

describe("provider configuration", () => {
  it("is accepted as the SDK sends it, with the keys the engine adds", () => {
    const config = {
      kubeconfig: new Secret(kubeconfig()),
      clusterIdentifier: "local",
      enableServerSideApply: "true",
      enableSecretMutable: "false",
      kubeClientSettings: '{"burst":100,"timeout":20}',
      version: "4.34.2",
      __internal: {},
      renderYamlToDirectory: "",
      skipUpdateUnreachable: "false",
    };
    expect(checkConfig(config, {})).toEqual({ inputs: config, failures: [] });
    expect(parseConfig(config)).toMatchObject({
      defaultNamespace: "default",
      secretsMutable: false,
      requestTimeout: 20_000,
      unused: ["burst"],
    });
  });

  it("rejects a missing kubeconfig, and never takes an ambient one", () => {
    const environment = { KUBECONFIG: "/home/me/.kube/config", HOME: "/home/me" };
    expect(reasons({}, environment)).toEqual([
      expect.stringMatching(/never uses an ambient kubeconfig.*kubernetes.Provider/),
    ]);
    // The SDK fills in $KUBECONFIG where the program gives none.
    expect(reasons({ kubeconfig: environment.KUBECONFIG }, environment)).toEqual([
      expect.stringMatching(/name the context/),
    ]);
  });

  it("takes the file that KUBECONFIG names once the context is named too", () => {
    const path = join(folder, "ambient");
    writeFileSync(path, kubeconfig());
    expect(properties({ kubeconfig: path, context: "two" }, { KUBECONFIG: path })).toEqual([]);
  });

  it.each([
    ["renderYamlToDirectory", "out"],
    ["helmReleaseSettings", '{"driver":"secret"}'],
    ["upsertExistingObjects", "true"],
    ["skipUpdateUnreachable", true],
    ["alwaysRender", "true"],
  ])("rejects %s, which this engine does not do, with the way out", (key, value) => {
    expect(reasons({ kubeconfig: kubeconfig(), [key]: value })).toEqual([
      expect.stringMatching(/not supported by the built-in engine.*Pulumi CLI/),
    ]);
  });

  it("rejects everything wrong at once", () => {
    const config = {
      kubeconfig: kubeconfig(),
      enableServerSideApply: "false",
      enableSecretMutable: "yes",
      namespce: "shop",
      context: "three",
      cluster: 7,
    };
    expect(properties(config)).toEqual([
      "namespce",
      "cluster",
      "enableSecretMutable",
      "enableServerSideApply",
      "kubeconfig",
    ]);
    expect(reasons(config).join("\n")).toMatch(/did you mean namespace\?/);
    expect(reasons(config).join("\n")).toMatch(/has no context "three"; contexts in it: "one", "two"/);
  });

  it.each([
    ["{qps", ["kubeClientSettings"]],
    ["[1]", ["kubeClientSettings"]],
    [true, ["kubeClientSettings"]],
    ['{"timeout":"20","qps":5}', ["kubeClientSettings.timeout"]],
    [{ burst: new Secret(5), timeout: false }, ["kubeClientSettings.timeout"]],
    [{}, []],
  ])("takes no client settings that it can't understand: %j", (kubeClientSettings, wrong) => {
    expect(properties({ kubeconfig: kubeconfig(), kubeClientSettings })).toEqual(wrong);
  });

  it("rejects what is no kubeconfig, without repeating it", () => {
    const secrets = ["token: [t0ken-canary", '"t0ken-canary"', "a: t0ken-canary\nb: 1", '{"clusters": "t0ken-canary"}'];
    for (const text of secrets) {
      const [reason = ""] = reasons({ kubeconfig: new Secret(text) });
      expect(reason).toMatch(/no valid YAML|no kubeconfig|no file/);
      if (!reason.includes("no file")) expect(reason).not.toContain("canary");
    }
    expect(reasons({ kubeconfig: "/nowhere/kubeconfig" })).toEqual(["there is no file /nowhere/kubeconfig"]);
  });

  it("asks for the context in strict mode", () => {
    expect(properties({ kubeconfig: kubeconfig(), strictMode: "true" })).toEqual(["context"]);
    expect(properties({ kubeconfig: kubeconfig(), strictMode: "true", context: "one" })).toEqual([]);
  });

  it("may be unknown while the cluster is not there yet", () => {
    const configs: PropertyMap[] = [
      { kubeconfig: UNKNOWN },
      { kubeconfig: new Secret(UNKNOWN) },
      { kubeconfig: kubeconfig(), context: UNKNOWN },
    ];
    for (const config of configs) {
      expect(properties(config)).toEqual([]);
      expect(parseConfig(config)).toMatchObject({ kubeconfig: undefined, defaultNamespace: undefined });
    }
    expect(parseConfig({ kubeconfig: UNKNOWN, namespace: "shop" }).defaultNamespace).toBe("shop");
  });

  it("takes the namespace of its own setting, else of the context, else the default one", () => {
    expect(parseConfig({ kubeconfig: kubeconfig(undefined, "team") }).defaultNamespace).toBe("team");
    expect(parseConfig({ kubeconfig: kubeconfig(undefined, "team"), namespace: "shop" }).defaultNamespace).toBe("shop");
    expect(parseConfig({ kubeconfig: kubeconfig(undefined, "team"), context: "two" }).defaultNamespace).toBe("default");
  });
});

describe("a changed configuration", () => {
  const config = (rest: PropertyMap = {}): PropertyMap => ({ kubeconfig: kubeconfig(), ...rest });

  it("replaces everything where the cluster's identifier changes, and nothing where it stays", () => {
    const moved = kubeconfig("https://10.0.0.2:6443");
    expect(diffConfig(config({ clusterIdentifier: "a" }), config({ clusterIdentifier: "b" })).replaces).toEqual([
      "clusterIdentifier",
    ]);
    const kept = diffConfig(config({ clusterIdentifier: "a" }), { kubeconfig: moved, clusterIdentifier: "a" });
    expect(kept).toMatchObject({ changes: "some", changed: ["kubeconfig"], replaces: [] });
    expect(diffConfig(config(), config({ clusterIdentifier: "b" })).replaces).toEqual([]);
  });

  it("without an identifier, replaces where the cluster in use has another address or authority", () => {
    expect(diffConfig(config(), { kubeconfig: kubeconfig("https://10.0.0.2:6443") }).replaces).toEqual(["kubeconfig"]);
    expect(diffConfig(config(), config({ context: "two" })).replaces).toEqual(["context"]);
    expect(diffConfig(config(), config({ cluster: "d" })).replaces).toEqual(["cluster"]);
    const otherToken = kubeconfig().replace("t0ken-canary", "renewed");
    expect(diffConfig(config(), { kubeconfig: otherToken })).toMatchObject({ changes: "some", replaces: [] });
  });

  it("replaces nothing while it is unknown, or while the old one can't be read", () => {
    expect(diffConfig(config(), { kubeconfig: UNKNOWN })).toMatchObject({ changes: "some", replaces: [] });
    expect(diffConfig({ kubeconfig: "/gone" }, config()).replaces).toEqual([]);
  });

  it("is none where only secrecy or the provider's version differs", () => {
    expect(
      diffConfig(config({ version: "4.33.0" }), { kubeconfig: new Secret(kubeconfig()), version: "4.34.2" }).changes,
    ).toBe("none");
  });
});

describe("kubeconfigs", () => {
  it("come as text, as an object, or as a file, whose relative paths are relative to it", () => {
    const path = join(folder, "config");
    writeFileSync(path, kubeconfig());
    const overrides = { context: undefined, cluster: undefined };
    const file = readKubeconfig(path);
    expect(activeCluster(file, overrides)).toMatchObject({ server: "https://10.0.0.1:6443" });
    expect(resolvedContent(file, overrides)).toMatchObject({
      clusters: [{ cluster: { "certificate-authority": join(folder, "pki/ca.crt") } }, {}],
      "current-context": "weft",
      contexts: [{ name: "weft", context: { cluster: "c", user: "u" } }],
    });
    expect(readKubeconfig(JSON.parse(kubeconfig())).content).toEqual(readKubeconfig(kubeconfig()).content);
    expect(contextNamespace(file, overrides)).toBe("default");
  });

  it("reject a context whose cluster is missing, with those there are", () => {
    const read = readKubeconfig(kubeconfig());
    expect(() => activeCluster(read, { context: undefined, cluster: "e" })).toThrow(
      'has no cluster "e"; clusters in it: "c", "d"',
    );
  });
});
