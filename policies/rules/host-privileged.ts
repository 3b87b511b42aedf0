import type { ResourceValidationPolicy } from "@pulumi/policy";
import { containersOf } from "../kubernetes/containers.ts";
import { type Field, found } from "../kubernetes/field.ts";
import { judgePods } from "../kubernetes/pods.ts";

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
  validateResource: judgePods({ patches: true }, (pod, findings) => {
    const { containers, unknown } = containersOf(pod);
    for (const field of unknown) findings.undecided(`${pod.label}: ${field.path}`);
    const judge = (label: string, field: Field) => {
      if (field.unknown) findings.undecided(`${label}: ${field.path}`);
      else if (!field.absent && field.value !== false) {
        findings.violation(
          `${label}: ${field.path} is ${found(field)}.\nFix: remove ${field.path}, or set it to false`,
        );
      }
    };
    judge(pod.label, pod.spec.at(HOST_PROCESS));
    for (const { label, field } of containers) {
      judge(label, field.at(["securityContext", "privileged"]));
      judge(label, field.at(HOST_PROCESS));
    }
  }),
};
