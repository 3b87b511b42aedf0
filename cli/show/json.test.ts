import { describe, expect, it } from "vitest";
import { Secret } from "../../engine/index.ts";
import { end, kwok, loaded, outcome, phase, violation } from "../testing/events.ts";
import { testWorld } from "../testing/world.ts";
import { jsonReporter } from "./json.ts";
import type { End } from "./summary.ts";

const engine = { name: "builtin", reason: "no pulumi on PATH" } as const;
const start = { command: "up", stack: "local", project: "weft", engine } as const;
const ending: Omit<End, "view" | "outcome"> = {
  command: "up",
  stack: "local",
  elapsed: 41_000.4,
  problem: undefined,
  cancelled: false,
  refreshed: false,
  removed: false,
};

function tell(work: (reporter: ReturnType<typeof jsonReporter>) => void): Record<string, unknown>[] {
  const world = testWorld();
  work(jsonReporter(world));
  return world.stdout.text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("JSON for machines", () => {
  it("is a start, every event as it is, and a summary, one a line", () => {
    const events = [loaded, phase("plan"), violation({ level: "advisory" }), phase("apply"), end(kwok)];
    const lines = tell((reporter) => {
      reporter.begin(start);
      for (const event of events) reporter.event(event);
      const changes = { create: 1, same: 4 };
      reporter.end({ ...ending, outcome: outcome({ changes, outputs: { a: 1 } }) }, { exitCode: 0, caller: "weft" });
    });
    expect(lines[0]).toMatchObject({ kind: "start", command: "up", stack: "local", project: "weft", engine });
    expect(lines.slice(1, -1)).toEqual(events);
    expect(lines.at(-1)).toEqual({
      kind: "summary",
      command: "up",
      stack: "local",
      result: "succeeded",
      exitCode: 0,
      phase: "apply",
      changes: { create: 1, same: 4 },
      duration: { total: 41_000, plan: 2_100, apply: 39_000 },
      policies: [{ pack: "weft-policies", version: "0.1.0", policies: 13 }],
      violations: { mandatory: 0, undecided: 0, advisory: 1 },
      outputs: { a: 1 },
    });
  });

  it("never holds a secret output", () => {
    const [line] = tell((reporter) => {
      const outputs = { kubeconfig: new Secret("s3cr3t-canary"), nested: { deep: [new Secret("s3cr3t-canary")] } };
      reporter.end({ ...ending, outcome: outcome({ outputs }) }, { exitCode: 0, caller: undefined });
    });
    expect(line?.outputs).toEqual({ kubeconfig: "[secret]", nested: { deep: ["[secret]"] } });
  });

  it("tells of a signal, and of what was thrown as data", () => {
    const problem = { exitCode: 4, message: "locked", details: { error: "LockedError", message: "locked" } } as const;
    const lines = tell((reporter) => {
      reporter.stopping("SIGINT");
      reporter.end({ ...ending, outcome: undefined, problem }, { exitCode: 4, caller: undefined });
    });
    expect(lines).toEqual([
      { kind: "stopping", signal: "SIGINT" },
      expect.objectContaining({ kind: "summary", result: "failed", exitCode: 4, problem: problem.details }),
    ]);
  });
});
