import pLimit from "p-limit";
import { type Api, ApiError } from "./api.ts";
import { storageObjects } from "./cluster-stages.ts";
import { NODES_PATH } from "./health.ts";
import { logEnd } from "./kwokctl.ts";
import type { Layout } from "./layout.ts";
import { type ExistingNode, NODE_LABEL, type NodeObject, nodeChanges } from "./nodes.ts";
import { type Operation, RUN_AGAIN, until } from "./operation.ts";

const MERGE = "application/merge-patch+json";
/** Requests at a time. */
const CONCURRENCY = 10;
const NODES_READY_SECONDS = 60;

const LEASES_PATH = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

interface Node extends ExistingNode {
  readonly status?: ExistingNode["status"] & { readonly conditions?: readonly { type: string; status: string }[] };
}

/**
 * Makes the nodes what the plan says, and waits until they are ready. Pods of a removed node are deleted with it, so
 * that their controllers place new ones at once: the simulated kubelet that would end them is gone.
 */
export async function convergeNodes(
  api: Api,
  operation: Operation,
  at: Layout,
  planned: readonly NodeObject[],
): Promise<void> {
  const existing = (await api.json<{ items: Node[] }>("GET", NODES_PATH)).items;
  const { create, resize, remove } = nodeChanges(planned, existing);
  const limit = pLimit(CONCURRENCY);
  const each = <T>(items: readonly T[], action: (item: T) => Promise<unknown>) =>
    limit.map(items, (item) => {
      operation.signal.throwIfAborted();
      return action(item);
    });

  if (remove.length > 0) operation.status(`removing ${remove.length} nodes`);
  // All are closed before any is emptied, or pods would move from one to the next.
  await each(remove, (name) => patch(api, `/api/v1/nodes/${name}`, { spec: { unschedulable: true } }));
  await each(remove, (name) => removeNode(api, name));
  if (create.length > 0) operation.status(`adding ${create.length} nodes`);
  await each(create, (node) => addNode(api, node));
  await each(resize, async ({ metadata: { name, labels }, status: { capacity, allocatable } }) => {
    await patch(api, `/api/v1/nodes/${name}/status`, { status: { capacity, allocatable } });
    await patch(api, `/api/v1/nodes/${name}`, { metadata: { labels } });
  });
  await waitForNodes(api, operation, at, planned);
}

async function addNode(api: Api, node: NodeObject): Promise<void> {
  try {
    await api.text("POST", "/api/v1/nodes", { body: node });
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 409)) throw error;
    const { name } = node.metadata;
    throw new Error(
      `the cluster has a node ${name} that Weft did not make: it lacks the label ${NODE_LABEL}. ` +
        `Delete it with "kubectl delete node ${name}" and run again.`,
    );
  }
}

async function waitForNodes(api: Api, operation: Operation, at: Layout, planned: readonly NodeObject[]): Promise<void> {
  let ready = 0;
  const progress = () => `nodes: ${ready} of ${planned.length} ready`;
  await until(
    operation,
    progress,
    NODES_READY_SECONDS,
    async () => {
      const { items } = await api.json<{ items: Node[] }>("GET", NODES_PATH);
      const leases = await api.json<{ items: { metadata: { name: string } }[] }>("GET", LEASES_PATH);
      const kept = new Set(leases.items.map((lease) => lease.metadata.name));
      const names = new Set(items.filter(isReady).map((node) => node.metadata.name));
      ready = planned.filter(({ metadata: { name } }) => names.has(name) && kept.has(name)).length;
      return ready === planned.length ? true : undefined;
    },
    async () => {
      const what = `after ${NODES_READY_SECONDS} s, ${ready} of ${planned.length} nodes are ready.`;
      return new Error(`${what} ${await logEnd(at, "kwok-controller")}\n${RUN_AGAIN}`);
    },
  );
  operation.status(`${ready} nodes ready`);
}

/** Says the node; whether KWOK keeps it up says its lease. */
function isReady(node: Node): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

async function removeNode(api: Api, name: string): Promise<void> {
  await gone(api.text("DELETE", `/api/v1/nodes/${name}`));
  const selector = encodeURIComponent(`spec.nodeName=${name}`);
  const pods = await api.json<{ items: { metadata: { name: string; namespace: string } }[] }>(
    "GET",
    `/api/v1/pods?fieldSelector=${selector}`,
  );
  for (const { metadata } of pods.items) {
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
    await gone(api.text("DELETE", path, { body: { gracePeriodSeconds: 0 } }));
  }
}

/**
 * Ends the claim of a KWOK that was killed to its nodes. A new one takes a node over only when the lease of the old one
 * has expired, and until then runs none of its pods.
 */
export async function releaseNodes(api: Api): Promise<void> {
  await api.text("DELETE", LEASES_PATH);
}

/** The default StorageClass and its driver; put back when they are missing, never changed. */
export async function ensureStorage(api: Api): Promise<void> {
  for (const { path, object } of storageObjects()) {
    try {
      await api.text("POST", path, { body: object });
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 409)) throw error;
    }
  }
}

/** Until pods can be made in `default`, and the cluster can be told from any other: its UID is kube-system's. */
export async function waitForIdentity(api: Api, operation: Operation, at: Layout): Promise<string> {
  const found = async (path: string) => {
    try {
      return await api.json<{ metadata: { uid: string } }>("GET", path);
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    }
  };
  return until(
    operation,
    () => "the first namespaces",
    60,
    async () => {
      const system = await found("/api/v1/namespaces/kube-system");
      const account = await found("/api/v1/namespaces/default/serviceaccounts/default");
      return account && system?.metadata.uid;
    },
    async () => {
      const what = "kube-controller-manager made no default service account within 60 s.";
      return new Error(`${what} ${await logEnd(at, "kube-controller-manager")}\n${RUN_AGAIN}`);
    },
  );
}

function patch(api: Api, path: string, body: object): Promise<string> {
  return api.text("PATCH", path, { body, contentType: MERGE });
}

async function gone(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 404)) throw error;
  }
}
