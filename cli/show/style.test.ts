import { expect, it } from "vitest";
import { wantsColor } from "./style.ts";

const terminal = { isTTY: true, write: () => {} };
const pipe = { write: () => {} };

it("colours are for a terminal, unless the flag or the environment says otherwise", () => {
  expect(wantsColor(undefined, {}, terminal)).toBe(true);
  expect(wantsColor(undefined, {}, pipe)).toBe(false);
  expect(wantsColor(false, { FORCE_COLOR: "1" }, terminal)).toBe(false);
  expect(wantsColor(undefined, { FORCE_COLOR: "1", NO_COLOR: "1" }, pipe)).toBe(true);
  expect(wantsColor(undefined, { FORCE_COLOR: "0" }, terminal)).toBe(false);
  expect(wantsColor(undefined, { NO_COLOR: "1" }, terminal)).toBe(false);
  expect(wantsColor(undefined, { TERM: "dumb" }, terminal)).toBe(false);
});

it("an empty variable says nothing", () => {
  expect(wantsColor(undefined, { FORCE_COLOR: "" }, pipe)).toBe(false);
  expect(wantsColor(undefined, { FORCE_COLOR: "", NO_COLOR: "" }, terminal)).toBe(true);
});
