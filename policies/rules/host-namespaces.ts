import type { ResourceValidationPolicy } from "@pulumi/policy";
import { found } from "../kubernetes/field.ts";
import { judgePods } from "../kubernetes/pods.ts";

export const hostNamespaces: ResourceValidationPolicy = {
  name: "host-namespaces",
  description: "No pod shares the network, process or IPC namespace of its node.",
  enforcementLevel: "mandatory",
  severity: "critical",
  remediationSteps:
    "Leave out hostNetwork, hostPID and hostIPC. With them a pod sees the traffic, the processes or the memory of " +
    "everything else on its node, and network policy does not hold it.",
  validateResource: judgePods({ patches: true }, (pod, findings) => {
    for (const key of ["hostNetwork", "hostPID", "hostIPC"]) {
      const field = pod.spec.get(key);
      if (field.unknown) findings.undecided(`${pod.label}: ${field.path}`);
      else if (!field.absent && field.value !== false) {
        findings.violation(
          `${pod.label}: ${field.path} is ${found(field)}.\nFix: remove ${field.path}, or set it to false`,
        );
      }
    }
  }),
};
