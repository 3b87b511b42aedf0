import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { service } from "./fixtures.ts";
import {
  gracePeriodSeconds,
  PRE_STOP_SECONDS,
  peakPods,
  preStopSeconds,
  progressDeadlineSeconds,
  ROLLING_UPDATE,
  rolloutSeconds,
} from "./rollout.ts";

const volume = { name: "data", path: "/data", size: "1Gi", storageClass: undefined };
const fixed = (replicas: number) => ({ kind: "fixed", replicas }) as const;

describe("a rolling update", () => {
  it("never takes a ready pod away before a new one is ready", () => {
    expect(ROLLING_UPDATE.maxUnavailable).toBe(0);
  });

  it("can always start at least one pod, also for a singleton", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (replicas) => {
        // Kubernetes rounds a surge up.
        const surge = Math.ceil((replicas * Number.parseInt(ROLLING_UPDATE.maxSurge, 10)) / 100);
        expect(surge).toBeGreaterThanOrEqual(1);
        expect(replicas + surge).toBeLessThanOrEqual(peakPods(service("a", { scale: fixed(replicas) })));
      }),
    );
  });

  it("runs every old pod beside every new one at its peak, since terminating pods are charged to the quota", () => {
    expect(peakPods(service("a", { scale: fixed(3) }))).toBe(6);
    expect(peakPods(service("a", { scale: { kind: "auto", min: 2, max: 100, cpu: 70 } }))).toBe(200);
  });

  it("of a stateful service never runs more than its pods", () => {
    expect(peakPods(service("a", { scale: fixed(3), volumes: [volume] }))).toBe(3);
  });
});

describe("a pod's termination", () => {
  it("leaves the whole of terminationSeconds after the pause in which it is still sent requests", () => {
    const web = service("web", { terminationSeconds: 30 });
    expect(preStopSeconds(web)).toBe(PRE_STOP_SECONDS);
    expect(gracePeriodSeconds(web)).toBe(PRE_STOP_SECONDS + 30);
  });

  it("has no pause when nothing sends it requests", () => {
    const worker = service("worker", { ports: [], terminationSeconds: 30 });
    expect(preStopSeconds(worker)).toBe(0);
    expect(gracePeriodSeconds(worker)).toBe(30);
  });

  it("is always longer than the pause", () => {
    for (const terminationSeconds of [0, 1, 3600]) {
      const web = service("web", { terminationSeconds });
      expect(gracePeriodSeconds(web)).toBeGreaterThan(preStopSeconds(web));
    }
  });
});

describe("the time a rollout may take", () => {
  const starting = (startupSeconds: number) => ({ ...service("a").health, startupSeconds });

  it("is ten minutes for a service that starts quickly", () => {
    expect(progressDeadlineSeconds(service("a"))).toBe(600);
    expect(rolloutSeconds(service("a", { scale: fixed(1) }))).toBe(600);
  });

  it("is never shorter than one start, with the time to get a node and an image", () => {
    const slow = service("a", { health: starting(1800), scale: fixed(1) });
    expect(progressDeadlineSeconds(slow)).toBe(300 + 1800);
    expect(rolloutSeconds(slow)).toBe(300 + 1800 + 40);
  });

  it("counts four batches of a Deployment, and every pod of a StatefulSet", () => {
    const health = starting(100);
    expect(rolloutSeconds(service("a", { health, scale: fixed(40) }))).toBe(300 + 4 * (100 + 40));
    expect(rolloutSeconds(service("a", { health, scale: fixed(40), volumes: [volume] }))).toBe(300 + 40 * (100 + 40));
  });
});
