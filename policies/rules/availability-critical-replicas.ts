import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { type Certainty, every, is, same } from "../kubernetes/certainty.ts";
import { type Field, found } from "../kubernetes/field.ts";
import { beside, judgeCritical, objectsOf, type Placed, type Workload } from "../kubernetes/stack.ts";

export const availabilityCriticalReplicas: StackValidationPolicy = {
  name: "availability-critical-replicas",
  description: "Every critical workload runs at least two replicas, or an autoscaler keeps at least two.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "Set replicas to 2 or more, or add a HorizontalPodAutoscaler with minReplicas of 2 or more. A workload that " +
    'can\'t run twice is not critical: remove the label weft.dev/critical: "true".',
  validateStack: judgeCritical((workload, resources, findings) => {
    // One runs on every node; the number is the cluster's.
    if (workload.pod.kind === "DaemonSet") return;
    if (workload.pod.kind === "Pod") {
      findings.violation(
        `${workload.label} is critical, but a bare pod is one replica that nothing replaces.\n` +
          "Fix: make it a Deployment with spec.replicas: 2",
        workload.urn,
      );
      return;
    }
    const replicas = workload.object.at(["spec", "replicas"]);
    if (replicas.value === 0) {
      findings.violation(
        `${workload.label} is critical, but spec.replicas is 0; that stops it, and an autoscaler with it.\n` +
          "Fix: spec.replicas: 2",
        workload.urn,
      );
      return;
    }
    const { sure, possible } = autoscalersOf(workload, resources);
    // An autoscaler has the last word on the number, whatever `replicas` says.
    for (const autoscaler of sure) {
      const least = autoscaler.object.at(["spec", "minReplicas"]);
      if (least.unknown) findings.undecided(`${autoscaler.label}: ${least.path}`);
      else if (!keepsTwo(autoscaler)) {
        findings.violation(
          `${workload.label} is critical, but ${autoscaler.label} may scale it down to one replica: ` +
            `spec.minReplicas is ${least.absent ? "missing, and then 1" : found(least)}.\n` +
            `Fix, in ${autoscaler.label}: spec.minReplicas: 2`,
          workload.urn,
        );
      }
    }
    if (sure.length > 0) return;
    const enough = atLeastTwo(replicas.value);
    const open = possible.find((autoscaler) => !enough || !keepsTwo(autoscaler));
    if (open !== undefined) {
      findings.undecided(`${open.label}: does it scale ${workload.label}`);
    } else if (replicas.unknown) {
      findings.undecided(`${workload.label}: ${replicas.path}`);
    } else if (!enough) {
      const number = replicas.absent ? "missing, and then 1" : found(replicas);
      findings.violation(
        `${workload.label} is critical, but spec.replicas is ${number}, and no HorizontalPodAutoscaler scales it.\n` +
          `Fix: spec.replicas: 2, or:\n${exampleOf(workload)}`,
        workload.urn,
      );
    }
  }),
};

function atLeastTwo(value: unknown): boolean {
  return typeof value === "number" && value >= 2;
}

function keepsTwo(autoscaler: Placed): boolean {
  return atLeastTwo(autoscaler.object.at(["spec", "minReplicas"]).value);
}

function autoscalersOf(workload: Workload, resources: readonly PolicyResource[]) {
  const judged = objectsOf(resources, "autoscaling", "HorizontalPodAutoscaler").map((autoscaler) => {
    const target = autoscaler.object.at(["spec", "scaleTargetRef"]);
    const name = workload.object.at(["metadata", "name"]);
    const scales = beside(workload, autoscaler, () =>
      every([
        is(target.get("kind"), workload.pod.kind),
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

function exampleOf(workload: Workload): string {
  const { object, namespace, pod, group } = workload;
  const name = object.at(["metadata", "name"]).text ?? "<name>";
  return [
    "  apiVersion: autoscaling/v2",
    "  kind: HorizontalPodAutoscaler",
    "  metadata:",
    `    name: ${name}`,
    `    namespace: ${namespace.text ?? "<namespace>"}`,
    "  spec:",
    "    scaleTargetRef:",
    `      apiVersion: ${group === "core" ? "v1" : `${group}/v1`}`,
    `      kind: ${pod.kind}`,
    `      name: ${name}`,
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
