import { describe, expect, it } from "vitest";
import { Secret, UNKNOWN } from "../property.ts";
import {
  derivedFieldManager,
  fieldManagerOf,
  isLegacyManager,
  isPulumiManager,
  randomName,
  withName,
} from "./naming.ts";

const choose = () => "web-0123abcd";

describe("names", () => {
  it("are the resource's name and eight random hex digits", () => {
    expect(randomName("web")).toMatch(/^web-[0-9a-f]{8}$/);
    expect(randomName("web")).not.toBe(randomName("web"));
  });

  it("are chosen where the program gives none, and marked as chosen", () => {
    expect(withName({ kind: "ConfigMap" }, undefined, choose)).toEqual({
      kind: "ConfigMap",
      metadata: { name: "web-0123abcd", annotations: { "pulumi.com/autonamed": "true" } },
    });
  });

  it("are left alone where the program gives one, known or not", () => {
    const named = { metadata: { name: "web" } };
    expect(withName(named, undefined, choose)).toBe(named);
    const unknown = { metadata: { name: UNKNOWN } };
    expect(withName(unknown, undefined, choose)).toBe(unknown);
    const whole = { metadata: UNKNOWN };
    expect(withName(whole, undefined, choose)).toBe(whole);
  });

  it("are kept from an earlier run only if that chose them too", () => {
    const autonamed = { metadata: { name: "web-ffffffff", annotations: { "pulumi.com/autonamed": "true" } } };
    expect(withName({}, autonamed, choose)).toMatchObject({ metadata: { name: "web-ffffffff" } });
    // The program named it before and no longer does: a new name, so a new object.
    expect(withName({}, { metadata: { name: "web" } }, choose)).toMatchObject({ metadata: { name: "web-0123abcd" } });
  });

  it("keep annotations secret that are", () => {
    const named = withName({ metadata: { annotations: new Secret({ token: "x" }) } }, undefined, choose);
    expect(named.metadata).toEqual({
      name: "web-0123abcd",
      annotations: { token: new Secret("x"), "pulumi.com/autonamed": "true" },
    });
  });
});

describe("field managers", () => {
  const urn = "urn:pulumi:local::weft::kubernetes:core/v1:ConfigMap::web";

  it("look like the official provider's, and are the same in every run", () => {
    expect(derivedFieldManager(urn)).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
    expect(derivedFieldManager(urn)).toBe(derivedFieldManager(urn));
    expect(derivedFieldManager(urn)).not.toBe(derivedFieldManager(`${urn}2`));
  });

  it("are the annotation's, else the recorded one, else made from the URN", () => {
    const annotated = { metadata: { annotations: { "pulumi.com/patchFieldManager": "mine" } } };
    expect(fieldManagerOf(urn, annotated, "pulumi-kubernetes-00000000")).toBe("mine");
    expect(fieldManagerOf(urn, {}, "pulumi-kubernetes-00000000")).toBe("pulumi-kubernetes-00000000");
    expect(fieldManagerOf(urn, {}, undefined)).toBe(derivedFieldManager(urn));
  });

  it("tell Pulumi's own from others", () => {
    expect(["pulumi-kubernetes", "pulumi-resource-kubernetes", "kubectl"].map(isLegacyManager)).toEqual([
      true,
      true,
      false,
    ]);
    expect(["pulumi-kubernetes-0123abcd", "pulumi-kubernetes-x", "helm"].map(isPulumiManager)).toEqual([
      true,
      false,
      false,
    ]);
  });
});
