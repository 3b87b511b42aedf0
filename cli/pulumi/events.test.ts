import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EngineEvent, Phase } from "../../engine/index.ts";
import { Translator } from "./events.ts";

// The fixtures are what the Pulumi CLI (a build of its sources, 3.260.0-dev) sent through its Automation API over a
// program of twelve resources, without outputs and its debug log. They do not prove that other releases send the same.

type Recorded = Parameters<Translator["handle"]>[0];

function translate(name: string, phase: Phase, refreshing = false) {
  const path = join(import.meta.dirname, "fixtures", `${name}.gen.json`);
  const recorded: Recorded[] = JSON.parse(readFileSync(path, "utf8"));
  const events: EngineEvent[] = [];
  let now = 0;
  const translator = new Translator({ phase, refreshing, emit: (event) => void events.push(event), now: () => now });
  for (const event of recorded) {
    now += 10;
    translator.handle(event);
  }
  translator.finish();
  const ends = events.filter((event) => event.kind === "resource-end");
  return {
    events,
    ends,
    translator,
    did: (operation: string) =>
      ends.flatMap((event) => (event.operation === operation ? [event.resource.name] : [])).sort(),
    of: <K extends EngineEvent["kind"]>(kind: K) =>
      events.filter((event): event is Extract<EngineEvent, { kind: K }> => event.kind === kind),
  };
}

describe("events of the Pulumi CLI", () => {
  it("end every resource once, and begin only work", () => {
    const { events, ends, of, translator } = translate("up-replace", "apply");
    const keys = ends.map(({ resource, operation }) => `${resource.urn} ${operation === "delete-original"}`);
    expect(new Set(keys).size).toBe(keys.length);
    const begun = of("resource-begin").map(({ resource }) => resource.type);
    expect(begun.every((type) => type.startsWith("kubernetes:"))).toBe(true);
    for (const begin of of("resource-begin")) {
      const at = events.indexOf(begin);
      const end = events.findIndex(
        (event) =>
          event.kind === "resource-end" &&
          event.resource.urn === begin.resource.urn &&
          event.operation === begin.operation,
      );
      expect(end).toBeGreaterThan(at);
    }
    expect(translator.changes).toEqual({ replace: 1, update: 4, same: 7 });
    expect(translator.failures).toBe(0);
  });

  it("tell a replacement as making the new and deleting the original", () => {
    const { did } = translate("up-replace", "apply");
    expect(did("replace")).toEqual(["orders-deployment"]);
    expect(did("delete-original")).toEqual(["orders-deployment"]);
    expect(did("update")).toEqual(["orders-config", "orders-hpa", "orders-secret", "orders-service"]);
  });

  it("tell what waits for what, and how long it took, but nothing of time in a plan", () => {
    const { of, ends } = translate("up-replace", "apply");
    expect(of("resource-status").map(({ message }) => message)).toContain("[1/3] Finding Pods to direct traffic to");
    expect(of("resource-status").every(({ message }) => message !== "")).toBe(true);
    expect(ends.find(({ operation }) => operation === "replace")?.duration).toBeGreaterThan(0);
    expect(translate("preview-replace", "plan").ends.every(({ duration }) => duration === 0)).toBe(true);
  });

  it("tell what changes, by property path, and never a secret", () => {
    const { ends, events } = translate("preview-replace", "plan");
    const changes = (name: string) => ends.find(({ resource }) => resource.name === name && resource)?.changes;
    expect(ends.find(({ operation }) => operation === "replace")?.changes).toEqual({
      "metadata.labels.app": { kind: "update", before: "orders", after: "other" },
      "spec.selector.matchLabels.app": { kind: "update", before: "orders", after: "other" },
      "spec.template.metadata.labels.app": { kind: "update", before: "orders", after: "other" },
      "spec.template.spec.containers[0].image": {
        kind: "update",
        before: "example/orders:1",
        after: "example/orders:2",
      },
    });
    expect(changes("orders-secret")).toEqual({
      "metadata.labels.app": { kind: "update", before: "orders", after: "other" },
    });
    // It is in the fixture: the CLI hands a default provider its namespace of the configuration.
    expect(JSON.stringify(events)).not.toContain("s3cr3t-canary");
  });

  it("know each resource's parent, and nothing of the providers that the CLI makes for itself", () => {
    const { ends } = translate("preview-replace", "plan");
    const deployment = ends.find(({ resource }) => resource.name === "orders-config");
    expect(deployment?.resource.parent).toBe("urn:pulumi:recorded::weft::weft:workloads:Service::orders");
    expect(ends.some(({ resource }) => resource.name === "default")).toBe(false);
    expect(ends.some(({ resource }) => resource.type === "pulumi:providers:kubernetes")).toBe(true);
  });

  it.each([
    ["preview-failed", "plan", "Preview failed: resource"],
    ["up-failed", "apply", "resource"],
  ] as const)("make of an error its resource's failure, and of its echo nothing: %s", (name, phase, start) => {
    const { ends, of, translator } = translate(name, phase);
    const failed = ends.filter(({ error }) => error !== undefined);
    expect(failed.map(({ resource, operation }) => [resource.name, operation])).toEqual([["bad", "create"]]);
    expect(failed[0]?.error).toMatch(new RegExp(`^${start}.*Not_Valid`));
    expect(of("message").filter(({ severity }) => severity === "error")).toEqual([]);
    expect(translator.failures).toBe(1);
  });

  it("tell of policies: what is judged, what is forbidden and what is advised", () => {
    const { of, translator } = translate("preview-policy", "plan");
    expect(of("policy-loaded")).toEqual([
      { kind: "policy-loaded", pack: "weft-policies", version: "0.0.1", policies: 0 },
    ]);
    expect(
      of("policy-violation").map(({ policy, level, resource, undecided }) => [
        policy,
        level,
        resource?.name,
        undecided,
      ]),
    ).toEqual([
      ["containers-have-probes", "mandatory", "orders-deployment", false],
      ["replicas-advice", "advisory", undefined, false],
    ]);
    expect(of("policy-violation")[0]?.message).toContain("container app has no readinessProbe");
    expect(translator.mandatoryViolations).toBe(1);
  });

  it("tell of a refresh what it found, without a begin for what is only read", () => {
    const { did, of, translator } = translate("refresh", "apply", true);
    expect(of("resource-begin")).toEqual([]);
    expect(did("delete")).toEqual(["orders-hpa"]);
    expect(did("same")).toHaveLength(11);
    expect(translator.changes).toEqual({ delete: 1, same: 11 });
  });

  it("leave out a refresh that comes before something else", () => {
    expect(translate("refresh", "apply").ends).toEqual([]);
  });

  it("tell of a destruction each resource, components too", () => {
    const { did, translator } = translate("destroy", "apply");
    expect(did("delete")).toHaveLength(11);
    expect(translator.changes).toEqual({ delete: 11 });
  });

  it("keep an error of which no step tells", () => {
    const events: EngineEvent[] = [];
    const translator = new Translator({
      phase: "plan",
      refreshing: false,
      emit: (event) => void events.push(event),
      now: () => 0,
    });
    const urn = "urn:pulumi:s::p::kubernetes:core/v1:ConfigMap::c";
    const diagnostic = { color: "never", severity: "error", message: "lost\n" } as const;
    translator.handle({ sequence: 1, timestamp: 0, diagnosticEvent: { ...diagnostic, urn } });
    translator.handle({ sequence: 2, timestamp: 0, diagnosticEvent: diagnostic });
    translator.finish();
    expect(events).toEqual([
      { kind: "message", severity: "error", text: "lost" },
      { kind: "message", severity: "error", text: "lost", urn },
    ]);
    expect(translator.failures).toBe(2);
  });
});
