import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Secret } from "../property.ts";
import { Mask, markSecrets } from "./secrets.ts";

describe("secret outputs", () => {
  it("follow the inputs by path, key by key", () => {
    const outputs = { kind: "ConfigMap", data: { a: "1", b: "2" }, metadata: { name: "m" } };
    const inputs = { kind: "ConfigMap", data: { a: new Secret("1"), b: "2" } };
    expect(markSecrets(outputs, inputs)).toEqual({ ...outputs, data: { a: new Secret("1"), b: "2" } });
  });

  it("are whole lists where one element is secret: the server may reorder them", () => {
    const outputs = { kind: "Pod", spec: { args: ["b", "a"] } };
    expect(markSecrets(outputs, { spec: { args: ["a", new Secret("b")] } })).toEqual({
      kind: "Pod",
      spec: { args: new Secret(["b", "a"]) },
    });
  });

  it("are whole maps where the whole map was secret", () => {
    const outputs = { kind: "ConfigMap", data: { a: "1" } };
    expect(markSecrets(outputs, { data: new Secret({ a: "1" }) })).toEqual({
      kind: "ConfigMap",
      data: new Secret({ a: "1" }),
    });
  });

  it("always hold a Secret's content, whatever the inputs say, and kubectl's copy of it", () => {
    const copy = "kubectl.kubernetes.io/last-applied-configuration";
    const outputs = { kind: "Secret", data: { a: "eA==" }, metadata: { annotations: { [copy]: "{…}", other: "x" } } };
    expect(markSecrets(outputs, {})).toEqual({
      kind: "Secret",
      data: new Secret({ a: "eA==" }),
      metadata: { annotations: { [copy]: new Secret("{…}"), other: "x" } },
    });
  });

  it("change nothing where nothing is secret", () => {
    const outputs = { kind: "ConfigMap", data: { a: "1" } };
    expect(markSecrets(outputs, { data: { a: "1" } })).toBe(outputs);
  });
});

describe("masks", () => {
  const mask = new Mask({ data: { password: new Secret("s3cr3t-canary") } });

  it.each([
    'Invalid value: "s3cr3t-canary": must be shorter',
    'Invalid value: "czNjcjN0LWNhbmFyeQ==": must be shorter',
    "data: map[password:s3cr3t-canary]",
  ])("hide the value in %j", (message) => {
    expect(mask.hide(message)).not.toMatch(/s3cr3t|czNjcjN0/);
    expect(mask.hide(message)).toContain("[secret]");
  });

  it("hide what a Secret's data decodes to", () => {
    const object = new Mask({ kind: "Secret", data: { password: "czNjcjN0LWNhbmFyeQ==" } });
    expect(object.hide("got s3cr3t-canary")).toBe("got [secret]");
  });

  it("hide values as JSON and Go escape them, and single lines of long ones", () => {
    const lines = 'a "quoted"\nline-that-is-long-enough\tx';
    const object = new Mask({ data: { key: new Secret(lines) } });
    expect(object.hide(JSON.stringify(lines))).toBe('"[secret]"');
    expect(object.hide("near line-that-is-long-enough\tx")).toBe("near [secret]");
  });

  it("hide short values only where they stand alone, so that messages stay readable", () => {
    const short = new Mask({ spec: { replicas: new Secret(3), flag: new Secret("on") } });
    expect(short.hide('spec.replicas: Invalid value: 3: not 30 or v1.3; "on" of onion')).toBe(
      'spec.replicas: Invalid value: [secret]: not 30 or v1.3; "[secret]" of onion',
    );
  });

  it("hide numbers and nested secrets, and nothing where nothing is secret", () => {
    expect(new Mask({ a: new Secret({ b: [123456] }) }).hide("was 123456")).toBe("was [secret]");
    expect(new Mask({ a: "plain-text" }, undefined).hide("plain-text")).toBe("plain-text");
  });

  it("leave no secret of six characters or more in any text", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6 }), fc.string(), fc.string(), (secret, before, after) => {
        const hidden = new Mask({ a: new Secret(secret) }).hide(`${before}${secret}${after}`);
        expect(hidden.length).toBeLessThanOrEqual(before.length + after.length + "[secret]".length * 2 + secret.length);
        expect(hidden.replaceAll("[secret]", "\u0000").includes(secret)).toBe(false);
      }),
    );
  });
});
