import { at, conditionOf, type JsonMap, numberAt, textAt } from "../json.ts";
import { failed, READY, readyWith, type Status, unobserved, waiting } from "./status.ts";

/** Ready when every wanted replica runs, is of the update revision where a rolling update goes on, and none is left over. */
export function statefulSetStatus(set: JsonMap): Status {
  const early = unobserved(set);
  if (early !== undefined) return early;
  const wanted = numberAt(set, "spec", "replicas") ?? 1;
  const count = (field: string) => numberAt(set, "status", field) ?? 0;
  const ready = count(at(set, "spec", "minReadySeconds") === undefined ? "readyReplicas" : "availableReplicas");
  if (ready < wanted) return waiting(`${ready} of ${wanted} replicas ready`);
  if (count("replicas") > wanted)
    return waiting(`${count("replicas") - wanted} replicas too many, still to be removed`);
  // With OnDelete, pods are updated when somebody deletes them: that may never happen.
  if (textAt(set, "spec", "updateStrategy", "type") === "OnDelete") return READY;
  const partition = numberAt(set, "spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;
  const revision = textAt(set, "status", "updateRevision");
  if (revision === textAt(set, "status", "currentRevision")) return READY;
  const toUpdate = Math.max(wanted - partition, 0);
  if (count("updatedReplicas") < toUpdate) {
    return waiting(`${count("updatedReplicas")} of ${toUpdate} replicas updated`);
  }
  // Below the partition, the old revision stays current on purpose.
  return partition > 0 ? READY : waiting("all replicas updated; waiting for the revision to become current");
}

/** Ready when every node that should run a pod has an available one of the latest revision. */
export function daemonSetStatus(set: JsonMap): Status {
  const early = unobserved(set);
  if (early !== undefined) return early;
  const count = (field: string) => numberAt(set, "status", field) ?? 0;
  const wanted = count("desiredNumberScheduled");
  const onDelete = textAt(set, "spec", "updateStrategy", "type") === "OnDelete";
  if (!onDelete && count("updatedNumberScheduled") < wanted) {
    return waiting(`${count("updatedNumberScheduled")} of ${wanted} pods updated`);
  }
  if (count("numberAvailable") < wanted) return waiting(`${count("numberAvailable")} of ${wanted} pods ready`);
  return wanted === 0 ? readyWith("no node matches it") : READY;
}

/** Ready when every wanted replica is available. Also for ReplicationControllers. */
export function replicaSetStatus(set: JsonMap): Status {
  const early = unobserved(set);
  if (early !== undefined) return early;
  const wanted = numberAt(set, "spec", "replicas") ?? 1;
  const [total, available] = ["replicas", "availableReplicas"].map((field) => numberAt(set, "status", field) ?? 0);
  const failure = conditionOf(set, "ReplicaFailure");
  const trouble = failure?.status === "True" ? `: ${textAt(failure, "message") ?? ""}` : "";
  if ((available ?? 0) < wanted) return waiting(`${available} of ${wanted} replicas ready${trouble}`);
  return (total ?? 0) > wanted ? waiting(`${(total ?? 0) - wanted} replicas too many, still to be removed`) : READY;
}

/** Ready when it runs and is ready, or has done its work. A pod that failed stays so: nothing starts it again. */
export function podStatus(pod: JsonMap): Status {
  const phase = textAt(pod, "status", "phase");
  if (phase === "Succeeded") return READY;
  if (phase === "Failed") {
    const reason = textAt(pod, "status", "reason") ?? "its containers failed";
    const message = textAt(pod, "status", "message");
    return failed(message === undefined ? reason : `${reason}: ${message}`);
  }
  if (conditionOf(pod, "Ready")?.status === "True") return READY;
  const unscheduled = conditionOf(pod, "PodScheduled");
  if (unscheduled?.status === "False") {
    return waiting(`not scheduled: ${textAt(unscheduled, "message") ?? textAt(unscheduled, "reason") ?? ""}`);
  }
  const unready = conditionOf(pod, "Ready") ?? conditionOf(pod, "Initialized");
  return waiting(
    textAt(unready, "message") ?? (phase === undefined ? "waiting to be scheduled" : `${phase.toLowerCase()}`),
  );
}

/** Ready when its work is done. A Job that failed is never tried again. */
export function jobStatus(job: JsonMap): Status {
  const failure = conditionOf(job, "Failed");
  if (failure?.status === "True") {
    return failed(`${textAt(failure, "reason") ?? "Failed"}: ${textAt(failure, "message") ?? "the job failed"}`);
  }
  if (conditionOf(job, "Complete")?.status === "True") return READY;
  if (at(job, "spec", "suspend") === true) return readyWith("it is suspended");
  const count = (field: string) => numberAt(job, "status", field) ?? 0;
  if (textAt(job, "status", "startTime") === undefined) return waiting("waiting for its controller to act");
  return waiting(`${count("active")} active, ${count("succeeded")} succeeded, ${count("failed")} failed`);
}
