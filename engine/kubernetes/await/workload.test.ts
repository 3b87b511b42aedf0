import { describe, expect, it } from "vitest";
import type { JsonMap } from "../json.ts";
import type { Status } from "./status.ts";
import { daemonSetStatus, jobStatus, podStatus, replicaSetStatus, statefulSetStatus } from "./workload.ts";

function text(status: Status): string {
  return status.kind === "ready"
    ? `ready${status.note === undefined ? "" : ` (${status.note})`}`
    : `${status.kind}: ${status.message}`;
}

function observed(spec: JsonMap, status: JsonMap, generation = 2): JsonMap {
  return { metadata: { name: "x", generation }, spec, status: { observedGeneration: generation, ...status } };
}

describe("a StatefulSet", () => {
  const revisions = { currentRevision: "a", updateRevision: "b" };

  it("is ready when every replica is ready and of the update revision", () => {
    const spec = { replicas: 3 };
    const states = [
      { replicas: 1, readyReplicas: 1, currentRevision: "a", updateRevision: "a" },
      { replicas: 3, readyReplicas: 3, currentRevision: "a", updateRevision: "a" },
      { replicas: 3, readyReplicas: 2, ...revisions },
      { replicas: 3, readyReplicas: 3, updatedReplicas: 2, ...revisions },
      { replicas: 3, readyReplicas: 3, updatedReplicas: 3, ...revisions },
      { replicas: 3, readyReplicas: 3, updatedReplicas: 3, currentRevision: "b", updateRevision: "b" },
    ];
    expect(states.map((state) => text(statefulSetStatus(observed(spec, state))))).toEqual([
      "waiting: 1 of 3 replicas ready",
      "ready",
      "waiting: 2 of 3 replicas ready",
      "waiting: 2 of 3 replicas updated",
      "waiting: all replicas updated; waiting for the revision to become current",
      "ready",
    ]);
  });

  it("is not ready while its controller has not seen the change, nor while it scales down", () => {
    expect(
      text(
        statefulSetStatus({
          metadata: { generation: 2 },
          spec: { replicas: 1 },
          status: { observedGeneration: 1, readyReplicas: 1 },
        }),
      ),
    ).toMatch(/waiting/);
    expect(text(statefulSetStatus(observed({ replicas: 1 }, { replicas: 3, readyReplicas: 3 })))).toBe(
      "waiting: 2 replicas too many, still to be removed",
    );
  });

  it("is ready when the part above its partition is updated, and with OnDelete as soon as all run", () => {
    const partition = { replicas: 3, updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } };
    expect(text(statefulSetStatus(observed(partition, { replicas: 3, readyReplicas: 3, ...revisions })))).toBe(
      "waiting: 0 of 1 replicas updated",
    );
    expect(
      text(statefulSetStatus(observed(partition, { replicas: 3, readyReplicas: 3, updatedReplicas: 1, ...revisions }))),
    ).toBe("ready");
    const onDelete = { replicas: 3, updateStrategy: { type: "OnDelete" } };
    expect(text(statefulSetStatus(observed(onDelete, { replicas: 3, readyReplicas: 3, ...revisions })))).toBe("ready");
  });

  it("counts only replicas that stayed ready long enough where it asks for that", () => {
    const spec = { replicas: 1, minReadySeconds: 10 };
    expect(text(statefulSetStatus(observed(spec, { replicas: 1, readyReplicas: 1 })))).toBe(
      "waiting: 0 of 1 replicas ready",
    );
  });
});

describe("a DaemonSet", () => {
  it("is ready when every node has an available pod of the latest revision", () => {
    const wanted = { desiredNumberScheduled: 3 };
    const states = [
      { ...wanted, numberAvailable: 3, updatedNumberScheduled: 1 },
      { ...wanted, numberAvailable: 2, updatedNumberScheduled: 3 },
      { ...wanted, numberAvailable: 3, updatedNumberScheduled: 3 },
      { desiredNumberScheduled: 0 },
    ];
    expect(states.map((state) => text(daemonSetStatus(observed({}, state))))).toEqual([
      "waiting: 1 of 3 pods updated",
      "waiting: 2 of 3 pods ready",
      "ready",
      "ready (no node matches it)",
    ]);
    // No status yet is not the same as no node.
    expect(text(daemonSetStatus({ metadata: { generation: 1 } }))).toMatch(/controller to act/);
  });

  it("with OnDelete does not wait for pods that somebody has to delete", () => {
    const state = { desiredNumberScheduled: 2, numberAvailable: 2, updatedNumberScheduled: 0 };
    expect(text(daemonSetStatus(observed({ updateStrategy: { type: "OnDelete" } }, state)))).toBe("ready");
  });
});

describe("a ReplicaSet", () => {
  it("is ready when so many replicas are available, and no more are left", () => {
    expect(text(replicaSetStatus(observed({ replicas: 2 }, { replicas: 2, availableReplicas: 1 })))).toBe(
      "waiting: 1 of 2 replicas ready",
    );
    expect(text(replicaSetStatus(observed({ replicas: 2 }, { replicas: 2, availableReplicas: 2 })))).toBe("ready");
    expect(text(replicaSetStatus(observed({ replicas: 0 }, { replicas: 1, availableReplicas: 1 })))).toMatch(
      /too many/,
    );
    const conditions = [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }];
    expect(text(replicaSetStatus(observed({ replicas: 2 }, { conditions })))).toBe(
      "waiting: 0 of 2 replicas ready: exceeded quota",
    );
  });
});

describe("a Pod", () => {
  const pod = (status: JsonMap) => text(podStatus({ status }));
  const condition = (type: string, status: string, message = ""): JsonMap => ({ type, status, message });

  it("is ready when it is ready, or has done its work", () => {
    const states: JsonMap[] = [
      {},
      {
        phase: "Pending",
        conditions: [condition("PodScheduled", "False", "0/6 nodes are available: 6 Insufficient cpu.")],
      },
      {
        phase: "Pending",
        conditions: [
          condition("PodScheduled", "True"),
          condition("Ready", "False", "containers with unready status: [app]"),
        ],
      },
      { phase: "Running", conditions: [condition("Ready", "True")] },
      { phase: "Succeeded", conditions: [condition("Ready", "False", "PodCompleted")] },
    ];
    expect(states.map(pod)).toEqual([
      "waiting: waiting to be scheduled",
      "waiting: not scheduled: 0/6 nodes are available: 6 Insufficient cpu.",
      "waiting: containers with unready status: [app]",
      "ready",
      "ready",
    ]);
  });

  it("fails once it failed: nothing starts it again", () => {
    expect(pod({ phase: "Failed", reason: "Evicted", message: "low on memory" })).toBe(
      "failed: Evicted: low on memory",
    );
    expect(pod({ phase: "Failed" })).toBe("failed: its containers failed");
  });
});

describe("a Job", () => {
  const job = (status: JsonMap, spec: JsonMap = {}) => text(jobStatus({ spec, status }));
  const startTime = "2026-11-22T08:00:00Z";

  it("is ready when its work is done, also after pods that failed", () => {
    const states: JsonMap[] = [
      {},
      { startTime, active: 1 },
      { startTime, active: 1, failed: 1 },
      { startTime, succeeded: 1, failed: 1, conditions: [{ type: "SuccessCriteriaMet", status: "True" }] },
      { startTime, succeeded: 1, failed: 1, conditions: [{ type: "Complete", status: "True" }] },
    ];
    expect(states.map((status) => job(status))).toEqual([
      "waiting: waiting for its controller to act",
      "waiting: 1 active, 0 succeeded, 0 failed",
      "waiting: 1 active, 0 succeeded, 1 failed",
      "waiting: 0 active, 1 succeeded, 1 failed",
      "ready",
    ]);
  });

  it.each(["BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy"])("fails early for %s", (reason) => {
    const conditions = [{ type: "Failed", status: "True", reason, message: "Job has failed" }];
    expect(job({ startTime, failed: 7, conditions })).toBe(`failed: ${reason}: Job has failed`);
  });

  it("is not waited for while it is suspended", () => {
    expect(job({}, { suspend: true })).toBe("ready (it is suspended)");
  });
});
