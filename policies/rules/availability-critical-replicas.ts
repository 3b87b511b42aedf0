import type { StackValidationPolicy } from "@pulumi/policy";
import { type Field, found } from "../kubernetes/field.ts";
import type { Findings } from "../kubernetes/findings.ts";
import { type Autoscalers, autoscalersOf } from "../kubernetes/replicas.ts";
import {
  judgeCritical,
  type Placed,
  partnerOf,
  reportStatement,
  type Statement,
  saying,
  statementsOf,
  type Workload,
} from "../kubernetes/stack.ts";

export const availabilityCriticalReplicas: StackValidationPolicy = {
  name: "availability-critical-replicas",
  description: "Every critical workload runs at least two replicas, or an autoscaler keeps at least two.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "Set replicas to 2 or more, or add a HorizontalPodAutoscaler with minReplicas of 2 or more. A workload that " +
    'can\'t run twice is not critical: remove the label weft.dev/critical: "true".',
  validateStack: judgeCritical((workload, resources, findings) => {
    if (workload.kind === "Pod") {
      findings.violation(
        `${workload.label} is critical, but a bare pod is one replica that nothing replaces.\n` +
          "Fix: make it a Deployment with spec.replicas: 2",
        workload.urn,
      );
      return;
    }
    const autoscalers = autoscalersOf(workload, resources);
    for (const statement of statementsOf(workload, resources, ["spec", "replicas"])) {
      judgeReplicas(workload, statement, autoscalers, findings);
    }
    for (const autoscaler of autoscalers.sure) {
      for (const statement of statementsOf(autoscaler, resources, ["spec", "minReplicas"])) {
        judgeMinimum(workload, autoscaler, statement, findings);
      }
    }
  }),
};

function judgeReplicas(workload: Workload, statement: Statement, autoscalers: Autoscalers, findings: Findings): void {
  const { field, by, isPatch } = statement;
  const fix = isPatch ? `Fix, in ${by.label}` : "Fix";
  const report = (problem: string) =>
    reportStatement(statement, workload, findings, `${workload.label} is critical, but ${problem}`, workload.urn);
  if (field.value === 0) {
    report(`${saying(statement, "0")}; that stops it, and an autoscaler with it.\n${fix}: spec.replicas: 2`);
    return;
  }
  // An autoscaler has the last word on the number, whatever `replicas` says.
  if (autoscalers.sure.length > 0) return;
  const enough = atLeastTwo(field.value);
  const open = autoscalers.possible.find((autoscaler) => !enough || !keepsTwo(autoscaler));
  if (open !== undefined) {
    findings.undecided(`${open.label}: does it scale ${workload.label}`);
  } else if (!enough) {
    const problem = `${saying(statement, shown(field))}, and no HorizontalPodAutoscaler scales it`;
    report(`${problem}.\n${fix}: spec.replicas: 2, or:\n${exampleOf(workload)}`);
  }
}

function judgeMinimum(workload: Workload, autoscaler: Placed, statement: Statement, findings: Findings): void {
  const { field, by } = statement;
  if (atLeastTwo(field.value)) return;
  const message =
    `${workload.label} is critical, but ${autoscaler.label} may scale it down to one replica: ` +
    `${saying(statement, shown(field))}.\nFix, in ${by.label}: spec.minReplicas: 2`;
  reportStatement(statement, autoscaler, findings, message, workload.urn);
}

function shown(field: Field): string {
  return field.absent ? "missing, and then 1" : found(field);
}

function atLeastTwo(value: unknown): boolean {
  return typeof value === "number" && value >= 2;
}

function keepsTwo(autoscaler: Placed): boolean {
  return atLeastTwo(autoscaler.object.at(["spec", "minReplicas"]).value);
}

function exampleOf(workload: Workload): string {
  const { object, kind, group } = workload;
  return [
    ...partnerOf(workload, "autoscaling/v2", "HorizontalPodAutoscaler"),
    "    scaleTargetRef:",
    `      apiVersion: ${group === "core" ? "v1" : `${group}/v1`}`,
    `      kind: ${kind}`,
    `      name: ${object.at(["metadata", "name"]).text ?? "<name>"}`,
    "    minReplicas: 2",
    "    maxReplicas: 10",
    "    metrics:",
    "      - type: Resource",
    "        resource:",
    "          name: cpu",
    "          target:",
    "            type: Utilization",
    "            averageUtilization: 70",
  ].join("\n");
}
