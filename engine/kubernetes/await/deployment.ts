import { at, conditionOf, type JsonMap, numberAt, textAt } from "../json.ts";
import { READY, readyWith, type Status, unobserved, waiting } from "./status.ts";

/**
 * Ready when the rollout is complete: the controller has seen the change, every wanted replica is of the new revision and
 * available, and none of an old one is left.
 */
export function deploymentStatus(deployment: JsonMap): Status {
  const early = unobserved(deployment);
  if (early !== undefined) return early;
  if (at(deployment, "spec", "paused") === true) return readyWith("its rollout is paused");
  const wanted = numberAt(deployment, "spec", "replicas") ?? 1;
  const count = (field: string) => numberAt(deployment, "status", field) ?? 0;
  const [updated, available, total] = [count("updatedReplicas"), count("availableReplicas"), count("replicas")];
  const trouble = troubleOf(deployment);
  if (updated < wanted && total > updated) {
    return waiting(`${updated} of ${wanted} replicas updated${trouble}`);
  }
  if (available < wanted || updated < wanted) {
    return waiting(`${Math.min(available, updated)} of ${wanted} replicas ready${trouble}`);
  }
  if (total > updated) return waiting(`${replicas(total - updated)} of an old revision still to be removed`);
  if (total > wanted) return waiting(`${replicas(total - wanted)} too many, still to be removed`);
  return wanted === 0 ? readyWith("it is scaled to 0 replicas") : READY;
}

/** What the controller says is in the way. The deadline decides about failure: conditions may still get better. */
function troubleOf(deployment: JsonMap): string {
  const failure = conditionOf(deployment, "ReplicaFailure");
  if (failure?.status === "True") return `: ${textAt(failure, "message") ?? "pods can't be created"}`;
  const progress = conditionOf(deployment, "Progressing");
  return progress?.status === "False" ? `: ${textAt(progress, "message") ?? textAt(progress, "reason") ?? ""}` : "";
}

function replicas(count: number): string {
  return count === 1 ? "1 replica" : `${count} replicas`;
}
