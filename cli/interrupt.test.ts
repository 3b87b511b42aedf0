import { describe, expect, it } from "vitest";
import { Cancelled, interruptible } from "./interrupt.ts";
import { type TestWorld, testWorld } from "./testing/world.ts";

/** Work that ends when it is told to stop, and remembers what it was told. */
function start(world: TestWorld) {
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const handlers = { stopping: (signal: string) => void told.push(signal), leaving: () => void told.push("leaving") };
  let reason: unknown;
  const ended = interruptible(world, handlers, async (signal) => {
    signal.addEventListener("abort", () => {
      reason = signal.reason;
    });
    await promise;
    return "done";
  });
  return { told, ended, finish: resolve, reason: () => reason };
}

describe("a signal", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"])("asks the work to stop: %s", async (name) => {
    const world = testWorld();
    const work = start(world);
    world.signals.emit(name);
    expect(work.told).toEqual([name]);
    expect(work.reason()).toBeInstanceOf(Cancelled);
    work.finish();
    expect(await work.ended).toBe("done");
    expect(world.exited).toBeUndefined();
  });

  it("that comes twice for one Ctrl-C, as under npm, is one", () => {
    const world = testWorld();
    const work = start(world);
    world.signals.emit("SIGINT");
    world.pass(499);
    world.signals.emit("SIGINT");
    expect(work.told).toEqual(["SIGINT"]);
    expect(world.exited).toBeUndefined();
    work.finish();
  });

  it("that comes again ends the process at once", () => {
    const world = testWorld();
    const work = start(world);
    world.signals.emit("SIGINT");
    world.pass(500);
    world.signals.emit("SIGTERM");
    expect(work.told).toEqual(["SIGINT", "leaving"]);
    expect(world.exited).toBe(130);
    work.finish();
  });

  it("is nobody's business once the work has ended", async () => {
    const world = testWorld();
    const work = start(world);
    work.finish();
    await work.ended;
    expect(world.signals.eventNames()).toEqual([]);
  });
});
