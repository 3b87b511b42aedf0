import { describe, expect, it } from "vitest";
import { isSecret, isUnknown, secret, unwrap } from "./wire.ts";

const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const ASSET = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", text: "x" };

describe("values on the wire", () => {
  it("are secret by their signature", () => {
    expect(isSecret(secret("s"))).toBe(true);
    expect([null, "s", {}, ASSET, { value: "s" }].filter(isSecret)).toEqual([]);
  });

  it("are unknown by their text, secret or not", () => {
    expect(isUnknown(UNKNOWN_TEXT)).toBe(true);
    expect(isUnknown(secret(UNKNOWN_TEXT))).toBe(true);
    expect(["", null, undefined, 6, "04da6b54", secret("s")].filter(isUnknown)).toEqual([]);
  });

  it("are read in the clear", () => {
    expect(unwrap({ a: secret("s"), b: 1 })).toEqual({ a: "s", b: 1 });
  });
});
