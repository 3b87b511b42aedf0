import type { ResourceValidationPolicy } from "@pulumi/policy";
import { judgePods } from "../kubernetes/pods.ts";
import { judgeOff } from "../kubernetes/switch.ts";

export const hostNamespaces: ResourceValidationPolicy = {
  name: "host-namespaces",
  description: "No pod shares the network, process or IPC namespace of its node.",
  enforcementLevel: "mandatory",
  severity: "critical",
  remediationSteps:
    "Leave out hostNetwork, hostPID and hostIPC. With them a pod sees the traffic, the processes or the memory of " +
    "everything else on its node, and network policy does not hold it.",
  validateResource: judgePods((pod, findings) => {
    for (const key of ["hostNetwork", "hostPID", "hostIPC"]) judgeOff(pod.label, pod.spec.get(key), findings);
  }),
};
