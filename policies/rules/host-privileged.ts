import type { ResourceValidationPolicy } from "@pulumi/policy";
import { containersOf } from "../kubernetes/containers.ts";
import { judgePods } from "../kubernetes/pods.ts";
import { judgeOff } from "../kubernetes/switch.ts";

/** HostProcess is what privileged is called on Windows; a pod may state it for all its containers. */
const HOST_PROCESS = ["securityContext", "windowsOptions", "hostProcess"];

export const hostPrivileged: ResourceValidationPolicy = {
  name: "host-privileged",
  description: "No container is privileged.",
  enforcementLevel: "mandatory",
  severity: "critical",
  remediationSteps:
    "Leave privileged out, and add the one capability that the process needs, if any. A privileged container is root on " +
    "its node.",
  validateResource: judgePods((pod, findings) => {
    judgeOff(pod.label, pod.spec.at(HOST_PROCESS), findings);
    for (const { label, field } of containersOf(pod, findings)) {
      judgeOff(label, field.at(["securityContext", "privileged"]), findings);
      judgeOff(label, field.at(HOST_PROCESS), findings);
    }
  }),
};
