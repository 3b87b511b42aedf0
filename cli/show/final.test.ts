import { describe, expect, it } from "vitest";
import { type EngineEvent, type PropertyMap, Secret } from "../../engine/index.ts";
import {
  begin,
  end,
  kwok,
  loaded,
  made,
  message,
  outcome,
  phase,
  planOf,
  service,
  violation,
} from "../testing/events.ts";
import { emptyView, reduce, type View } from "../view.ts";
import { renderEnd } from "./final.ts";
import { styleFor } from "./style.ts";
import type { End } from "./summary.ts";

const web = service("web");
const orders = service("orders");

function viewAfter(events: readonly EngineEvent[]): View {
  return events.reduce((view, event) => reduce(view, event, 0), emptyView(0));
}

function ended(more: Partial<End>): End {
  return {
    command: "up",
    stack: "local",
    view: emptyView(0),
    elapsed: 41_000,
    outcome: outcome(),
    problem: undefined,
    cancelled: false,
    refreshed: false,
    removed: false,
    ...more,
  };
}

function text(end: End, more: Partial<Parameters<typeof renderEnd>[2]> = {}): string {
  const options = { style: styleFor(false), width: 100, quiet: false, warned: false, ...more };
  return `${renderEnd(end, { exitCode: 0, caller: "weft" }, options).join("\n")}\n`;
}

const PLATFORM: PropertyMap = {
  target: "kwok",
  cluster: {
    context: "weft-local",
    server: "https://127.0.0.1:1",
    kubernetesVersion: "1.36.3",
    nodes: 6,
    zones: ["a"],
  },
  services: [
    { name: "web", team: "shop", host: "web.shop.svc.cluster.local", address: "198.18.0.1:80" },
    { name: "orders", team: "shop", host: "orders.shop.svc.cluster.local" },
  ],
  capabilities: [
    { feature: "control plane", state: "real", note: "All of it." },
    { feature: "load balancers", state: "simulated", note: "Each gets an address that answers nowhere." },
  ],
  kubeconfig: new Secret("client-key-data: abc"),
};

const built = [
  loaded,
  ...planOf(["web", "orders"]),
  phase("apply"),
  ...made(kwok),
  message("warning", "careful\nvery"),
];

/** Applied: the first of two services failed, and the program with it. */
const broken = [
  ...planOf(["web", "orders"]),
  phase("apply"),
  ...made(kwok),
  begin(web.deployment),
  end(web.deployment, "create", {
    error:
      "web-deployment is not ready: pod web-1 can't pull example/web:1\n  Back-off pulling image\nFix: correct the image",
  }),
  begin(web.account),
  end(web.account, "create", { error: "forbidden" }),
  message("error", "Error: web-deployment is not ready: pod web-1 can't pull example/web:1\n    at somewhere"),
  message("error", "the program failed"),
] as const satisfies EngineEvent[];

const changing = [
  phase("plan"),
  end(web.component, "same", { phase: "plan" }),
  begin(web.deployment, "update", "plan"),
  end(web.deployment, "update", {
    phase: "plan",
    changes: {
      "spec.template.spec.containers[0].image": { kind: "update", before: "example/web:1", after: "example/web:2" },
      "spec.replicas": { kind: "delete", before: 3 },
      'metadata.annotations["a/b"]': { kind: "add", after: "two words" },
      "spec.paused": { kind: "update", before: "true", after: true },
      "data.password": { kind: "update", before: "[secret]", after: "[secret]" },
      "data.other": { kind: "update" },
    },
  }),
  begin(orders.deployment, "replace", "plan"),
  end(orders.deployment, "replace", {
    phase: "plan",
    changes: { "spec.selector": { kind: "update", before: {}, after: { a: 1 } } },
  }),
  begin(orders.deployment, "delete-original", "plan"),
  end(orders.deployment, "delete-original", { phase: "plan" }),
  begin(orders.account, "delete", "plan"),
  end(orders.account, "delete", { phase: "plan" }),
] as const satisfies EngineEvent[];

const cases: Record<string, End> = {
  "up-created": ended({
    view: viewAfter(built),
    outcome: outcome({ changes: { create: 12 }, outputs: PLATFORM }),
  }),
  "up-unchanged": ended({
    view: viewAfter([loaded, phase("plan"), end(kwok, "same", { phase: "plan" })]),
    outcome: outcome({
      phase: "plan",
      changes: { same: 98 },
      duration: { plan: 3000, apply: 0 },
      outputs: { region: "x" },
    }),
    elapsed: 3_200,
  }),
  "up-failed": ended({
    view: viewAfter(broken),
    outcome: outcome({ result: "failed", changes: { create: 1 } }),
  }),
  "up-plan-failed": ended({
    view: viewAfter([
      phase("plan"),
      end(web.deployment, "create", { phase: "plan", error: "metadata.name is not a DNS label" }),
    ]),
    outcome: outcome({ result: "failed", phase: "plan" }),
  }),
  "up-cancelled": ended({
    view: viewAfter([...built, end(web.deployment, "create", { error: "cancelled" })]),
    outcome: outcome({ result: "cancelled", changes: { create: 1 } }),
    cancelled: true,
  }),
  "up-forbidden": ended({
    view: viewAfter([
      loaded,
      phase("plan"),
      violation(),
      violation({
        resource: orders.deployment,
        message: "container app has no readiness probe\nIt would get traffic at once.",
      }),
      violation({
        policy: "budget",
        level: "advisory",
        undecided: true,
        message: "replicas are not known yet",
        fix: "",
      }),
      violation({ policy: "advice", level: "advisory", resource: undefined, message: "the stack is large", fix: "" }),
    ]),
    outcome: outcome({ result: "failed", phase: "plan", mandatoryViolations: 2 }),
  }),
  "preview-changes": ended({
    command: "preview",
    view: viewAfter([...changing]),
    outcome: outcome({ phase: "plan", changes: { update: 1, replace: 1, delete: 1, "delete-original": 1, same: 8 } }),
  }),
  "destroy-done": ended({
    command: "destroy",
    outcome: outcome({ changes: { delete: 18, discard: 72 } }),
    removed: true,
  }),
  "refresh-found": ended({ command: "refresh", outcome: outcome({ changes: { delete: 1, refresh: 2, same: 5 } }) }),
  "up-locked": ended({
    // Planned, and then refused: another run came in between.
    view: viewAfter([...planOf(["web"]), phase("apply")]),
    outcome: undefined,
    problem: { exitCode: 4, message: "the stack local is locked by another run\n  me@here, process 7", details: {} },
  }),
};

describe("the end of an operation", () => {
  it.each(Object.entries(cases))("%s reads as it did", async (name, end) => {
    await expect(text(end)).toMatchFileSnapshot(`golden/end-${name}.txt`);
  });

  it("tells each failure once, in full, with its resource, and none of its echoes", () => {
    const shown = text(cases["up-failed"] as End);
    expect(shown).toContain("Failures (2)");
    expect(shown.match(/can't pull/g)).toHaveLength(1);
    expect(shown).toContain("Back-off pulling image");
    expect(shown).toContain("create web-deployment  kubernetes:apps/v1:Deployment");
    expect(shown).not.toContain("the program failed");
    expect(shown).toMatch(/1 of 13 done, 2 failed/);
  });

  it("says that nothing was written exactly when nothing was", () => {
    for (const [name, end] of Object.entries(cases)) {
      const nothing = ["up-plan-failed", "up-forbidden", "preview-changes", "up-locked"].includes(name);
      expect(text(end).includes("nothing was written"), name).toBe(nothing);
    }
  });

  it("says what became of a refresh that came before a plan that failed", () => {
    const shown = text({ ...(cases["up-plan-failed"] as End), refreshed: true });
    expect(shown).toContain("the state holds what the refresh found");
  });

  it("lists every property that changes, and no secret", () => {
    const shown = text(cases["preview-changes"] as End);
    expect(shown).toContain("spec.template.spec.containers[0].image: example/web:1 → example/web:2");
    expect(shown).toContain("spec.replicas: 3 → (removed)");
    expect(shown).toContain('metadata.annotations["a/b"]: "two words"');
    expect(shown).toContain('spec.paused: "true" → true');
    expect(shown).toContain("data.password: [secret] → [secret]");
    expect(shown).toContain("data.other: (changed)");
    expect(shown).not.toContain("delete-original");
  });

  it("marks addresses that lead nowhere, and hides the kubeconfig", () => {
    const shown = text(cases["up-created"] as End);
    expect(shown).toContain("web  198.18.0.1:80  (simulated)");
    expect(shown).not.toContain("client-key-data");
    expect(shown).toContain("2 services of 1 team");
  });

  it("names rule, resource, message and fix of every violation, the binding ones first", () => {
    const shown = text(cases["up-forbidden"] as End);
    const order = [
      "2 mandatory, 1 undecided, 1 advisory",
      "probes-readiness",
      "web-deployment",
      "fix: Add",
      "budget",
      "advice",
    ];
    expect(
      order.map((word) => shown.indexOf(word)).every((at, index, all) => at >= 0 && at > (all[index - 1] ?? -1)),
    ).toBe(true);
  });

  it("says with --quiet what went wrong and how it ended, and no more", () => {
    expect(text(cases["up-failed"] as End, { quiet: true })).toContain("Failures (2)");
    expect(text(cases["up-created"] as End, { quiet: true }).split("\n")).toHaveLength(4);
  });

  it("leaves warnings to whoever told of them already", () => {
    expect(text(cases["up-created"] as End)).toContain("careful");
    expect(text(cases["up-created"] as End, { warned: true })).not.toContain("careful");
  });
});
