import type { ResourceValidationPolicy } from "@pulumi/policy";
import { judgeContainers } from "../kubernetes/containers.ts";
import { found } from "../kubernetes/field.ts";

export const hostPort: ResourceValidationPolicy = {
  name: "host-port",
  description: "No container opens a port of its node.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps:
    "Leave hostPort out and reach the pods through a Service. A port of the node goes around network policy, and keeps " +
    "a second replica off that node.",
  validateResource: judgeContainers({ patches: true }, (container, findings) => {
    const ports = container.field.get("ports");
    for (const field of [ports, ...ports.items().map((port) => port.get("hostPort"))]) {
      if (field.unknown) findings.undecided(`${container.label}: ${field.path}`);
      // 0 is how the API writes "none".
      else if (field !== ports && !field.absent && field.value !== 0) {
        findings.violation(
          `${container.label}: ${field.path} is ${found(field)}.\nFix: remove ${field.path}, and keep containerPort`,
        );
      }
    }
  }),
};
