import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const PLUGIN = join(import.meta.dirname, "pulumi-resource-weft-native");

describe("the plugin's launcher", () => {
  it("rejects a Node.js that can't run TypeScript, and says so", async () => {
    // The same Node.js with its type stripping switched off stands for an older one.
    const old = run(process.execPath, ["--no-strip-types", PLUGIN]);
    await expect(old).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("needs Node.js 24.12 or later, but this is v"),
    });
  });
});
