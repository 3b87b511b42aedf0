import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "./run.ts";
import { eventually, isRunning, sandbox } from "./testing/fixture.ts";

const env = { PATH: "/usr/bin:/bin" };

describe("a program", () => {
  it("gives back what it wrote and its exit code", async () => {
    const ran = await run("/bin/sh", ["-c", "echo out; echo err >&2; exit 7"], { env });
    expect(ran).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
  });

  it("has its error lines told one by one, however they arrive", async () => {
    const lines: string[] = [];
    await run("/bin/sh", ["-c", "printf a >&2; sleep 0.05; printf 'b\\nc\\n' >&2"], {
      env,
      onErrorLine: (line) => lines.push(line),
    });
    expect(lines).toEqual(["ab", "c"]);
  });

  it("is killed with all it started when it takes too long", async () => {
    const box = await sandbox();
    const file = join(box.folder, "pid");
    const script = `/bin/sleep 300 & echo $! > ${file}; wait`;
    const running = run("/bin/sh", ["-c", script], { env, timeoutMs: 300 });
    await expect(running).rejects.toThrow("/bin/sh did not answer within 0.3 s");
    expect(existsSync(file)).toBe(true);
    const child = Number(await readFile(file, "utf8"));
    await eventually("the child's end", () => !isRunning(child));
  }, 20_000);

  it("rejects a file that is not there", async () => {
    await expect(run("/nowhere/alpha", [], { env })).rejects.toThrow("/nowhere/alpha cannot be run: spawn");
  });

  it("rejects before it starts anything when already cancelled", async () => {
    const reason = new Error("enough");
    expect(() => run("/bin/sh", [], { env, signal: AbortSignal.abort(reason) })).toThrow(reason);
  });
});
