import type { ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { availabilityCriticalBudget } from "./rules/availability-critical-budget.ts";
import { availabilityCriticalLabel } from "./rules/availability-critical-label.ts";
import { availabilityCriticalReplicas } from "./rules/availability-critical-replicas.ts";
import { hostNamespaces } from "./rules/host-namespaces.ts";
import { hostPath } from "./rules/host-path.ts";
import { hostPort } from "./rules/host-port.ts";
import { hostPrivileged } from "./rules/host-privileged.ts";
import { imagesFixedTag } from "./rules/images-fixed-tag.ts";
import { podsWellFormed } from "./rules/pods-well-formed.ts";
import { probesLiveness } from "./rules/probes-liveness.ts";
import { probesReadiness } from "./rules/probes-readiness.ts";
import { resourcesLimits } from "./rules/resources-limits.ts";
import { resourcesRequests } from "./rules/resources-requests.ts";

/** Every rule of the pack. */
export const RULES: readonly (ResourceValidationPolicy | StackValidationPolicy)[] = [
  availabilityCriticalBudget,
  availabilityCriticalLabel,
  availabilityCriticalReplicas,
  hostNamespaces,
  hostPath,
  hostPort,
  hostPrivileged,
  imagesFixedTag,
  podsWellFormed,
  probesLiveness,
  probesReadiness,
  resourcesLimits,
  resourcesRequests,
];
