import { expect, it } from "vitest";
import { Secret } from "./property.ts";
import { restoreSecrecy } from "./secrecy.ts";

it.each([
  ["a value", { a: 1, b: 2 }, { a: new Secret(1), b: 2 }, { a: new Secret(1), b: 2 }],
  ["a value that came back changed", { a: "2" }, { a: new Secret(1) }, { a: new Secret("2") }],
  ["what lies in a map", { m: { a: 1, b: 2 } }, { m: { a: new Secret(1) } }, { m: { a: new Secret(1), b: 2 } }],
  ["a whole map", { m: { a: 1 } }, { m: new Secret({ a: 1 }) }, { m: new Secret({ a: 1 }) }],
  ["a list with a secret in it", { l: [2, 1] }, { l: [new Secret(1), 2] }, { l: new Secret([2, 1]) }],
  ["a map that came back as something else", { m: "a=1" }, { m: { a: new Secret(1) } }, { m: new Secret("a=1") }],
  ["what is marked already", { a: new Secret(1) }, { a: new Secret(1) }, { a: new Secret(1) }],
])("restores %s", (_, received, sent, restored) => {
  expect(restoreSecrecy(received, sent)).toStrictEqual(restored);
});

it("leaves alone what was not sent, and does not bring back what did not come", () => {
  expect(restoreSecrecy({ id: 1 }, { a: new Secret(1), constructor: new Secret(2) })).toStrictEqual({ id: 1 });
});
