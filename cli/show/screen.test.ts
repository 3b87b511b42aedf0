import { describe, expect, it } from "vitest";
import type { EngineEvent } from "../../engine/index.ts";
import { begin, end, kwok, made, message, namespace, phase, planOf, service, status } from "../testing/events.ts";
import { emptyView, reduce, type View } from "../view.ts";
import { type ScreenOptions, screen } from "./screen.ts";
import { styleFor } from "./style.ts";
import { widthOf } from "./text.ts";

const plain = styleFor(false);
const NAMES = ["web", "orders", "payments", "inventory", "shipping"];
const MANY = Array.from({ length: 200 }, (_, index) => `service-${String(index + 1).padStart(3, "0")}`);

/** Tells events at given times. */
function play(script: readonly (readonly [number, readonly EngineEvent[]])[]): View {
  let view = emptyView(0);
  for (const [now, events] of script) for (const event of events) view = reduce(view, event, now);
  return view;
}

function draw(view: View, more: Partial<ScreenOptions> = {}): string[] {
  return screen(view, { width: 80, height: 24, now: 12_000, style: plain, stopping: undefined, ...more });
}

/** The cluster is up, the team's namespace too; of the services one is done, two are under way. */
const midway = play([
  [0, planOf(NAMES)],
  [2_000, [phase("apply"), begin(kwok)]],
  [6_000, [end(kwok), ...made(namespace)]],
  [7_000, NAMES.flatMap((name) => made(service(name).account))],
  [7_500, [...made(service("web").deployment), ...made(service("web").service)]],
  [8_000, [begin(service("orders").deployment), begin(service("orders").service)]],
  [9_000, [status(service("orders").deployment, "1 of 2 replicas ready"), begin(service("payments").deployment)]],
]);

const failing = play([
  [0, planOf(NAMES)],
  [2_000, [phase("apply"), ...made(kwok), ...made(namespace), message("warning", "careful")]],
  [3_000, [begin(service("orders").deployment), begin(service("web").deployment)]],
  [9_000, [end(service("orders").deployment, "create", { error: "pod orders-1: image not found\nsecond line" })]],
]);

const huge = play([
  [0, planOf(MANY)],
  [2_000, [phase("apply"), ...made(kwok), ...made(namespace)]],
  [
    3_000,
    MANY.slice(0, 60).flatMap((name) =>
      Object.values(service(name))
        .slice(1)
        .flatMap((ref) => made(ref)),
    ),
  ],
  [4_000, MANY.slice(60, 75).map((name) => begin(service(name).deployment))],
  [5_000, [begin(service("service-100").service), end(service("service-100").service, "create", { error: "no" })]],
]);

describe("the moving picture", () => {
  it.each([
    ["midway", midway, 80, 24],
    ["midway", midway, 120, 24],
    ["midway", midway, 40, 24],
    ["midway", midway, 80, 5],
    ["failing", failing, 80, 24],
    ["huge", huge, 100, 24],
    ["huge", huge, 100, 90],
  ] as const)("of %s at %$ looks as it did", async (name, view, width, height) => {
    const lines = draw(view, { width, height });
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/screen-${name}-${width}x${height}.txt`);
  });

  it.each([
    [1, 1],
    [5, 2],
    [20, 3],
    [40, 10],
    [80, 24],
    [200, 60],
  ])("never takes more room than there is: %i columns, %i lines", (width, height) => {
    for (const view of [midway, failing, huge, emptyView(0)]) {
      for (const stopping of [undefined, "Ctrl-C: stopping, nothing new is begun; waiting for a great many things"]) {
        const lines = draw(view, { width, height, stopping });
        expect(lines.length).toBeLessThanOrEqual(height);
        for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(Math.max(width, 1));
      }
    }
  });

  it("says of each component how far it is and what it waits for, and for how long", () => {
    const lines = draw(midway);
    expect(lines.find((line) => line.includes("orders"))).toMatch(
      /orders\s+1\/3 {2}deployment: 1 of 2 replicas ready 4\.0 s, and 1 more/,
    );
    expect(lines.find((line) => line.includes("web"))).toMatch(/✓ web\s+3\/3$/);
    expect(lines.find((line) => line.includes("shipping"))).toMatch(/· shipping\s+1\/3$/);
  });

  it("shows what failed and what runs first when there is no room for all", () => {
    const lines = draw(huge, { height: 24 });
    expect(lines.join("\n")).toContain("service-100");
    expect(lines.filter((line) => /service-0(6[1-9]|7[0-5])/.test(line))).toHaveLength(15);
    expect(lines.at(-1)).toMatch(/and \d+ waiting, \d+ done/);
  });

  it("leaves out what does not change", () => {
    const view = play([[0, [phase("plan"), end(kwok, "same"), phase("apply"), end(kwok, "same"), begin(namespace)]]]);
    expect(draw(view).join("\n")).not.toContain("cluster");
  });

  it("counts in the plan, and moves", () => {
    const planning = play([[0, planOf(["web"])]]);
    expect(draw(planning, { now: 1_000 })).toEqual([
      expect.stringContaining("planning  9 resources · 9 to create · 1.0 s"),
    ]);
    expect(draw(planning, { now: 1_000 })[0]?.[0]).not.toBe(draw(planning, { now: 1_100 })[0]?.[0]);
  });

  it("shows nothing of what others wrote that could move the cursor", () => {
    const view = play([[0, [phase("apply"), begin(kwok), status(kwok, "\u001b[2Jgone\nnext")]]]);
    const text = draw(view).join("\n");
    expect(text).toContain("gone next");
    expect(text).not.toContain("\u001b");
  });

  it("opens a component that holds others as far as there is room", () => {
    const platform = {
      ...service("web").component,
      name: "platform",
      urn: service("web").component.urn.replace("::web", "::platform"),
    };
    const inner = { ...service("orders").component, parent: platform.urn };
    const leaf = { ...service("orders").deployment, parent: inner.urn };
    const view = play([
      [0, [phase("plan"), end(platform), end(inner), begin(leaf), end(leaf), phase("apply"), begin(leaf)]],
    ]);
    expect(draw(view, { height: 3 }).map((line) => line.trim().split(/\s+/)[1])).toEqual([
      "applying",
      "platform",
      "orders",
    ]);
    expect(draw(view, { height: 2 })[1]).toMatch(/platform +0\/1 {2}orders-deployment: creating/);
  });
});
