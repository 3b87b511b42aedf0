import type { StackValidationPolicy } from "@pulumi/policy";
import { selects } from "../kubernetes/selector.ts";
import { beside, judgeCritical, objectsOf, type Workload } from "../kubernetes/stack.ts";

export const availabilityCriticalBudget: StackValidationPolicy = {
  name: "availability-critical-budget",
  description: "Every critical workload has a PodDisruptionBudget that selects its pods.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "Add a PodDisruptionBudget in the workload's namespace whose selector matches the labels of its pods, so that " +
    "draining a node never takes all of them at once.",
  validateStack: judgeCritical((workload, resources, findings) => {
    // Draining a node leaves the pods of a DaemonSet where they are, so a budget has nothing to hold back.
    if (workload.pod.kind === "DaemonSet") return;
    const labels = workload.pod.template.at(["metadata", "labels"]);
    const judged = objectsOf(resources, "policy", "PodDisruptionBudget").map((budget) => ({
      budget,
      covers: beside(workload, budget, () => selects(budget.object.at(["spec", "selector"]), labels)),
    }));
    if (judged.some(({ covers }) => covers === true)) return;
    const open = judged.find(({ covers }) => covers === undefined);
    if (open !== undefined) {
      findings.undecided(`${open.budget.label}: does it select the pods of ${workload.label}`);
      return;
    }
    findings.violation(
      `${workload.label} is critical, but no PodDisruptionBudget in its namespace selects its pods.\n` +
        `Fix:\n${exampleOf(workload)}`,
      workload.urn,
    );
  }),
};

function exampleOf({ object, namespace, pod }: Workload): string {
  const own = object.at(["spec", "selector", "matchLabels"]).entries();
  const labels = own.length > 0 ? own : pod.template.at(["metadata", "labels"]).entries();
  return [
    "  apiVersion: policy/v1",
    "  kind: PodDisruptionBudget",
    "  metadata:",
    `    name: ${object.at(["metadata", "name"]).text ?? "<name>"}`,
    `    namespace: ${namespace.text ?? "<namespace>"}`,
    "  spec:",
    "    maxUnavailable: 1",
    "    selector:",
    "      matchLabels:",
    ...(labels.length > 0 ? labels : [["<label>", undefined] as const]).map(
      ([key, value]) => `        ${key}: ${value?.text ?? "<value>"}`,
    ),
  ].join("\n");
}
