import { expect, it } from "vitest";
import weft from "../../package.json" with { type: "json" };
import { callerOf, nextCommand } from "./next-command.ts";

it("a hint says what to type where it is read", () => {
  const hints = (env: NodeJS.ProcessEnv): string[] => [
    nextCommand(callerOf(env), "up"),
    nextCommand(callerOf(env), "destroy", "shop"),
    nextCommand(callerOf(env), "outputs", "local", "--kubeconfig"),
    nextCommand(callerOf(env), "toolchain install"),
  ];
  expect(hints({})).toEqual(["weft up", "weft destroy shop", "weft outputs --kubeconfig", "weft toolchain install"]);
  expect(hints({ npm_lifecycle_event: "npx" })[1]).toBe("npx weft destroy shop");
  expect(hints({ npm_lifecycle_event: "weft" })).toEqual([
    "npm run up",
    "npm run down -- shop",
    "npm run weft -- outputs --kubeconfig",
    "npm run weft -- toolchain install",
  ]);
});

it("the scripts that it names are npm's", () => {
  expect(weft.scripts).toMatchObject({
    weft: "node bin/weft.js",
    up: expect.stringContaining("weft.js up"),
    preview: expect.stringContaining("weft.js preview"),
    down: expect.stringContaining("weft.js destroy"),
  });
});
