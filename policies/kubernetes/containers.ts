import type { ResourceValidation } from "@pulumi/policy";
import type { Field } from "./field.ts";
import type { Findings } from "./findings.ts";
import { type Exception, judgePods, type Pod } from "./pods.ts";

export type Role = "container" | "init container" | "sidecar" | "ephemeral container";

export interface Container {
  readonly pod: Pod;
  readonly field: Field;
  /** A sidecar is an init container that restarts always. */
  readonly role: Role;
  /** Set for an init container that may be a sidecar: the field that will say. */
  readonly roleUnknown: Field | undefined;
  /** For messages: `Deployment shop/orders, container "app"`. */
  readonly label: string;
}

export const CONTAINER_LISTS = ["containers", "initContainers", "ephemeralContainers"] as const;

/** The containers of a pod. Lists and items that are not known yet are noted; what is no container is left out. */
export function containersOf(pod: Pod, findings: Findings): Container[] {
  const lists = CONTAINER_LISTS.map((key) => ({ key, list: pod.spec.get(key) }));
  const items = lists.flatMap(({ key, list }) => list.items().map((field) => ({ key, field })));
  for (const field of [...lists.map(({ list }) => list), ...items.map((item) => item.field)]) {
    findings.leftOpen(pod.label, field);
  }
  return items
    .filter(({ field }) => field.isObject)
    .map(({ key, field }) => {
      const policy = key === "initContainers" ? field.get("restartPolicy") : undefined;
      const role = roleOf(key, policy);
      const name = field.get("name").text;
      return {
        pod,
        field,
        role,
        roleUnknown: policy?.unknown ? policy : undefined,
        label: `${pod.label}, ${role} ${name === undefined ? field.path : JSON.stringify(name)}`,
      };
    });
}

function roleOf(key: (typeof CONTAINER_LISTS)[number], restartPolicy: Field | undefined): Role {
  if (key === "ephemeralContainers") return "ephemeral container";
  if (key === "containers") return "container";
  return restartPolicy?.value === "Always" ? "sidecar" : "init container";
}

/** A rule about containers of every role: `judge` is called for each. */
export function judgeContainers(
  judge: (container: Container, findings: Findings) => void,
  except?: Exception,
): ResourceValidation {
  return judgePods((pod, findings) => {
    for (const container of containersOf(pod, findings)) judge(container, findings);
  }, except);
}
