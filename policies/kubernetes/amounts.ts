import type { ResourceValidation } from "@pulumi/policy";
import { judgeContainers } from "./containers.ts";
import { LEAST, quantityFault } from "./quantity.ts";

const NAMES = { cpu: "CPU", memory: "memory" } as const;

/**
 * A rule that `resources.<section>` of every container states CPU and memory. `example` is what the message proposes.
 * Ephemeral containers are left out: Kubernetes allows them no resources of their own. What a patch leaves out is in the
 * object that it patches.
 */
export function judgeAmounts(
  section: "requests" | "limits",
  example: { readonly cpu: string; readonly memory: string },
): ResourceValidation {
  return judgeContainers((container, findings) => {
    if (container.role === "ephemeral container") return;
    const faults: string[] = [];
    for (const name of ["cpu", "memory"] as const) {
      const amount = container.field.at(["resources", section, name]);
      if (findings.leftOpen(container.label, amount)) continue;
      if (amount.absent && container.pod.partial) continue;
      const fault = quantityFault(amount, LEAST[name]);
      if (fault !== undefined) faults.push(`${NAMES[name]} ${section.slice(0, -1)} ${fault}`);
    }
    if (faults.length === 0) return;
    findings.violation(
      `${container.label}: its ${faults.join(" and its ")}.\n` +
        `Fix: ${container.field.path}.resources:\n` +
        `  ${section}:\n    cpu: ${example.cpu}\n    memory: ${example.memory}`,
    );
  });
}
