import { stringify } from "yaml";
import type { Access } from "./api.ts";
import type { KwokInputs } from "./inputs.ts";

/** What the resource records and gives to others. */
export interface KwokOutputs extends KwokInputs {
  /** Secret. Certificates are embedded, so it works wherever it is read. */
  readonly kubeconfig: string;
  /** The kubeconfig's context. Stable, and different for every stack of a project. */
  readonly context: string;
  readonly server: string;
  /** UID of the namespace kube-system: no two clusters share it. */
  readonly uid: string;
  readonly kubernetesVersion: string;
  /** Absolute path of the cluster's folder. */
  readonly path: string;
  /** Of its programs and KWOK stages: `revision` of configuration.ts. */
  readonly revision: string;
}

/** `<project>-<stack>`, followed by the cluster's name where the stack's does not say it already. */
export function contextName(urn: string, name: string): string {
  const [, stack = "", project = ""] = /^urn:pulumi:(.*?)::(.*?)::/.exec(urn) ?? [];
  return [project, stack, ...(stack === name ? [] : [name])].join("-");
}

export function kubeconfig(context: string, access: Access): string {
  const base64 = (pem: string) => Buffer.from(pem).toString("base64");
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        { name: context, cluster: { server: access.server, "certificate-authority-data": base64(access.ca) } },
      ],
      users: [
        {
          name: context,
          user: { "client-certificate-data": base64(access.cert), "client-key-data": base64(access.key) },
        },
      ],
      contexts: [{ name: context, context: { cluster: context, user: context } }],
      "current-context": context,
    },
    { lineWidth: 0 },
  );
}
