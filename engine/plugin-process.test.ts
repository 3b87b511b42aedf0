import { afterEach, describe, expect, it, vi } from "vitest";
import { UserError } from "./errors.ts";
import { type PluginProcess, startPluginProcess } from "./plugin-process.ts";
import { isAlive } from "./state/alive.ts";
import { BEAR_CHILD, childIn, gone } from "./testing/processes.ts";

// Real processes that stand for plugins; none of them speaks gRPC.

vi.setConfig({ testTimeout: 30_000 });

const lines: string[] = [];
const toKill: number[] = [];
afterEach(() => {
  lines.length = 0;
  for (const pid of toKill.splice(0)) if (isAlive(pid)) process.kill(pid, "SIGKILL");
});

function start(script: string, signal = new AbortController().signal): Promise<PluginProcess> {
  return startPluginProcess({
    what: "provider test",
    command: process.execPath,
    args: ["--eval", script],
    cwd: import.meta.dirname,
    env: process.env,
    onOutput: (line) => lines.push(line),
    signal,
  });
}

const heard = (start: string): Promise<string> =>
  vi.waitFor(() => lines.find((line) => line.startsWith(start)) ?? expect.fail(`no line begins with ${start}`), 10_000);

const pid = async (): Promise<number> => Number((await heard("pid ")).slice("pid ".length));

const SERVE = `console.log("pid " + process.pid); console.log("4711"); setInterval(() => {}, 1000);`;

describe("a process that came up", () => {
  it("has the port that it printed, and ends when it is told to", async () => {
    const plugin = await start(SERVE);
    expect(plugin.port).toBe(4711);
    await plugin.stop();
    expect(await plugin.ended).toBe("signal SIGTERM");
    await gone(await pid());
    await plugin.stop();
  });

  it("has ended when it is killed, though a child of its own holds its standard output", async () => {
    const plugin = await start(`${BEAR_CHILD}${SERVE}`);
    const child = childIn([await heard("child ")]);
    toKill.push(child);
    process.kill(await pid(), "SIGKILL");
    expect(await plugin.ended).toBe("signal SIGKILL");
    expect(isAlive(child)).toBe(true);
  });

  it("is stopped, though a child of its own holds its standard output", async () => {
    const plugin = await start(`${BEAR_CHILD}${SERVE}`);
    const child = childIn([await heard("child ")]);
    toKill.push(child);
    await plugin.stop();
    expect(isAlive(child)).toBe(true);
  });

  it("has said its last when it has ended", async () => {
    const plugin = await start(`
      process.once("SIGTERM", () => {
        for (let i = 0; i < 1000; i++) require("node:fs").writeSync(2, "line " + i + "\\n");
        process.exit(3);
      });
      ${SERVE}`);
    await plugin.stop();
    expect(await plugin.ended).toBe("exit code 3");
    expect(lines.at(-1)).toBe("line 999");
  });
});

describe("a process that does not come up", () => {
  it("is rejected with what it printed", async () => {
    const started = start(`console.error("no such luck"); process.exit(7);`);
    await expect(started).rejects.toThrow(UserError);
    await expect(started).rejects.toThrow("provider test did not start: it ended with exit code 7\nno such luck");
  });

  it("is rejected when there is no such program", async () => {
    const options = { what: "provider test", args: [], cwd: "/", env: {}, onOutput: () => {} };
    const started = startPluginProcess({ ...options, command: "/nowhere", signal: new AbortController().signal });
    await expect(started).rejects.toThrow("provider test did not start: it ended with spawn /nowhere ENOENT");
  });

  it("is ended when the run is aborted, and rejected with the reason", async () => {
    const controller = new AbortController();
    const started = start(`console.log("pid " + process.pid); setInterval(() => {}, 1000);`, controller.signal);
    const rejected = expect(started).rejects.toThrow("interrupted");
    const waiting = await pid();
    controller.abort(new Error("interrupted"));
    await rejected;
    await gone(waiting);
  });

  it("is not even started when the run is aborted already", async () => {
    await expect(start(SERVE, AbortSignal.abort(new Error("interrupted")))).rejects.toThrow("interrupted");
    expect(lines).toEqual([]);
  });
});
