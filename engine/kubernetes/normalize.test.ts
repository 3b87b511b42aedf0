import { describe, expect, it } from "vitest";
import { Secret, UNKNOWN } from "../property.ts";
import { denormalizeOutputs, normalizeInputs } from "./normalize.ts";

const secret = { apiVersion: "v1", kind: "Secret" };

describe("inputs in one form", () => {
  it("hold a Secret's texts as data, as the official provider records them", () => {
    const inputs = { ...secret, stringData: new Secret({ password: "s3cr3t-canary" }) };
    expect(normalizeInputs(inputs)).toEqual({ ...secret, data: new Secret({ password: "czNjcjN0LWNhbmFyeQ==" }) });
  });

  it("let texts win over data of the same key, as the server does", () => {
    const inputs = { ...secret, data: { a: "eA==", b: "eQ==" }, stringData: { a: "new" } };
    expect(normalizeInputs(inputs)).toEqual({ ...secret, data: new Secret({ a: "bmV3", b: "eQ==" }) });
  });

  it("drop line breaks from data, as the server does, and leave what is no Base64 for it to refuse", () => {
    const inputs = { ...secret, data: { a: "eA\n==", b: "not base64!" } };
    expect(normalizeInputs(inputs)).toEqual({ ...secret, data: new Secret({ a: "eA==", b: "not base64!" }) });
  });

  it("leave a Secret alone while a part of it is unknown", () => {
    const inputs = { ...secret, stringData: { a: UNKNOWN } };
    expect(normalizeInputs(inputs)).toBe(inputs);
  });

  it("leave other kinds' data alone", () => {
    const inputs = { apiVersion: "v1", kind: "ConfigMap", data: { a: "eA\n==" }, stringData: { b: "x" } };
    expect(normalizeInputs(inputs)).toBe(inputs);
  });

  it("lack what only the server sets", () => {
    const metadata = {
      name: "a",
      uid: "u",
      resourceVersion: "1",
      generation: 2,
      managedFields: [],
      creationTimestamp: null,
    };
    expect(normalizeInputs({ kind: "ConfigMap", metadata })).toEqual({ kind: "ConfigMap", metadata: { name: "a" } });
  });

  it("spell a definition's schema extensions as Kubernetes does, and back for the SDK", () => {
    const schema = (key: string) => ({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      spec: { versions: [{ schema: { openAPIV3Schema: { [key]: true } } }] },
    });
    expect(normalizeInputs(schema("x_kubernetes_preserve_unknown_fields"))).toEqual(
      schema("x-kubernetes-preserve-unknown-fields"),
    );
    expect(denormalizeOutputs(schema("x-kubernetes-preserve-unknown-fields"))).toEqual(
      schema("x_kubernetes_preserve_unknown_fields"),
    );
    // Only there: a ConfigMap may have such a key.
    const map = { apiVersion: "v1", kind: "ConfigMap", data: { x_kubernetes_list_type: "a" } };
    expect(normalizeInputs(map)).toBe(map);
  });

  it("drop what a server drops from a definition", () => {
    const inputs = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      spec: { preserveUnknownFields: false, group: "weft.dev" },
      status: {},
    };
    expect(normalizeInputs(inputs)).toMatchObject({ spec: { group: "weft.dev" } });
    expect(normalizeInputs(inputs)).not.toHaveProperty("status");
    expect(normalizeInputs(inputs)).not.toHaveProperty("spec.preserveUnknownFields");
  });
});
