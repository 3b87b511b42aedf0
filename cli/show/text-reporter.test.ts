import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { begin, end, kwok, made, message, namespace, outcome, phase, planOf, status } from "../testing/events.ts";
import { type TestWorld, testWorld } from "../testing/world.ts";
import { liveArea } from "./live-area.ts";
import { styleFor } from "./style.ts";
import { type TextOptions, textReporter } from "./text-reporter.ts";

const HIDE = "\u001b[?25l";
const SHOW = "\u001b[?25h";

const start = {
  command: "up",
  stack: "local",
  project: "weft",
  engine: { name: "builtin", reason: "no pulumi on PATH" },
} as const;

const ending = {
  command: "up",
  stack: "local",
  elapsed: 1_000,
  outcome: outcome({ changes: { create: 2 } }),
  problem: undefined,
  cancelled: false,
  refreshed: false,
  removed: false,
} as const;

function reporterIn(world: TestWorld, more: Partial<TextOptions> = {}) {
  const options = { live: undefined, quiet: false, verbose: false, timestamps: false };
  return textReporter(world, { style: styleFor(false), ...options, ...more });
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("telling a log", () => {
  it("says first which stack, by which engine, and why", () => {
    const world = testWorld();
    const reporter = reporterIn(world);
    reporter.begin(start);
    reporter.release();
    expect(world.stdout.text).toBe("weft up local  built-in engine (no pulumi on PATH)\n");
  });

  it("shows life every ten seconds in which nothing ends, and only then", () => {
    const world = testWorld();
    const reporter = reporterIn(world);
    reporter.begin(start);
    for (const event of [phase("apply"), begin(kwok), status(kwok, "building etcd")]) reporter.event(event);
    const said = world.stdout.text.length;
    world.pass(9_000);
    vi.advanceTimersByTime(9_000);
    expect(world.stdout.text).toHaveLength(said);
    world.pass(1_000);
    vi.advanceTimersByTime(1_000);
    expect(world.stdout.text.slice(said)).toBe("0 of 1 done (10 s); cluster-kwok: building etcd for 10 s\n");
    for (const event of made(namespace)) reporter.event(event);
    const again = world.stdout.text.length;
    vi.advanceTimersByTime(9_000);
    expect(world.stdout.text).toHaveLength(again);
    reporter.release();
    vi.advanceTimersByTime(60_000);
    expect(world.stdout.text).toHaveLength(again);
  });

  it("starts each line with the time when it is asked to, from the first to the last", () => {
    const world = testWorld();
    const reporter = reporterIn(world, { timestamps: true });
    reporter.begin(start);
    for (const event of [phase("apply"), begin(kwok), message("warning", "careful\nvery")]) reporter.event(event);
    world.pass(10_000);
    vi.advanceTimersByTime(10_000);
    world.pass(51_000);
    reporter.stopping("SIGTERM");
    reporter.event(end(kwok));
    reporter.end(ending, { exitCode: 0, caller: "weft" });
    const lines = world.stdout.text.trimEnd().split("\n");
    expect(lines.slice(0, 6)).toEqual([
      "      0.0 s  weft up local  built-in engine (no pulumi on PATH)",
      "      0.0 s  ! careful",
      "      0.0 s  very",
      "       10 s  0 of 1 done (10 s); cluster-kwok: creating for 10 s",
      expect.stringMatching(/^ {2}1 min 1 s {2}SIGTERM: stopping/),
      "  1 min 1 s  + created cluster-kwok  weft-native:cluster:Kwok",
    ]);
    expect(lines.length).toBeGreaterThan(8);
    for (const line of lines) expect(line).toMatch(/^[\d. a-z]{9} s($| {2}\S| {4})/);
  });

  it("says of what comes before the plan that it was found, and of what comes after that it was done", () => {
    const world = testWorld();
    const reporter = reporterIn(world);
    reporter.begin(start);
    const remove = [begin(kwok, "delete"), end(kwok, "delete")];
    for (const event of [phase("apply"), end(namespace, "delete"), phase("plan"), phase("apply"), ...remove]) {
      reporter.event(event);
    }
    reporter.release();
    expect(world.stdout.text.split("\n").slice(1, 4)).toEqual([
      "- gone shop-namespace  kubernetes:core/v1:Namespace",
      "planned in 0.0 s: 0 changes",
      "- deleted cluster-kwok  weft-native:cluster:Kwok",
    ]);
  });

  it("says nothing but the end when it is to be quiet", () => {
    const world = testWorld();
    const reporter = reporterIn(world, { quiet: true });
    reporter.begin(start);
    for (const event of [message("warning", "w"), message("info", "i"), ...made(kwok)]) reporter.event(event);
    vi.advanceTimersByTime(60_000);
    expect(world.stdout.text).toBe("");
    reporter.end(ending, { exitCode: 0, caller: "weft" });
    expect(world.stdout.text).toMatch(/^✓ local: 2 created/);
  });

  it("says at a signal what it waits for, and that nothing is lost", () => {
    const world = testWorld();
    const reporter = reporterIn(world);
    for (const event of [phase("apply"), begin(kwok)]) reporter.event(event);
    reporter.stopping("SIGINT");
    expect(world.stdout.text).toBe(
      "Ctrl-C: stopping, nothing new is begun; waiting for cluster-kwok. What is done is saved. Again: leave at once\n",
    );
  });
});

describe("telling a terminal", () => {
  const terminal = { columns: 80, rows: 12 };

  it("hides the cursor while the picture moves, and gives it back at the end, with the last picture left", () => {
    const world = testWorld({ terminal });
    const reporter = reporterIn(world, { live: liveArea(world) });
    reporter.begin(start);
    for (const event of [...planOf(["web"]), phase("apply"), begin(kwok)]) reporter.event(event);
    vi.advanceTimersByTime(500);
    expect(world.stdout.text).toContain(HIDE);
    expect(world.stdout.text).not.toContain(SHOW);
    expect(world.stdout.text).toMatch(/cluster\s+0\/1 {2}kwok: creating/);
    reporter.event(end(kwok));
    reporter.end(ending, { exitCode: 0, caller: "weft" });
    const [picture, after] = world.stdout.text.split(SHOW);
    expect(picture).toMatch(/✓ cluster\s+1\/1/);
    expect(after).toMatch(/^\n✓ local: 2 created/);
    expect(after).not.toContain("\u001b[?25");
    vi.advanceTimersByTime(5_000);
    expect(world.stdout.text.endsWith(after ?? "")).toBe(true);
  });

  it("gives the cursor back when the process ends in the middle", () => {
    const world = testWorld({ terminal });
    const reporter = reporterIn(world, { live: liveArea(world) });
    reporter.begin(start);
    world.signals.emit("exit");
    expect(world.stdout.text.endsWith(SHOW)).toBe(true);
    reporter.release();
    expect(world.stdout.text.split(SHOW)).toHaveLength(2);
    expect(world.signals.listenerCount("exit")).toBe(0);
  });

  it("leaves no picture behind when nothing was to be done", () => {
    const world = testWorld({ terminal });
    const reporter = reporterIn(world, { live: liveArea(world) });
    reporter.begin(start);
    for (const event of [phase("plan"), end(kwok, "same", { phase: "plan" })]) reporter.event(event);
    reporter.end(
      { ...ending, outcome: outcome({ phase: "plan", changes: { same: 1 } }) },
      { exitCode: 0, caller: undefined },
    );
    expect(world.stdout.text.split(SHOW)[1]).toMatch(/^✓ local: 0 changes, 1 unchanged/);
  });

  it("prints above the picture what the program prints", () => {
    const world = testWorld({ terminal });
    const reporter = reporterIn(world, { live: liveArea(world) });
    reporter.begin(start);
    for (const event of [phase("apply"), begin(kwok), message("info", "hello from the program")]) reporter.event(event);
    vi.advanceTimersByTime(200);
    const text = world.stdout.text;
    expect(text.indexOf("hello from the program\n")).toBeLessThan(text.lastIndexOf("applying"));
    reporter.release();
  });
});
