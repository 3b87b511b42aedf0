import { describe, expect, it } from "vitest";
import { groupOf, idOf, isBuiltIn, isNamespaced, isPatch, kindOfType, parseId, requireObjectType } from "./kinds.ts";

describe("types and kinds", () => {
  it.each([
    ["kubernetes:core/v1:Pod", "v1", "Pod"],
    ["kubernetes:apps/v1:Deployment", "apps/v1", "Deployment"],
    ["kubernetes:core/v1:ConfigMapPatch", "v1", "ConfigMap"],
    ["kubernetes:weft.dev/v1:Widget", "weft.dev/v1", "Widget"],
    ["kubernetes:weft.dev/v1:WidgetPatch", "weft.dev/v1", "WidgetPatch"],
    ["kubernetes:rbac.authorization.k8s.io/v1:Role", "rbac.authorization.k8s.io/v1", "Role"],
  ])("reads %s", (type, apiVersion, kind) => {
    expect(kindOfType(type)).toEqual({ apiVersion, kind });
  });

  it("tells a patch from a custom resource whose name ends so", () => {
    expect(isPatch("kubernetes:core/v1:ConfigMapPatch", "ConfigMap")).toBe(true);
    expect(isPatch("kubernetes:gateway.example.com/v1:EnvoyPatch", "EnvoyPatch")).toBe(false);
    expect(isPatch("kubernetes:core/v1:ConfigMap", "ConfigMap")).toBe(false);
  });

  it.each([
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:yaml/v2:ConfigFile",
    "kubernetes:kustomize/v2:Directory",
  ])("rejects %s, which is no object, and names the way out", (type) => {
    expect(() => requireObjectType(type)).toThrow(/rendered by the official Kubernetes provider.*Pulumi CLI/);
  });

  it("rejects lists of built-in kinds, but not custom resources that are called so", () => {
    expect(() => requireObjectType("kubernetes:core/v1:PodList")).toThrow("one by one");
    expect(() => requireObjectType("kubernetes:weft.dev/v1:AllowList")).not.toThrow();
  });

  it("knows where built-in kinds live, and leaves the others to discovery", () => {
    expect(isNamespaced("v1", "Namespace")).toBe(false);
    expect(isNamespaced("apps/v1", "Deployment")).toBe(true);
    expect(isNamespaced("rbac.authorization.k8s.io/v1", "ClusterRole")).toBe(false);
    expect(isNamespaced("weft.dev/v1", "Widget")).toBeUndefined();
    expect(isNamespaced("policy.example.com/v1", "ClusterRole")).toBeUndefined();
  });

  it("takes the core group for built in, by either name", () => {
    expect([groupOf("v1"), groupOf("core/v1"), groupOf("apps/v1")]).toEqual(["", "", "apps"]);
    expect([isBuiltIn("v1"), isBuiltIn("undefined"), isBuiltIn("weft.dev/v1")]).toEqual([true, false, false]);
  });

  it("writes and reads ids as Pulumi records them", () => {
    expect(idOf({ apiVersion: "v1", kind: "Pod", namespace: "shop", name: "a" })).toBe("shop/a");
    expect(idOf({ apiVersion: "v1", kind: "Node", namespace: undefined, name: "a" })).toBe("a");
    expect(parseId("shop/a")).toEqual({ namespace: "shop", name: "a" });
    expect(parseId("a")).toEqual({ namespace: undefined, name: "a" });
  });
});
