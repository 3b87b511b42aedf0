import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isMap, type PropertyMap, type PropertyValue, Secret, UNKNOWN } from "../property.ts";
import { decodeProperty, encodeProperty, type SecretReader, type SecretWriter, SIGNATURE } from "./property-codec.ts";

/** Stands in for encryption, so that a test sees what is encrypted and where. */
function fakeSecrets() {
  const places: string[] = [];
  const writer: SecretWriter = {
    encrypt(_, plaintext, place) {
      places.push(place);
      return `sealed ${plaintext}`;
    },
  };
  const reader: SecretReader = { decrypt: (ciphertext) => ciphertext.slice("sealed ".length), decrypted: () => {} };
  return { places, writer, reader };
}

const encode = (value: PropertyValue) => encodeProperty(value, "urn outputs", fakeSecrets().writer).text;
const decode = (json: unknown) => decodeProperty(json, "urn outputs", fakeSecrets().reader);

const leaf = fc.oneof(fc.constant(null), fc.boolean(), fc.double(), fc.integer(), fc.string({ unit: "grapheme" }));
const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "a.b", "", "toJSON"));
const { value: anyValue } = fc.letrec<{ value: PropertyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries): PropertyMap => Object.fromEntries(entries)),
    tie("value").map((value) => new Secret(value)),
  ),
}));

describe("property values in a checkpoint", () => {
  it("come back as they were: numbers beyond JSON, odd keys, secrets in secrets", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        // Unlike vitest's own comparison, this one knows properties named __proto__.
        expect(isDeepStrictEqual(decode(JSON.parse(encode(value))), value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("have the signatures and the key order of the official CLI", () => {
    expect(encode({ b: Number.NaN, a: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e21] })).toBe(
      `{"a":[{"${SIGNATURE}":"8ad145fe-0d11-4827-bfd7-1abcbf086f5c","value":"7ff0000000000000"},` +
        `{"${SIGNATURE}":"8ad145fe-0d11-4827-bfd7-1abcbf086f5c","value":"fff0000000000000"},-0,1e+21],` +
        `"b":{"${SIGNATURE}":"8ad145fe-0d11-4827-bfd7-1abcbf086f5c","value":"7ff8000000000001"}}`,
    );
    // The inner secret is not encrypted twice: its "ciphertext" is plain, as in the CLI's checkpoints.
    expect(encode(new Secret({ inner: new Secret("x") }))).toBe(
      `{"${SIGNATURE}":"1b47061264138c4ac30d75fd1eb44270","ciphertext":"sealed {\\"inner\\":{\\"${SIGNATURE}\\":\\"1b47061264138c4ac30d75fd1eb44270\\",\\"ciphertext\\":\\"\\\\\\"x\\\\\\"\\"}}"}`,
    );
  });

  it("are encrypted under the place they are in", () => {
    const { places, writer } = fakeSecrets();
    const value = { spec: { "a.b": [1, new Secret("x")] }, top: new Secret({ inner: new Secret("y") }) };
    encodeProperty(value, "urn inputs", writer);
    expect(places).toEqual(['urn inputs.spec["a.b"][1]', "urn inputs.top"]);
  });

  it.each([
    ["asset", { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", hash: "0a", text: "hello" }],
    [
      "archive",
      {
        [SIGNATURE]: "0def7320c3a5731c473e5ecbe6d01bc7",
        assets: { a: { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", path: "/a" } },
      },
    ],
    [
      "resource reference",
      { [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "urn:…", id: "i", packageVersion: "1" },
    ],
    ["byte string", { [SIGNATURE]: "803fd3297a5875dc03ca845dda5d2a98", value: "/w==" }],
  ])("keep an %s as it is", (_, json) => {
    const value = decode({ key: json });
    expect(value).toStrictEqual({ key: json });
    expect(JSON.parse(encode(value))).toStrictEqual({ key: json });
  });

  it("say when a string that is not UTF-8 is among them, hidden in a secret or not", () => {
    const bytes: PropertyValue = { [SIGNATURE]: "803fd3297a5875dc03ca845dda5d2a98", value: "/w==" };
    const { writer } = fakeSecrets();
    expect(encodeProperty({ a: [bytes] }, "p", writer).bytes).toBe(true);
    expect(encodeProperty({ a: new Secret([bytes]) }, "p", writer).bytes).toBe(true);
    expect(encodeProperty({ a: new Secret(["/w=="]) }, "p", writer).bytes).toBe(false);
  });

  it("are not copied when nothing needs translating", () => {
    const json = { a: [1, { b: null }] };
    const value = decode({ same: json, secret: { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", plaintext: "1" } });
    expect(isMap(value) && value.same).toBe(json);
    expect(isMap(value) && value.secret).toEqual(new Secret(1));
  });

  it("rejects an unknown value, and blames the engine", () => {
    expect(() => encode({ spec: { replicas: UNKNOWN } })).toThrow(
      /^urn outputs\.spec\.replicas is unknown.* bug in the engine/,
    );
    expect(() => encode(new Secret([UNKNOWN]))).toThrow("bug in the engine");
  });

  it.each([
    [{ [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", value: 1 }, "urn outputs has the unknown signature"],
    [{ a: { [SIGNATURE]: 7 } }, "urn outputs.a has the unknown signature 7"],
    [{ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270" }, "must have either a ciphertext or a plaintext"],
    [{ [SIGNATURE]: "8ad145fe-0d11-4827-bfd7-1abcbf086f5c", value: "7ff" }, "must be 16 hexadecimal digits"],
  ])("rejects %j", (json, message) => {
    expect(() => decode(json)).toThrow(message);
  });

  it("rejects a decrypted secret that is not JSON without showing it", () => {
    const json = { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", ciphertext: "sealed hunter2" };
    expect(() => decode(json)).toThrow(expect.objectContaining({ message: expect.not.stringContaining("hunter2") }));
  });
});
