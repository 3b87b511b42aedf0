import type { ResourceValidationPolicy } from "@pulumi/policy";
import { judgeAmounts } from "../kubernetes/amounts.ts";

export const resourcesRequests: ResourceValidationPolicy = {
  name: "resources-requests",
  description: "Every container requests CPU and memory.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "State what the container needs in normal operation. The scheduler reserves that much, and the autoscaler measures " +
    "against it.",
  validateResource: judgeAmounts("requests", { cpu: "100m", memory: "500Mi" }),
};
