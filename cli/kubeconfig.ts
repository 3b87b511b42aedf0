import { mkdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Project } from "../engine/project/index.ts";
import { findOnPath } from "./engine-choice.ts";
import { shellWord } from "./show/text.ts";

/** Where a stack's kubeconfig goes unless another place is named: a folder that git does not look at. */
export function kubeconfigFile(project: Pick<Project, "directory">, stack: string): string {
  return join(project.directory, ".weft", `${stack}.kubeconfig`);
}

/** Writes it so that only its owner can read it; an existing file keeps nothing of its looser mode. */
export async function writeKubeconfig(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, content, { mode: 0o600 });
}

/** After a destruction: the way into a cluster that is gone is of no use to anyone. */
export async function removeKubeconfig(project: Pick<Project, "directory">, stack: string): Promise<void> {
  await rm(kubeconfigFile(project, stack), { force: true });
}

/** A command line that can be copied: kubectl from PATH, or else the cluster's own. */
export async function kubectlHint(path: string, clusterPath: string | undefined, cwd: string, env: NodeJS.ProcessEnv) {
  const onPath = (await findOnPath("kubectl", env)) !== undefined;
  const kubectl = onPath || clusterPath === undefined ? "kubectl" : shorter(join(clusterPath, "bin", "kubectl"), cwd);
  return `${shellWord(kubectl)} --kubeconfig ${shellWord(shorter(path, cwd))} get pods --all-namespaces`;
}

/** As seen from the working folder, where that is shorter. */
function shorter(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.length < path.length ? (short.includes("/") ? short : `./${short}`) : path;
}
