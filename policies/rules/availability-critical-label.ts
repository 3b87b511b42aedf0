import type { ResourceValidationPolicy } from "@pulumi/policy";
import { found } from "../kubernetes/field.ts";
import { judgePods } from "../kubernetes/pods.ts";
import { CRITICAL_LABEL } from "../kubernetes/stack.ts";

export const availabilityCriticalLabel: ResourceValidationPolicy = {
  name: "availability-critical-label",
  description: 'The label weft.dev/critical is "true" or "false", so that no critical workload goes unnoticed.',
  enforcementLevel: "mandatory",
  severity: "medium",
  remediationSteps: 'Write weft.dev/critical: "true" (in quotes) on a critical workload, and leave it off the others.',
  validateResource: judgePods((pod, findings) => {
    for (const holder of new Set([pod.object, pod.template])) {
      const label = holder.at(["metadata", "labels", CRITICAL_LABEL]);
      if (findings.leftOpen(pod.label, label)) continue;
      if (!label.absent && label.value !== "true" && label.value !== "false") {
        findings.violation(
          `${pod.label}: its label ${CRITICAL_LABEL} is ${found(label)}, which says neither yes nor no.\n` +
            `Fix: ${label.path}: "true"`,
        );
      }
    }
  }),
};
