import type { Labels } from "../../labels.ts";
import { type ObjectMeta, teamLabels } from "./meta.ts";

export interface NamespaceManifest {
  readonly apiVersion: "v1";
  readonly kind: "Namespace";
  readonly metadata: ObjectMeta;
}

/**
 * The edition of the Pod Security Standards that is enforced. Pinned, so that a cluster upgrade can't refuse pods that
 * ran the day before; warnings and audit follow the newest edition, and so announce what raising it will ask for.
 * https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
const ENFORCED_EDITION = "v1.36";

const PREFIX = "pod-security.kubernetes.io";
const POD_SECURITY: Labels = {
  [`${PREFIX}/enforce`]: "restricted",
  [`${PREFIX}/enforce-version`]: ENFORCED_EDITION,
  [`${PREFIX}/audit`]: "restricted",
  [`${PREFIX}/audit-version`]: "latest",
  [`${PREFIX}/warn`]: "restricted",
  [`${PREFIX}/warn-version`]: "latest",
};

/** A team's namespace, named for it. It goes with the team's last service, and takes every claim in it along. */
export function namespace(team: string): NamespaceManifest {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: team, labels: { ...teamLabels(team), ...POD_SECURITY } },
  };
}
