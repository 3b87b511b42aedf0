import { describe, expect, it } from "vitest";
import type { JsonMap } from "../json.ts";
import { diagnose, type Evidence } from "./diagnosis.ts";
import { selectorText } from "./gather.ts";

const DEPLOYMENT: JsonMap = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", uid: "d", generation: 1 },
  status: { observedGeneration: 1 },
};

function evidence(rest: Partial<Evidence>): Evidence {
  return { object: DEPLOYMENT, pods: [], replicaSet: undefined, claims: [], events: [], ...rest };
}

function pod(name: string, status: JsonMap): JsonMap {
  return { kind: "Pod", metadata: { name, uid: name }, status: { phase: "Pending", ...status } };
}

function running(name: string, ...containerStatuses: JsonMap[]): JsonMap {
  return pod(name, {
    phase: "Running",
    conditions: [{ type: "Ready", status: "False", message: "containers with unready status: [app]" }],
    containerStatuses,
  });
}

function event(uid: string, reason: string, message: string, rest: JsonMap = {}): JsonMap {
  return { involvedObject: { uid }, reason, message, type: "Warning", ...rest };
}

const crash = (name: string, terminated: JsonMap, restartCount = 4): JsonMap => ({
  name,
  ready: false,
  restartCount,
  state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container" } },
  lastState: { terminated },
});

describe("a diagnosis", () => {
  it("names the container of a crash loop, how it ends, and how often", () => {
    const pods = [running("web-1", crash("app", { exitCode: 1, reason: "Error", message: "panic: no database\n" }))];
    expect(diagnose(evidence({ pods }))).toEqual([
      "pod web-1: container app: CrashLoopBackOff: exits with code 1: panic: no database, restarted 4 times",
    ]);
    const oom = [running("web-1", crash("app", { exitCode: 137, reason: "OOMKilled" }, 1))];
    expect(diagnose(evidence({ pods: oom }))[0]).toMatch(/exits with code 137 \(OOMKilled\), restarted once$/);
  });

  it("names the image that can't be pulled", () => {
    const waiting = { reason: "ImagePullBackOff", message: 'Back-off pulling image "example/nope:1"' };
    const pods = [running("web-1", { name: "app", ready: false, state: { waiting } })];
    expect(diagnose(evidence({ pods }))).toEqual([
      'pod web-1: container app: ImagePullBackOff: Back-off pulling image "example/nope:1"',
    ]);
  });

  it("names an init container before the others, which only wait for it", () => {
    const object = pod("web-1", {
      initContainerStatuses: [{ name: "migrate", state: { terminated: { exitCode: 2, reason: "Error" } } }],
      containerStatuses: [{ name: "app", state: { waiting: { reason: "PodInitializing" } } }],
    });
    expect(diagnose(evidence({ pods: [object] }))).toEqual(["pod web-1: container migrate: exits with code 2"]);
  });

  it("gives the scheduler's own words for a pod that no node takes", () => {
    const conditions = [
      {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: "0/6 nodes are available: 6 Insufficient cpu.",
      },
    ];
    const pods = [pod("web-1", { conditions }), pod("web-2", { conditions })];
    expect(diagnose(evidence({ pods }))).toEqual([
      "2 pods (web-1, web-2): Unschedulable: 0/6 nodes are available: 6 Insufficient cpu.",
    ]);
  });

  it("puts a quota that keeps pods from being created first", () => {
    const message =
      'pods "web-5d-x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2';
    const replicaSet = {
      kind: "ReplicaSet",
      metadata: { name: "web-5d", uid: "r" },
      spec: { replicas: 3 },
      status: {
        replicas: 2,
        conditions: [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message }],
      },
    };
    const pods = [running("web-1", crash("app", { exitCode: 1 }))];
    const [first, second] = diagnose(evidence({ replicaSet, pods }));
    expect(first).toBe(`ReplicaSet web-5d: can't create pods: ${message}`);
    expect(second).toMatch(/CrashLoopBackOff/);
  });

  it("finds why a StatefulSet or Job creates no pods in its events", () => {
    const object = { ...DEPLOYMENT, kind: "StatefulSet", spec: { replicas: 1 } };
    const events = [
      event("d", "FailedCreate", 'create Pod web-0 failed: violates PodSecurity "restricted:latest"', {
        lastTimestamp: "2026-11-22T08:00:00Z",
      }),
    ];
    expect(diagnose(evidence({ object, events }))[0]).toBe(
      'StatefulSet web: can\'t create pods: create Pod web-0 failed: violates PodSecurity "restricted:latest"',
    );
  });

  it("tells of a probe that fails, or of one that has not succeeded", () => {
    const pods = [running("web-1", { name: "app", ready: false, state: { running: {} } })];
    const events = [
      event("web-1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", {
        count: 12,
        lastTimestamp: "2026-11-22T08:00:09Z",
      }),
      event("web-1", "Unhealthy", "Readiness probe failed: connection refused", {
        lastTimestamp: "2026-11-22T08:00:01Z",
      }),
    ];
    expect(diagnose(evidence({ pods, events }))).toEqual([
      "pod web-1: Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503 (12 times)",
    ]);
    expect(diagnose(evidence({ pods }))).toEqual([
      "pod web-1: container app: runs, but its readiness probe has not succeeded",
    ]);
  });

  it("tells of volumes that can't be mounted, and of claims that are not bound", () => {
    const creating = { name: "app", ready: false, state: { waiting: { reason: "ContainerCreating" } } };
    const events = [
      event("web-1", "FailedMount", 'MountVolume.SetUp failed for volume "key": secret "key" not found'),
      event("c", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
    ];
    const claim = {
      kind: "PersistentVolumeClaim",
      metadata: { name: "data", uid: "c" },
      spec: { storageClassName: "fast" },
      status: { phase: "Pending" },
    };
    expect(diagnose(evidence({ pods: [running("web-1", creating)], claims: [claim], events }))).toEqual([
      'pod web-1: FailedMount: MountVolume.SetUp failed for volume "key": secret "key" not found',
      'claim data: not bound: ProvisioningFailed: storageclass.storage.k8s.io "fast" not found',
    ]);
    expect(diagnose(evidence({ claims: [claim] }))).toEqual([
      "claim data: not bound: StorageClass fast has provided no volume",
    ]);
  });

  it("tells of a missing ConfigMap or Secret by the kubelet's reason", () => {
    const waiting = { reason: "CreateContainerConfigError", message: 'configmap "settings" not found' };
    const pods = [running("web-1", { name: "app", ready: false, state: { waiting } })];
    expect(diagnose(evidence({ pods }))).toEqual([
      'pod web-1: container app: CreateContainerConfigError: configmap "settings" not found',
    ]);
  });

  it("says nothing of pods that are ready or done", () => {
    const ready = pod("web-1", { phase: "Running", conditions: [{ type: "Ready", status: "True" }] });
    expect(diagnose(evidence({ pods: [ready, pod("web-2", { phase: "Succeeded" })] }))).toEqual([]);
  });

  it("says that no controller acts where none does", () => {
    const object = { ...DEPLOYMENT, status: {} };
    expect(diagnose(evidence({ object }))).toEqual([expect.stringMatching(/no controller has acted on it/)]);
  });

  it("adds the object's own conditions and warnings, but never twice what it said", () => {
    const conditions = [
      { type: "Available", status: "False", message: "Deployment does not have minimum availability." },
      { type: "Progressing", status: "True", message: "ReplicaSet is progressing." },
    ];
    const object = { ...DEPLOYMENT, status: { observedGeneration: 1, conditions } };
    const events = [
      event("d", "Strange", "something"),
      event("d", "Strange", "something"),
      event("else", "Other", "not about it"),
    ];
    expect(diagnose(evidence({ object, events }))).toEqual([
      "condition Available: Deployment does not have minimum availability.",
      "Strange: something",
    ]);
  });

  it("stays short, whatever the number of pods", () => {
    const many = Array.from({ length: 40 }, (_, i) => running(`web-${i}`, crash("app", { exitCode: i % 20 })));
    const lines = diagnose(evidence({ pods: many }));
    expect(lines).toHaveLength(7);
    expect(lines.at(-1)).toBe("and 14 more causes");
    const same = Array.from({ length: 40 }, (_, i) => running(`web-${i}`, crash("app", { exitCode: 1 })));
    expect(diagnose(evidence({ pods: same }))).toEqual([
      expect.stringMatching(/^40 pods \(web-0, web-1, web-2, …\): container app: CrashLoopBackOff/),
    ]);
  });
});

describe("label selectors", () => {
  it("are written as lists take them", () => {
    const matchExpressions: JsonMap[] = [
      { key: "tier", operator: "In", values: ["a", "b"] },
      { key: "env", operator: "NotIn", values: ["dev"] },
      { key: "old", operator: "DoesNotExist" },
      { key: "new", operator: "Exists" },
    ];
    expect(selectorText({ matchLabels: { app: "web" }, matchExpressions })).toBe(
      "app=web,tier in (a,b),env notin (dev),!old,new",
    );
    expect(selectorText({})).toBe("");
  });
});
