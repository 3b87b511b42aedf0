import { dirname, join } from "node:path";
import { expect, it, vi } from "vitest";
import { runProgram } from "./program.ts";
import { makeUrn } from "./resource.ts";
import { startServer } from "./server.ts";
import { isAlive } from "./state/alive.ts";
import { childIn } from "./testing/processes.ts";

// What a program says to the engine is tested in server.test.ts.

it("has ended when it is killed, though a child of its own holds its standard output", async () => {
  const server = await startServer(() => {});
  const printed: string[] = [];
  const stack = { project: "weft", stack: "test", organization: "organization" };
  const info = { ...stack, config: {}, configSecretKeys: [], dryRun: false, parallel: 1 };
  const directory = join(import.meta.dirname, "testing/programs");
  server.serve({
    info,
    register: async ({ type, name }) => ({ urn: makeUrn("test", "weft", undefined, type, name), id: "", outputs: {} }),
    registerOutputs: () => {},
    programEnded: async () => {},
  });
  const program = runProgram({
    rootDirectory: dirname(import.meta.dirname),
    directory,
    entryPoint: "orphan.ts",
    info,
    serverAddress: server.address,
    env: process.env,
    onOutput: (line) => printed.push(line),
  });
  const ended = expect(program.ended).rejects.toThrow("the program ended with signal SIGKILL");
  await vi.waitFor(() => expect(childIn(printed)).toBeGreaterThan(0), 20_000);
  const child = childIn(printed);
  program.kill();
  await ended;
  expect(isAlive(child)).toBe(true);
  process.kill(child, "SIGKILL");
  await server.close();
}, 30_000);
