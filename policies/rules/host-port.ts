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
  validateResource: judgeContainers((container, findings) => {
    const { label, field } = container;
    const ports = field.get("ports");
    if (findings.leftOpen(label, ports)) return;
    for (const hostPort of ports.items().map((port) => port.get("hostPort"))) {
      // 0 is how the API writes "none".
      if (findings.leftOpen(label, hostPort) || hostPort.absent || hostPort.value === 0) continue;
      const { path } = hostPort;
      findings.violation(`${label}: ${path} is ${found(hostPort)}.\nFix: remove ${path}, and keep containerPort`);
    }
  }),
};
