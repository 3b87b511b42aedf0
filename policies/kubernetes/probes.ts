import type { ResourceValidation } from "@pulumi/policy";
import { type Container, judgeContainers } from "./containers.ts";
import { found } from "./field.ts";

const CHECKS = ["httpGet", "tcpSocket", "grpc", "exec"] as const;

/**
 * A rule that every long-running container has a probe. Long-running are the containers and the sidecars of what is
 * meant to go on: not of Jobs and CronJobs, nor of a bare pod that is not restarted when it is done. Init containers
 * end by themselves, and Kubernetes allows them no probes; ephemeral containers neither. A patch can't take a probe away,
 * but it can state one that is none.
 */
export function judgeProbe(probe: "readinessProbe" | "livenessProbe", examplePath: string): ResourceValidation {
  const except = { kinds: ["Job", "CronJob"], reason: "a job runs to its end" };
  return judgeContainers((container, findings) => {
    if (container.role === "ephemeral container") return;
    if (container.role === "init container" && container.roleUnknown === undefined) return;
    const fault = probeFault(container, probe);
    if (fault === undefined) return;
    // What is wrong matters only in a container that runs on, and whether this one does may still be open.
    const restart = container.pod.spec.get("restartPolicy");
    if (restart.text === "Never" || restart.text === "OnFailure") return;
    const open = [fault.unknown, container.roleUnknown, restart.unknown ? restart : undefined].find(
      (field) => field !== undefined,
    );
    if (open !== undefined) {
      findings.undecided(`${container.label}: ${open.path}`);
      return;
    }
    findings.violation(
      `${container.label}: ${fault.text}.\n` +
        `Fix: ${container.field.path}:\n` +
        `  ${probe}:\n    httpGet:\n      path: ${examplePath}\n      port: ${portOf(container)}\n` +
        "  (or tcpSocket, grpc or exec in place of httpGet)",
    );
  }, except);
}

function probeFault(container: Container, probe: string) {
  const field = container.field.get(probe);
  if (field.unknown) return { text: "", unknown: field };
  if (container.pod.partial && (field.absent || field.isObject)) return undefined;
  if (field.absent) return { text: `it has no ${probe}`, unknown: undefined };
  // A check that is stated counts, whatever its values: they may be unknown in a preview.
  const checks = CHECKS.map((check) => field.get(check));
  if (checks.some((check) => !check.absent && !check.unknown)) return undefined;
  const unknown = checks.find((check) => check.unknown);
  const text = field.isObject ? `its ${probe} states no check` : `its ${probe} is ${found(field)}, which is no probe`;
  return { text, unknown };
}

/** The first port that the container declares, by name or number. */
function portOf(container: Container): string {
  const port = container.field.get("ports").items()[0];
  const number = port?.get("containerPort").value;
  return port?.get("name").text ?? (typeof number === "number" ? String(number) : "<port>");
}
