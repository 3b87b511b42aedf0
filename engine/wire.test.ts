import fc from "fast-check";
import struct_pb from "google-protobuf/google/protobuf/struct_pb.js";
import { describe, expect, it } from "vitest";
import { equal, type PropertyMap, type PropertyValue, Secret, UNKNOWN } from "./property.ts";
import { fromWire, toWire, type WireObject } from "./wire.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";

describe("properties on the wire", () => {
  it("carry secrets as Pulumi marks them, or plain for a receiver that takes none", () => {
    const map = { password: new Secret("hunter2") };
    const marked = { password: { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value: "hunter2" } };
    expect(toWire(map, { secrets: true })).toEqual(marked);
    expect(toWire(map, { secrets: false })).toEqual({ password: "hunter2" });
    expect(fromWire(marked, "x")).toEqual(map);
  });

  it("carry the unknown as the SDK's marker, also where it is secret", () => {
    const marker = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(toWire({ a: UNKNOWN, b: new Secret(UNKNOWN) }, { secrets: true })).toEqual({ a: marker, b: marker });
    expect(fromWire({ a: marker }, "x").a).toBe(UNKNOWN);
  });

  it("read output values as what they hold", () => {
    const output = (fields: WireObject) => ({ [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", ...fields });
    const map = fromWire({ a: output({ value: 1 }), b: output({}), c: output({ value: "s", secret: true }) }, "x");
    expect(map.a).toBe(1);
    expect(map.b).toBe(UNKNOWN);
    expect(map.c).toEqual(new Secret("s"));
  });

  it("rejects what this engine has no notion of, naming the property", () => {
    const asset = { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", text: "hello" };
    expect(() => fromWire({ files: [asset] }, "web")).toThrow("web.files[0] is an asset");
  });

  it("survive the way through gRPC's own structure, whatever they are", () => {
    // A key named __proto__ does not survive google-protobuf's own conversion, and no Pulumi program sends one.
    const key = fc.string().filter((text) => text !== "__proto__" && text !== SIGNATURE);
    const leaf = fc.oneof(fc.string(), fc.boolean(), fc.constant(null), fc.integer(), fc.constant(UNKNOWN));
    const { value } = fc.letrec<{ value: PropertyValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie("value")),
        fc.dictionary(key, tie("value")),
        tie("value").map((inner) => (inner === UNKNOWN ? inner : new Secret(inner))),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, value), (map) => {
        const struct = struct_pb.Struct.fromJavaScript(toWire(map, { secrets: true }));
        const bytes = struct_pb.Struct.deserializeBinary(struct.serializeBinary());
        const back = fromWire(bytes.toJavaScript() as WireObject, "x");
        expect(same(back, map)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Equality in which unknowns are equal to each other. */
function same(a: PropertyMap, b: PropertyMap): boolean {
  const known = (value: PropertyValue): PropertyValue =>
    value === UNKNOWN
      ? "<unknown>"
      : value instanceof Secret
        ? new Secret(known(value.value))
        : Array.isArray(value)
          ? value.map(known)
          : typeof value === "object" && value !== null
            ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, known(inner)]))
            : value;
  return equal(known(a), known(b), "strict");
}
