import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { containsSecret, containsUnknown, equal, Secret, UNKNOWN, unwrapSecrets } from "./property.ts";
import { diffProperties } from "./property-diff.ts";
import { formatPath, parsePath, pathContains, resetPaths } from "./property-path.ts";

describe("property values", () => {
  it("find secrets and unknowns at any depth", () => {
    expect(containsUnknown({ a: [{ b: new Secret(UNKNOWN) }] })).toBe(true);
    expect(containsSecret({ a: [{ b: new Secret(1) }] })).toBe(true);
    expect(containsSecret({ a: [{ b: 1 }] })).toBe(false);
  });

  it("never show a secret", () => {
    const secret = new Secret("hunter2");
    expect(`${secret} ${JSON.stringify({ secret })}`).not.toContain("hunter2");
    expect(inspect({ secret })).not.toContain("hunter2");
  });

  it("are never equal where something is unknown, and differ in secrecy only if asked", () => {
    expect(equal({ a: UNKNOWN }, { a: UNKNOWN })).toBe(false);
    expect(equal({ a: new Secret(1) }, { a: 1 })).toBe(true);
    expect(equal({ a: new Secret(1) }, { a: 1 }, "strict")).toBe(false);
    expect(equal({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(equal([1, 2], [1])).toBe(false);
  });

  it("give up their secrets to a provider", () => {
    expect(unwrapSecrets({ a: new Secret({ b: [new Secret(1)] }) })).toEqual({ a: { b: [1] } });
  });
});

describe("property paths", () => {
  it.each([
    ["spec.replicas", ["spec", "replicas"]],
    ["spec.containers[0].image", ["spec", "containers", 0, "image"]],
    ['metadata.labels["app.kubernetes.io/name"]', ["metadata", "labels", "app.kubernetes.io/name"]],
    ["spec.containers[*].image", ["spec", "containers", "*", "image"]],
    ['a["with \\"quotes\\""]', ["a", 'with "quotes"']],
  ])("read %s", (path, steps) => {
    expect(parsePath(path)).toEqual(steps);
    if (!path.includes("*")) expect(parsePath(formatPath(steps))).toEqual(steps);
  });

  it.each(["", ".a", "a..b", "a[", "a[b]", 'a["b'])("rejects %j", (path) => {
    expect(() => parsePath(path)).toThrow("invalid property path");
  });

  it("contain what lies in them", () => {
    expect(pathContains(parsePath("spec"), parsePath("spec.replicas"))).toBe(true);
    expect(pathContains(parsePath("spec.*.image"), parsePath("spec.web.image"))).toBe(true);
    expect(pathContains(parsePath("spec.replicas"), parsePath("spec"))).toBe(false);
  });
});

describe("ignored changes", () => {
  it("take the value that was there, add what was removed and remove what was added", () => {
    const olds = { spec: { replicas: 2, paused: true }, kept: 1 };
    const news = { spec: { replicas: 9, image: "b" }, kept: 2, added: 1 };
    expect(resetPaths(news, olds, ["spec.replicas", "spec.paused", "added"])).toEqual({
      spec: { replicas: 2, paused: true, image: "b" },
      kept: 2,
    });
  });

  it("reach into lists and secrets", () => {
    const olds = { list: [{ a: 1 }, { a: 2 }], secret: new Secret({ a: 1, b: 1 }) };
    const news = { list: [{ a: 7 }, { a: 8 }, { a: 9 }], secret: new Secret({ a: 2, b: 2 }) };
    expect(resetPaths(news, olds, ["list[*].a", "secret.a"])).toEqual({
      list: [{ a: 1 }, { a: 2 }, { a: 9 }],
      secret: new Secret({ a: 1, b: 2 }),
    });
  });

  it("invent nothing where neither has the path", () => {
    expect(resetPaths({ a: 1 }, { a: 1 }, ["b.c[0].d"])).toEqual({ a: 1 });
  });
});

describe("differences", () => {
  it("are the leaves that changed, by path", () => {
    const diff = diffProperties(
      { spec: { image: "a", gone: 1, list: [1, 2] }, same: { x: 1 } },
      { spec: { image: "b", list: [1, 3, 4], new: { y: 1 } }, same: { x: 1 } },
    );
    expect(Object.fromEntries(diff)).toEqual({
      "spec.image": { kind: "update", before: "a", after: "b" },
      "spec.gone": { kind: "delete", before: 1 },
      "spec.list[1]": { kind: "update", before: 2, after: 3 },
      "spec.list[2]": { kind: "add", after: 4 },
      "spec.new": { kind: "add", after: { y: 1 } },
    });
  });

  it("count the unknown as a change, and secrecy not", () => {
    const diff = diffProperties({ a: 1, b: 1 }, { a: UNKNOWN, b: new Secret(1) });
    expect(Object.fromEntries(diff)).toEqual({ a: { kind: "update", before: 1, after: "[unknown]" } });
  });

  it("never show what is secret on either side", () => {
    const diff = diffProperties(
      { a: new Secret("old1"), b: "plain", c: new Secret({ d: "old2" }) },
      { a: new Secret("new1"), b: new Secret("new2"), c: { d: "new3" }, e: { f: new Secret("new4") } },
    );
    expect([...diff.keys()]).toEqual(["a", "b", "c.d", "e"]);
    expect(JSON.stringify([...diff.values()])).not.toMatch(/old|new|plain/);
  });
});
