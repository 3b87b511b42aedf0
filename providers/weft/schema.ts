import { KWOK_TYPE, PACKAGE } from "./names.ts";

/** The package's schema in Pulumi's own format, as `pulumi package get-schema` shows it. */
export function packageSchema(version: string): string {
  const inputs = {
    name: text("DNS label; names the cluster's folder and starts the names of its nodes."),
    directory: text('Folder for its files; a relative path counts from the project\'s root. Default: ".weft/kwok".'),
    nodes: { type: "integer", description: "Number of simulated nodes. Default: 6." },
    zones: { type: "integer", description: "Number of zones they are spread over. Default: 3." },
    region: text('DNS label; zones are named "<region>-a", "<region>-b". Default: "local".'),
    cpu: text('CPUs of a node, as a Kubernetes quantity. Default: "8".'),
    memory: text('Memory of a node, as a Kubernetes quantity. Default: "32Gi".'),
  };
  const outputs = {
    ...inputs,
    context: text("The kubeconfig's context; stable, and different for every stack of a project."),
    kubeconfig: { ...text("Administrator's access, certificates embedded."), secret: true },
    kubernetesVersion: text("Version of the API server."),
    path: text("Absolute path of the cluster's folder."),
    revision: text("Digest of the versions of its programs and of what they simulate."),
    server: text("Address of the API server."),
    uid: text("UID of the namespace kube-system: the identity of the cluster."),
  };
  return JSON.stringify({
    name: PACKAGE,
    version,
    description: "Weft's own resources: embedded clusters.",
    resources: {
      [KWOK_TYPE]: {
        description: "A real Kubernetes control plane on this machine, with nodes and pods simulated by KWOK.",
        inputProperties: inputs,
        requiredInputs: ["name"],
        properties: outputs,
        required: Object.keys(outputs),
      },
    },
  });
}

function text(description: string): { type: string; description: string } {
  return { type: "string", description };
}
