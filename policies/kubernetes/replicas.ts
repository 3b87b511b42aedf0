import type { PolicyResource } from "@pulumi/policy";
import { type Certainty, every, is, same } from "./certainty.ts";
import type { Field } from "./field.ts";
import { beside, objectsOf, type Placed, statementsOf, type Workload } from "./stack.ts";

export interface Autoscalers {
  /** Those that scale the workload, and have the last word on its number. */
  readonly sure: readonly Placed[];
  /** Those of which it is not known yet. */
  readonly possible: readonly Placed[];
}

export function autoscalersOf(workload: Workload, resources: readonly PolicyResource[]): Autoscalers {
  const judged = objectsOf(resources, "autoscaling", "HorizontalPodAutoscaler").map((autoscaler) => {
    const target = autoscaler.object.at(["spec", "scaleTargetRef"]);
    const name = workload.object.at(["metadata", "name"]);
    const scales = beside(workload, autoscaler, () =>
      every([
        is(target.get("kind"), workload.kind),
        inGroup(target.get("apiVersion"), workload.group),
        same(target.get("name"), name),
      ]),
    );
    return { autoscaler, scales };
  });
  return {
    sure: judged.filter(({ scales }) => scales === true).map(({ autoscaler }) => autoscaler),
    possible: judged.filter(({ scales }) => scales === undefined).map(({ autoscaler }) => autoscaler),
  };
}

function inGroup(apiVersion: Field, group: string): Certainty {
  if (apiVersion.unknown) return undefined;
  const [first, version] = (apiVersion.text ?? "").split("/");
  return (version === undefined ? "core" : first) === group;
}

/** The least number of replicas that a workload is meant to run with; `undefined` while that is not known. */
export function leastReplicas(workload: Workload, resources: readonly PolicyResource[]): number | undefined {
  const { sure, possible } = autoscalersOf(workload, resources);
  if (possible.length > 0) return undefined;
  const stated =
    sure.length > 0
      ? sure.flatMap((autoscaler) => statementsOf(autoscaler, resources, ["spec", "minReplicas"]))
      : statementsOf(workload, resources, ["spec", "replicas"]);
  const numbers = stated.map(({ field }) => field.value);
  return numbers.every((number) => typeof number === "number") ? Math.min(...numbers) : undefined;
}
