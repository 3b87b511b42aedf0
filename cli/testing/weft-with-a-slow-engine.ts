import { setTimeout as sleep } from "node:timers/promises";
import { main, processWorld } from "../index.ts";
import { begin, end, kwok, outcome, phase } from "./events.ts";
import { fakeEngine } from "./fake-engine.ts";

// The real command in a process of its own, with an engine that takes its time: `up` stops half a second after it is
// asked to, `refresh` never does, and `preview` tells more than anyone wants to read.

const engine = fakeEngine({
  up: async ({ emit, signal }) => {
    for (const event of [phase("apply"), begin(kwok)]) emit(event);
    while (!signal.aborted) await sleep(20);
    await sleep(500);
    emit(end(kwok));
    return outcome({ result: "cancelled" });
  },
  refresh: async ({ emit }) => {
    for (const event of [phase("apply"), begin(kwok)]) emit(event);
    for (;;) await sleep(1_000);
  },
  preview: async ({ emit }) => {
    for (let i = 0; i < 20_000; i++) emit(end(kwok, "same", { phase: "plan" }));
    return outcome({ phase: "plan", changes: { same: 1 } });
  },
  destroy: async () => {
    // Nobody waits for this promise: an error that nobody catches.
    void Promise.reject(new Error("out of the blue"));
    await sleep(1_000);
    return outcome();
  },
});

process.exit(await main(process.argv.slice(2), { ...processWorld(), builtinEngine: async () => engine }));
