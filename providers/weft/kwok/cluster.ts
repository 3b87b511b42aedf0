import { join } from "node:path";
import { stringify } from "yaml";
import { Api } from "./api.ts";
import { kwokctlConfiguration, revision, stages } from "./configuration.ts";
import { convergeNodes, ensureStorage, waitForIdentity } from "./converge.ts";
import { healthNotes } from "./diff.ts";
import { observe, readAccess, readKwokDocuments, readPorts } from "./health.ts";
import type { KwokInputs } from "./inputs.ts";
import { PortTaken } from "./kwokctl.ts";
import {
  fileState,
  folderObjection,
  fromPath,
  type Layout,
  linkPrograms,
  makeFolders,
  present,
  readMarker,
  removeEmptyRoots,
  removeFiles,
  replaceFile,
  writeMarker,
} from "./layout.ts";
import { withLock } from "./lock.ts";
import { planNodes } from "./nodes.ts";
import type { Operation } from "./operation.ts";
import { contextName, type KwokOutputs, kubeconfig } from "./outputs.ts";
import { choosePorts } from "./ports.ts";
import { clusterProcesses, endProcesses, isComponent } from "./processes.ts";
import { createControlPlane, startControlPlane } from "./start.ts";

/** Where the programs of the control plane come from. */
export interface Toolchain {
  /** Of everything that a cluster runs. */
  readonly versions: readonly string[];
  /** Obtains the programs: absolute paths by name. */
  install(operation: Operation): Promise<Readonly<Record<string, string>>>;
}

/** The name a program is linked under in the cluster, and its name in the toolchain. */
const PROGRAMS = {
  etcd: "etcd",
  "kube-apiserver": "kube-apiserver",
  "kube-controller-manager": "kube-controller-manager",
  "kube-scheduler": "kube-scheduler",
  kubectl: "kubectl",
  "kwok-controller": "kwok",
  kwokctl: "kwokctl",
} as const;

const CREATE_TRIES = 3;

/**
 * Starts a new cluster. What an interrupted run left in its folder is removed first; a folder that holds what is, or may
 * be, somebody's cluster is refused. On failure nothing is left behind.
 */
export async function create(
  operation: Operation,
  at: Layout,
  inputs: KwokInputs,
  toolchain: Toolchain,
): Promise<KwokOutputs> {
  try {
    return await withLock(at.lock, operation, async () => {
      await makeRoom(operation, at);
      const tools = await toolchain.install(operation);
      for (let attempt = 1; ; attempt++) {
        try {
          return await build(operation, at, inputs, tools, revision(toolchain.versions));
        } catch (error) {
          await clear(at);
          if (!(error instanceof PortTaken) || attempt >= CREATE_TRIES) throw error;
          operation.status(`${error.message}; trying other ports`);
        }
      }
    });
  } catch (error) {
    await removeEmptyRoots(at);
    throw error;
  }
}

async function build(
  operation: Operation,
  at: Layout,
  inputs: KwokInputs,
  tools: Readonly<Record<string, string>>,
  version: string,
): Promise<KwokOutputs> {
  operation.signal.throwIfAborted();
  await makeFolders(at, { urn: operation.urn });
  await linkPrograms(at, programs(tools));
  await createControlPlane(at, operation, kwokctlConfiguration(at.cluster, await choosePorts()));
  const outputs = await settle(operation, at, inputs, contextName(operation.urn, inputs.name), version);
  await writeMarker(at, { urn: operation.urn, uid: outputs.uid });
  return outputs;
}

/** Repairs what does not run, keeping data, ports and certificates, and makes the nodes what the inputs say. */
export async function update(
  operation: Operation,
  recorded: KwokOutputs,
  inputs: KwokInputs,
  toolchain: Toolchain,
): Promise<KwokOutputs> {
  const at = fromPath(recorded.path, recorded.name);
  return withLock(at.lock, operation, async () => {
    if (await holdsAnother(at, recorded.uid)) {
      throw new Error(`${at.cluster} holds another cluster since this run has looked. Run again.`);
    }
    const found = await observe(at);
    if (found.files !== "complete") {
      throw new Error(
        `cluster "${at.name}" can't be repaired: ${at.cluster} has no sound ${found.missing.join(", ")}. ` +
          "Run again: the next run replaces the cluster.",
      );
    }
    const version = revision(toolchain.versions);
    const outdated = recorded.revision !== version;
    if (outdated || found.strays > 0 || Object.keys(found.problems).length > 0) {
      const tools = programs(await toolchain.install(operation));
      await makeFolders(at);
      // Half a control plane of another version is worse than a short pause of all of it.
      const relinked = await linkPrograms(at, tools);
      if (outdated) await rewriteStages(at);
      await endProcesses(at.cluster, (program) => {
        if (relinked || !isComponent(program)) return true;
        return found.problems[program]?.kind === "silent" || (outdated && program === "kwok-controller");
      });
      await startControlPlane(at, operation);
    }
    return settle(operation, at, inputs, recorded.context, version);
  });
}

/** The cluster as it is; `undefined` when nothing is left of it. Says what is wrong with it. */
export async function read(operation: Operation, recorded: KwokOutputs): Promise<KwokOutputs | undefined> {
  const at = fromPath(recorded.path, recorded.name);
  const found = await observe(at);
  const processes = found.running.length + found.strays;
  if (found.files === "none" && processes === 0) return undefined;
  if (await holdsAnother(at, recorded.uid)) return undefined;
  for (const note of healthNotes(at.name, found)) operation.warn(`${note}. The next update repairs it.`);
  if (found.files !== "complete") {
    operation.warn(
      `cluster "${at.name}": ${at.cluster} has no sound ${found.missing.join(", ")}. The next update replaces it.`,
    );
  }
  return { ...recorded, nodes: found.nodes?.length ?? recorded.nodes };
}

/** Ends every process and removes every file of the cluster. Fine when there is nothing left, or only a part. */
export async function destroy(
  operation: Operation,
  recorded: Pick<KwokOutputs, "path" | "name" | "uid">,
): Promise<void> {
  const at = fromPath(recorded.path, recorded.name);
  // No folder, nobody else at work in it; but what was started from it may still run.
  if (!(await present(at.root))) return endProcesses(at.cluster, () => true);
  await withLock(at.lock, operation, async () => {
    if (await holdsAnother(at, recorded.uid)) {
      operation.warn(`${at.cluster} now holds another cluster; it is left alone`);
      return;
    }
    operation.status("ending its processes");
    const kept = await clear(at);
    if (kept.length > 0) operation.warn(`${kept.join(", ")} holds files that Weft did not make; they are left there`);
  });
  await removeEmptyRoots(at);
}

/**
 * Removes what a create that was interrupted, and never answered, may have left: also a cluster that it finished just
 * before, running as it may be. What belongs to somebody else it can't have made.
 */
export async function abandon(operation: Operation, at: Layout): Promise<void> {
  if (!(await present(at.root))) return endProcesses(at.cluster, () => true);
  await withLock(at.lock, operation, async () => {
    const objection = await strangers(operation, at);
    if (objection !== undefined) operation.warn(`${at.cluster} ${objection}; it is left alone`);
    else {
      operation.status("removing what an interrupted run left");
      await clear(at);
    }
  });
  await removeEmptyRoots(at);
}

/** Whether another cluster than the recorded one has taken the folder. */
async function holdsAnother(at: Layout, uid: string): Promise<boolean> {
  if ((await fileState(at)).state === "foreign") return true;
  const found = (await readMarker(at))?.uid;
  return found !== undefined && found !== uid;
}

/** Everything about a cluster whose control plane is up. */
async function settle(
  operation: Operation,
  at: Layout,
  inputs: KwokInputs,
  context: string,
  version: string,
): Promise<KwokOutputs> {
  const access = await readAccess(at, await readPorts(at));
  const api = new Api(access);
  try {
    await ensureStorage(api);
    await convergeNodes(api, operation, at, planNodes(inputs));
    const uid = await waitForIdentity(api, operation, at);
    const { gitVersion } = await api.json<{ gitVersion: string }>("GET", "/version");
    return {
      ...inputs,
      context,
      kubeconfig: kubeconfig(context, access),
      kubernetesVersion: gitVersion.replace(/^v/, ""),
      path: at.cluster,
      server: access.server,
      revision: version,
      uid,
    };
  } finally {
    api.close();
  }
}

/** Clears the folder for a new cluster, or refuses to. */
async function makeRoom(operation: Operation, at: Layout): Promise<void> {
  const elsewhere = "Give this one another name or directory, or remove that one.";
  const objection = await strangers(operation, at);
  if (objection !== undefined) throw new Error(`${at.cluster} ${objection}. ${elsewhere}`);
  const processes = await clusterProcesses(at.cluster);
  if (processes.length === 0 && !(await present(at.cluster))) return;
  if ((await readMarker(at))?.uid === undefined) {
    operation.status("removing what an interrupted run left");
  } else {
    // Its create came to its end, so some state may know it: one in another backend has the same names.
    const serving = processes.filter(({ program }) => program === "etcd" || program === "kube-apiserver");
    if (serving.length > 0) {
      throw new Error(
        `${at.cluster} holds a running cluster that this stack's state does not know. Destroy it with the state that ` +
          "made it, or give this one another name or directory. If no state knows it any more, end its processes " +
          `(kill ${serving.map(({ pid }) => pid).join(" ")}) and run again: a run removes it once it is stopped.`,
      );
    }
    operation.warn(`removing a cluster "${at.name}" that an earlier run made and this stack's state does not know`);
  }
  await clear(at);
}

/** Why the folder is not this resource's to clear; continues its path. */
async function strangers(operation: Operation, at: Layout): Promise<string | undefined> {
  const objection = await folderObjection(at);
  if (objection !== undefined) return objection;
  if ((await fileState(at)).state === "foreign") return "holds a cluster that Weft did not make";
  const marker = await readMarker(at);
  const others = marker?.uid !== undefined && marker.urn !== operation.urn;
  return others ? `holds the cluster of ${marker.urn}` : undefined;
}

/** Not bound to the operation's signal: a cancelled run must still tidy up. */
async function clear(at: Layout): Promise<string[]> {
  await endProcesses(at.cluster, () => true);
  return removeFiles(at);
}

function programs(tools: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(PROGRAMS).map(([link, tool]) => {
      const path = tools[tool];
      if (path === undefined) throw new Error(`the toolchain gave no path for ${tool}`);
      return [link, path];
    }),
  );
}

/** KWOK reads its stages from the cluster's kwok.yaml, beside what kwokctl keeps there. */
async function rewriteStages(at: Layout): Promise<void> {
  // The observation before has parsed it.
  const documents = (await readKwokDocuments(at)) ?? [];
  const others = documents.filter((document) => !("kind" in document && document.kind === "Stage"));
  await replaceFile(
    join(at.cluster, "kwok.yaml"),
    [...others, ...stages()]
      .map((each) => stringify(each, { lineWidth: 0, aliasDuplicateObjects: false }))
      .join("---\n"),
  );
}
