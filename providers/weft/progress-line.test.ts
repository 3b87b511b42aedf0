import { expect, it } from "vitest";
import type { ToolProgress } from "../../toolchain/index.ts";
import { progressLine } from "./progress-line.ts";

it("tells of the program that is built, not of those that wait for it, and of waiting when that is all there is", () => {
  const lines: string[] = [];
  const progress = progressLine((line) => lines.push(line));
  const event = (tool: string, step: ToolProgress["step"], state: ToolProgress["state"], elapsedMs: number) =>
    progress({ tool, version: "1", step, state, elapsedMs, message: `${step} ${state}` });
  event("kubectl", "wait", "started", 0);
  event("etcd", "build", "started", 0);
  event("kubectl", "wait", "running", 1000);
  event("etcd", "build", "running", 2500);
  event("etcd", "build", "succeeded", 3000);
  event("kubectl", "wait", "running", 4000);
  expect(lines).toEqual([
    "kubectl: wait started",
    "etcd: build started",
    "etcd: build running (2 s)",
    "etcd: build succeeded (3 s)",
    "kubectl: wait running (4 s)",
  ]);
});
