import type { ResourceValidationPolicy } from "@pulumi/policy";
import { judgeAmounts } from "../kubernetes/amounts.ts";

export const resourcesLimits: ResourceValidationPolicy = {
  name: "resources-limits",
  description: "Every container has a CPU limit and a memory limit.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "State the most that the container may ever use, so that a leak or a loop ends in it and not in the node.",
  validateResource: judgeAmounts("limits", { cpu: "500m", memory: "1Gi" }),
};
