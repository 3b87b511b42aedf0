import type { ResourceValidationPolicy } from "@pulumi/policy";
import { judgeProbe } from "../kubernetes/probes.ts";

export const probesReadiness: ResourceValidationPolicy = {
  name: "probes-readiness",
  description: "Every long-running container has a readiness probe.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "Add a check that succeeds once the container can take requests. Without it a pod gets traffic as soon as its " +
    "process exists, and a rollout goes on over broken pods.",
  validateResource: judgeProbe("readinessProbe", "/ready"),
};
