import type { ResourceValidationPolicy } from "@pulumi/policy";
import { judgeProbe } from "../kubernetes/probes.ts";

export const probesLiveness: ResourceValidationPolicy = {
  name: "probes-liveness",
  description: "Every long-running container has a liveness probe.",
  enforcementLevel: "mandatory",
  severity: "medium",
  remediationSteps:
    "Add a check that fails only when a restart helps (a deadlock, say), and that asks nothing of other services. " +
    "Without it a process that hangs stays.",
  validateResource: judgeProbe("livenessProbe", "/live"),
};
