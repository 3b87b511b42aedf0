import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type Field, found } from "../kubernetes/field.ts";
import { collectFindings, type Findings } from "../kubernetes/findings.ts";
import { judgePods, kindOf, labelOf, objectsIn } from "../kubernetes/pods.ts";
import { volumesOf } from "../kubernetes/volumes.ts";

const ofPods = judgePods((pod, findings) => {
  for (const { label, field } of volumesOf(pod, findings)) {
    judgeSource(label, field.get("hostPath"), "an emptyDir, a ConfigMap or a persistentVolumeClaim", findings);
  }
});

export const hostPath: ResourceValidationPolicy = {
  name: "host-path",
  description: "No pod mounts a path of its node, neither itself nor through a PersistentVolume.",
  enforcementLevel: "mandatory",
  severity: "critical",
  remediationSteps:
    "Use an emptyDir for scratch files, a ConfigMap or Secret for files that are given, and a claim on a StorageClass " +
    "for files that stay. A path of the node can reach its credentials and every other pod's files.",
  validateResource: (args, report) => {
    const token = kindOf(args.type);
    if (token?.group !== "core" || token.kind !== "PersistentVolume") return ofPods(args, report);
    collectFindings(report, (findings) => {
      for (const volume of objectsIn(token, args.props)) {
        const label = labelOf("PersistentVolume", volume, args.name);
        for (const source of ["hostPath", "local"]) {
          judgeSource(label, volume.at(["spec", source]), "a csi driver or a StorageClass", findings);
        }
      }
    });
  },
};

function judgeSource(label: string, source: Field, instead: string, findings: Findings): void {
  if (findings.leftOpen(label, source) || source.absent) return;
  const path = source.get("path");
  const what = path.unknown || path.absent ? "a path of the node" : `${found(path)} of the node`;
  findings.violation(`${label}: ${source.path} mounts ${what}.\nFix: replace ${source.path} by ${instead}`);
}
