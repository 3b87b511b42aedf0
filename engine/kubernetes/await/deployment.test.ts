import { describe, expect, it } from "vitest";
import type { JsonMap } from "../json.ts";
import { deploymentStatus } from "./deployment.ts";
import type { Status } from "./status.ts";

interface State {
  readonly generation?: number;
  /** `null`: no controller has looked at it. @default generation */
  readonly observed?: number | null;
  readonly wanted?: number | undefined;
  readonly updated?: number;
  readonly total?: number;
  readonly available?: number;
  readonly paused?: boolean;
  readonly conditions?: readonly JsonMap[];
}

/** As the controller writes it: a count of zero is left out. */
function deployment(state: State): JsonMap {
  const { generation = 1, observed = generation, wanted = 3, updated = 0, total = 0, available = 0 } = state;
  const counts = { updatedReplicas: updated, replicas: total, availableReplicas: available, readyReplicas: available };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", generation },
    spec: {
      ...("wanted" in state && state.wanted === undefined ? {} : { replicas: wanted }),
      ...(state.paused && { paused: true }),
    },
    status: {
      ...(observed === null ? {} : { observedGeneration: observed }),
      ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
      conditions: state.conditions ?? [],
    },
  };
}

function replay(...states: State[]): string[] {
  return states.map((state) => text(deploymentStatus(deployment(state))));
}

function text(status: Status): string {
  return status.kind === "ready"
    ? `ready${status.note === undefined ? "" : ` (${status.note})`}`
    : `${status.kind}: ${status.message}`;
}

const progressing = (status: string, reason: string, message: string) => ({
  type: "Progressing",
  status,
  reason,
  message,
});

describe("a Deployment", () => {
  it("is ready when its first rollout is complete, and tells how far it is", () => {
    expect(
      replay(
        { observed: null },
        { observed: 1 },
        { updated: 3, total: 3 },
        { updated: 3, total: 3, available: 2 },
        { updated: 3, total: 3, available: 3 },
      ),
    ).toEqual([
      "waiting: waiting for its controller to act",
      "waiting: 0 of 3 replicas ready",
      "waiting: 0 of 3 replicas ready",
      "waiting: 2 of 3 replicas ready",
      "ready",
    ]);
  });

  it("is not ready while its status is that of the revision before", () => {
    // The old revision is complete; a reader who does not look at the generation would be done.
    expect(replay({ generation: 2, observed: 1, updated: 3, total: 3, available: 3 })).toEqual([
      "waiting: waiting for its controller to act",
    ]);
  });

  it("is ready in a second revision only when all old replicas are replaced and gone", () => {
    const second = { generation: 2 };
    expect(
      replay(
        { ...second, total: 3, available: 3 },
        { ...second, updated: 1, total: 4, available: 3 },
        { ...second, updated: 2, total: 4, available: 3 },
        { ...second, updated: 3, total: 4, available: 3 },
        { ...second, updated: 3, total: 4, available: 4 },
        { ...second, updated: 3, total: 3, available: 3 },
      ),
    ).toEqual([
      "waiting: 0 of 3 replicas updated",
      "waiting: 1 of 3 replicas updated",
      "waiting: 2 of 3 replicas updated",
      "waiting: 1 replica of an old revision still to be removed",
      "waiting: 1 replica of an old revision still to be removed",
      "ready",
    ]);
  });

  it("tells what its controller says is in the way, but leaves failing to the deadline", () => {
    const quota = {
      type: "ReplicaFailure",
      status: "True",
      reason: "FailedCreate",
      message: "exceeded quota: compute",
    };
    expect(replay({ conditions: [quota] })).toEqual(["waiting: 0 of 3 replicas ready: exceeded quota: compute"]);
    const late = progressing("False", "ProgressDeadlineExceeded", 'ReplicaSet "web-1" has timed out progressing.');
    expect(replay({ updated: 3, total: 3, conditions: [late] })).toEqual([
      'waiting: 0 of 3 replicas ready: ReplicaSet "web-1" has timed out progressing.',
    ]);
    // It got better after all.
    expect(replay({ updated: 3, total: 3, available: 3, conditions: [late] })).toEqual(["ready"]);
  });

  it("follows the replicas that an autoscaler set, and one replica where nothing was said", () => {
    expect(replay({ wanted: 5, updated: 3, total: 3, available: 3 })).toEqual(["waiting: 3 of 5 replicas ready"]);
    expect(replay({ wanted: undefined, updated: 1, total: 1, available: 1 })).toEqual(["ready"]);
  });

  it("is ready with no replicas when it wants none, and not before they are gone", () => {
    expect(replay({ wanted: 0, total: 2, updated: 2 }, { wanted: 0 })).toEqual([
      "waiting: 2 replicas too many, still to be removed",
      "ready (it is scaled to 0 replicas)",
    ]);
  });

  it("is not waited for while its rollout is paused", () => {
    expect(replay({ paused: true })).toEqual(["ready (its rollout is paused)"]);
  });

  it("is judged by counts and generations alone, so clocks that differ change nothing", () => {
    for (const time of ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"]) {
      const times = { lastUpdateTime: time, lastTransitionTime: time };
      const conditions = [{ ...progressing("True", "NewReplicaSetAvailable", ""), ...times }];
      expect(
        replay({ updated: 3, total: 3, available: 2, conditions }, { updated: 3, total: 3, available: 3, conditions }),
      ).toEqual(["waiting: 2 of 3 replicas ready", "ready"]);
    }
  });

  it("is waited for with a partial status, or none", () => {
    expect(deploymentStatus({ metadata: { generation: 1 } }).kind).toBe("waiting");
    expect(
      deploymentStatus({ metadata: { generation: 1 }, status: { observedGeneration: 1, conditions: null } }).kind,
    ).toBe("waiting");
  });
});
