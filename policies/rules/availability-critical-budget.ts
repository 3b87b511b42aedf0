import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { BUDGET_KEYS, budgetFault, NOTHING_GOES } from "../kubernetes/budget.ts";
import { found } from "../kubernetes/field.ts";
import type { Findings } from "../kubernetes/findings.ts";
import { leastReplicas } from "../kubernetes/replicas.ts";
import { selects } from "../kubernetes/selector.ts";
import {
  beside,
  judgeCritical,
  objectsOf,
  type Placed,
  partnerOf,
  reportStatement,
  saying,
  statementsOf,
  type Workload,
} from "../kubernetes/stack.ts";

export const availabilityCriticalBudget: StackValidationPolicy = {
  name: "availability-critical-budget",
  description: "Every critical workload has a PodDisruptionBudget that holds some of its pods back, and lets some go.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "Add a PodDisruptionBudget in the workload's namespace whose selector matches the labels of its pods, with " +
    "maxUnavailable: 1, so that draining a node never takes all of them at once, and never waits for ever.",
  validateStack: judgeCritical((workload, resources, findings) => {
    const labels = workload.pod.template.at(["metadata", "labels"]);
    const judged = objectsOf(resources, "policy", "PodDisruptionBudget").map((budget) => ({
      budget,
      covers: beside(workload, budget, () => selects(budget.object.at(["spec", "selector"]), labels)),
    }));
    const [budget, other] = judged.filter(({ covers }) => covers === true).map((each) => each.budget);
    const open = judged.find(({ covers }) => covers === undefined);
    if (budget !== undefined && other !== undefined) {
      findings.violation(
        `${workload.label} is critical, but both ${budget.label} and ${other.label} select its pods, and Kubernetes ` +
          "evicts no pod of two budgets, so that no node can be drained.\nFix: keep one",
        workload.urn,
      );
    } else if (budget !== undefined) {
      judgeBudget(workload, budget, resources, findings);
    } else if (open !== undefined) {
      findings.undecided(`${open.budget.label}: does it select the pods of ${workload.label}`);
    } else {
      findings.violation(
        `${workload.label} is critical, but no PodDisruptionBudget in its namespace selects its pods.\n` +
          `Fix:\n${exampleOf(workload)}`,
        workload.urn,
      );
    }
  }),
};

function judgeBudget(
  workload: Workload,
  budget: Placed,
  resources: readonly PolicyResource[],
  findings: Findings,
): void {
  const least = leastReplicas(workload, resources);
  const pods = least !== undefined && least >= 2 ? least : undefined;
  const critical = `${workload.label} is critical, but ${budget.label}, which selects its pods,`;
  const statements = BUDGET_KEYS.flatMap((key) =>
    statementsOf(budget, resources, ["spec", key])
      .filter(({ isPatch, field }) => isPatch || !field.absent)
      .map((statement) => ({ key, statement })),
  );
  if (statements.length === 0) {
    findings.violation(
      `${critical} ${NOTHING_GOES}: it states neither maxUnavailable nor minAvailable.\n` +
        `Fix, in ${budget.label}: spec.maxUnavailable: 1`,
      workload.urn,
    );
  }
  for (const { key, statement } of statements) {
    const { by, field } = statement;
    const fault = budgetFault(key, field, pods);
    if (fault === undefined) continue;
    const of = pods === undefined ? "" : `, of ${pods} replicas`;
    const instead = key === "minAvailable" ? " in place of spec.minAvailable" : "";
    const message =
      `${critical} ${fault}: ${saying(statement, found(field))}${of}.\n` +
      `Fix, in ${by.label}: spec.maxUnavailable: 1${instead}`;
    reportStatement(statement, budget, findings, message, workload.urn);
  }
}

function exampleOf(workload: Workload): string {
  const { object, pod } = workload;
  const own = object.at(["spec", "selector", "matchLabels"]).entries();
  const labels = own.length > 0 ? own : pod.template.at(["metadata", "labels"]).entries();
  return [
    ...partnerOf(workload, "policy/v1", "PodDisruptionBudget"),
    "    maxUnavailable: 1",
    "    selector:",
    "      matchLabels:",
    ...(labels.length > 0 ? labels : [["<label>", undefined] as const]).map(
      ([key, value]) => `        ${key}: ${value?.text ?? "<value>"}`,
    ),
  ].join("\n");
}
