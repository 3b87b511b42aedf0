import type { ResourceValidationPolicy } from "@pulumi/policy";
import { CONTAINER_LISTS, containersOf } from "../kubernetes/containers.ts";
import { type Field, found } from "../kubernetes/field.ts";
import { collectFindings, type Findings } from "../kubernetes/findings.ts";
import { judgeIdentity } from "../kubernetes/identity.ts";
import { kindOf, type Pod, podsIn } from "../kubernetes/pods.ts";

type Shape = "an object" | "a list";

/** What the other rules read, and find nothing to judge in when it has another shape. */
const OF_POD: Readonly<Record<string, Shape>> = {
  containers: "a list",
  initContainers: "a list",
  ephemeralContainers: "a list",
  volumes: "a list",
  securityContext: "an object",
};
const OF_CONTAINER: Readonly<Record<string, Shape>> = {
  ports: "a list",
  resources: "an object",
  securityContext: "an object",
};

export const podsWellFormed: ResourceValidationPolicy = {
  name: "pods-well-formed",
  description:
    "Every pod has at least one container, what the other rules judge has the shape that Kubernetes gives it, and every " +
    "object is of the kind that its resource's type says.",
  enforcementLevel: "mandatory",
  severity: "medium",
  remediationSteps: "Give the field the shape that the message names; kubectl explain <kind>.<path> shows it in full.",
  validateResource: (args, report) => {
    const token = kindOf(args.type);
    if (token === undefined) return args.notApplicable("it is no Kubernetes object");
    collectFindings(report, (findings) => {
      judgeIdentity(token, args, findings);
      for (const pod of podsIn(args) ?? []) judgePod(pod, findings);
    });
  },
};

function judgePod(pod: Pod, findings: Findings): void {
  const containers = containersOf(pod, findings);
  const faults = [
    ...specFaults(pod),
    ...CONTAINER_LISTS.flatMap((key) => itemFaults(pod.spec.get(key))),
    ...containers.flatMap(({ field }) => shapeFaults(field, OF_CONTAINER)),
  ];
  for (const fault of faults) findings.violation(`${pod.label}: ${fault}`);
}

function specFaults(pod: Pod): string[] {
  const holders = holdersOf(pod);
  const malformed = holders.flatMap((field) => shapeFault(field, "an object"));
  if (malformed.length > 0) return malformed;
  const containers = pod.spec.get("containers");
  const none = containers.absent || (containers.isList && containers.items().length === 0);
  const missing =
    none && !pod.partial
      ? [
          `it has no containers.\nFix: ${containers.path}:\n  - name: app\n    image: registry.example.com/team/app:1.4.2`,
        ]
      : [];
  return [...missing, ...shapeFaults(pod.spec, OF_POD)];
}

/** Every object on the way from the whole object to the pod's spec. */
function holdersOf(pod: Pod): Field[] {
  const steps = pod.spec.path
    .slice(pod.object.path.length)
    .split(".")
    .filter((step) => step !== "");
  return [pod.object, ...steps.map((_, index) => pod.object.at(steps.slice(0, index + 1)))];
}

function itemFaults(list: Field): string[] {
  return list.items().flatMap((item) => {
    if (item.absent) return [`${item.path} is empty.\nFix: remove it, or make it a container with name and image`];
    return shapeFault(item, "an object");
  });
}

function shapeFaults(holder: Field, shapes: Readonly<Record<string, Shape>>): string[] {
  return Object.entries(shapes).flatMap(([key, shape]) => shapeFault(holder.get(key), shape));
}

function shapeFault(field: Field, shape: Shape): string[] {
  const right = shape === "a list" ? field.isList : field.isObject;
  if (field.unknown || field.absent || right) return [];
  return [`${field.path} is ${found(field)}.\nFix: make ${field.path} ${shape}`];
}
