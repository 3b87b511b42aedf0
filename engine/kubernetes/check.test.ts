import { describe, expect, it } from "vitest";
import { Secret, UNKNOWN } from "../property.ts";
import { type CheckFacts, checkInputs, needsNamespace } from "./check.ts";
import { diffObjects } from "./diff.ts";
import { isNamespaced } from "./kinds.ts";
import { decodeMap, fixture } from "./testing/recorded.ts";

const recorded = fixture("official-checks.gen.json") as readonly Record<string, unknown>[];

const SERVER_FORM = ["never-ready", "slow", "stuck"];
const UNCHANGED = {
  liveName: undefined,
  ignoreChanges: [],
  mutability: { configMaps: false, secrets: false },
  isPatch: false,
};

function check(facts: Partial<CheckFacts>) {
  return checkInputs({
    type: "kubernetes:core/v1:ConfigMap",
    name: "web",
    olds: undefined,
    news: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "web" } },
    defaultNamespace: "default",
    namespaced: true,
    ...facts,
  });
}

describe("check", () => {
  it.each(
    recorded.map((item) => [`${item.type} ${item.name}`, item]),
  )("records %s as the official provider does", (_, item) => {
    const official = decodeMap(item.inputs);
    const news = decodeMap(item.news);
    const { inputs, failures } = check({
      type: String(item.type),
      name: String(item.name),
      olds: isEmpty(item.olds) ? undefined : decodeMap(item.olds),
      news,
      // The recorded stacks set this on their providers.
      defaultNamespace: namespaceOf(official),
      namespaced: isNamespaced(String(news.apiVersion), String(news.kind)) ?? true,
    });
    expect(failures).toEqual([]);
    if (isEmpty(item.olds) && nameOf(news) === undefined) {
      expect(nameOf(inputs)).toMatch(new RegExp(`^${item.name}-[0-9a-f]{8}$`));
      expect(nameOf(official)).toMatch(new RegExp(`^${item.name}-[0-9a-f]{8}$`));
    } else {
      // The official provider records some values in the server's form ("1k" for "1000"), this one as they were written;
      // either way, each sees no change in what the other recorded.
      if (!SERVER_FORM.includes(String(item.name))) expect(inputs).toEqual(official);
      expect(diffObjects({ ...UNCHANGED, olds: official, news: inputs }).changes).toBe("none");
    }
  });

  it("puts objects without a namespace where the provider says", () => {
    const { inputs } = check({ defaultNamespace: "shop" });
    expect(inputs).toMatchObject({ metadata: { name: "web", namespace: "shop" } });
  });

  it("puts no namespace on cluster-scoped objects, nor on those whose metadata is unknown", () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } };
    const facts = { type: "kubernetes:core/v1:Namespace", news: namespace, namespaced: false };
    expect(check(facts).inputs).toEqual(namespace);
    const unknown = { apiVersion: "v1", kind: "ConfigMap", metadata: UNKNOWN };
    expect(check({ news: unknown }).inputs).toEqual(unknown);
  });

  it("keeps the recorded namespace while the cluster, and with it the default, is unknown", () => {
    const olds = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "web", namespace: "shop" } };
    expect(check({ defaultNamespace: undefined, olds }).inputs).toMatchObject({ metadata: { namespace: "shop" } });
    expect(check({ defaultNamespace: undefined }).inputs).not.toHaveProperty("metadata.namespace");
  });

  it("needs a namespace only where none is given", () => {
    expect(needsNamespace({ metadata: { name: "a" } })).toBe(true);
    expect(needsNamespace({ metadata: { namespace: "" } })).toBe(true);
    expect(needsNamespace({ metadata: { namespace: "a" } })).toBe(false);
    expect(needsNamespace({ metadata: { namespace: UNKNOWN } })).toBe(false);
  });

  it("marks a Secret's content secret even where the program did not", () => {
    const news = { apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, stringData: { k: "v" } };
    const { inputs } = check({ type: "kubernetes:core/v1:Secret", news });
    expect(inputs.data).toEqual(new Secret({ k: "dg==" }));
    expect(inputs).not.toHaveProperty("stringData");
  });

  it("rejects everything wrong at once, each with its path", () => {
    const news = {
      kind: "Secret",
      metadata: { name: "a/b", namespace: 7, labels: { "a.b/c": 1, ok: "x" }, annotations: ["x"] },
    };
    expect(check({ news }).failures.map(({ property }) => property)).toEqual([
      "apiVersion",
      "kind",
      "metadata.name",
      "metadata.namespace",
      'metadata.labels["a.b/c"]',
      "metadata.annotations",
    ]);
  });

  it("rejects a kind that is not the type's, with both", () => {
    const news = { apiVersion: "v1", kind: "Secret", metadata: { name: "a" } };
    expect(check({ news }).failures).toEqual([
      { property: "kind", reason: 'is "Secret", but the resource\'s type is kubernetes:core/v1:ConfigMap' },
    ]);
  });

  it("rejects generateName, and says what to do instead", () => {
    const news = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "web-" } };
    expect(check({ news }).failures).toMatchObject([{ property: "metadata.generateName", reason: /leave both out/ }]);
  });

  it("rejects a patch that names no object", () => {
    const news = { apiVersion: "v1", kind: "ConfigMap", metadata: {} };
    const { failures } = check({ type: "kubernetes:core/v1:ConfigMapPatch", news });
    expect(failures).toMatchObject([{ property: "metadata.name", reason: /has to name the object/ }]);
  });

  it("rejects names that can't be part of a path, and too long ones", () => {
    const named = (name: string) =>
      check({ news: { apiVersion: "v1", kind: "ConfigMap", metadata: { name } } }).failures;
    for (const name of [".", "..", "a/b", "a%2fb", "x".repeat(254)]) {
      expect(named(name)).toMatchObject([{ property: "metadata.name" }]);
    }
    // Valid for some kinds; whether for this one, the server knows.
    expect(named("system:node-reader")).toEqual([]);
  });

  it("rejects an expression to wait for that can't be read", () => {
    const metadata = { name: "a", annotations: { "pulumi.com/waitFor": "jsonpath=.status.phase" } };
    const { failures } = check({ news: { apiVersion: "v1", kind: "ConfigMap", metadata } });
    expect(failures).toMatchObject([{ property: 'metadata.annotations["pulumi.com/waitFor"]' }]);
  });
});

/** The recorded engine sends an empty object for a resource that is created anew. */
function isEmpty(value: unknown): boolean {
  return value === null || Object.keys(value as object).length === 0;
}

function namespaceOf(inputs: unknown): string | undefined {
  const { metadata } = inputs as { readonly metadata?: { readonly namespace?: string } };
  return metadata?.namespace;
}

function nameOf(inputs: unknown): string | undefined {
  const { metadata } = inputs as { readonly metadata?: { readonly name?: string } };
  return metadata?.name;
}
