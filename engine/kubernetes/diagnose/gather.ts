import type { ApiClient } from "../client.ts";
import { type JsonMap, mapAt, mapsAt, textAt, withKind } from "../json.ts";
import type { Evidence } from "./diagnosis.ts";

const MOST_PODS = "100";
/** Pods whose events are asked for: the causes of many are mostly those of the first. */
const PODS_WITH_EVENTS = 3;

/**
 * Looks around an object that does not become ready. "pods" asks only for what a status line needs; "all" asks for
 * events and claims too. What can't be had (a missing permission) is left out: a diagnosis must not hide the failure.
 */
export async function gather(
  client: ApiClient,
  object: JsonMap,
  depth: "pods" | "all",
  signal: AbortSignal,
): Promise<Evidence> {
  const namespace = textAt(object, "metadata", "namespace");
  const replicaSet = object.kind === "Deployment" ? await newestReplicaSet(client, object, signal) : undefined;
  const pods = await podsOf(client, object, replicaSet, signal);
  if (depth === "pods") return { object, pods, replicaSet, claims: [], events: [] };
  const claims = await claimsOf(client, namespace, object.kind === "Pod" ? [object] : pods, signal);
  const subjects = [
    object,
    ...(replicaSet === undefined ? [] : [replicaSet]),
    ...pods.slice(0, PODS_WITH_EVENTS),
    ...claims,
  ];
  const events = await Promise.all(subjects.map((subject) => warningsAbout(client, subject, signal)));
  return { object, pods, replicaSet, claims, events: events.flat() };
}

async function newestReplicaSet(
  client: ApiClient,
  deployment: JsonMap,
  signal: AbortSignal,
): Promise<JsonMap | undefined> {
  const path = `/apis/apps/v1/namespaces/${textAt(deployment, "metadata", "namespace")}/replicasets`;
  const labelSelector = selectorText(mapAt(deployment, "spec", "selector"));
  const sets = await list(client, path, { labelSelector }, { apiVersion: "apps/v1", kind: "ReplicaSet" }, signal);
  const owned = sets.filter((set) => isOwnedBy(set, deployment));
  return owned.sort((a, b) => revisionOf(b) - revisionOf(a))[0];
}

function revisionOf(set: JsonMap): number {
  return Number(textAt(set, "metadata", "annotations", "deployment.kubernetes.io/revision") ?? 0);
}

async function podsOf(
  client: ApiClient,
  object: JsonMap,
  replicaSet: JsonMap | undefined,
  signal: AbortSignal,
): Promise<readonly JsonMap[]> {
  if (object.kind === "Pod") return [object];
  const selector = mapAt(object, "spec", "selector");
  const labelSelector =
    object.kind === "Service" || object.kind === "ReplicationController" ? pairs(selector) : selectorText(selector);
  if (labelSelector === "") return [];
  const path = `/api/v1/namespaces/${textAt(object, "metadata", "namespace")}/pods`;
  const pods = await list(client, path, { labelSelector, limit: MOST_PODS }, { apiVersion: "v1", kind: "Pod" }, signal);
  if (object.kind === "Service") return pods;
  const owner = object.kind === "Deployment" ? replicaSet : object;
  return pods.filter((pod) => owner !== undefined && isOwnedBy(pod, owner));
}

async function claimsOf(
  client: ApiClient,
  namespace: string | undefined,
  pods: readonly JsonMap[],
  signal: AbortSignal,
): Promise<readonly JsonMap[]> {
  const names = pods
    .flatMap((pod) => mapsAt(pod, "spec", "volumes"))
    .flatMap((volume) => textAt(volume, "persistentVolumeClaim", "claimName") ?? []);
  const unique = [...new Set(names)].slice(0, PODS_WITH_EVENTS);
  const found = await Promise.all(
    unique.map((name) => {
      const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
      const query = { fieldSelector: `metadata.name=${name}` };
      return list(client, path, query, { apiVersion: "v1", kind: "PersistentVolumeClaim" }, signal);
    }),
  );
  return found.flat();
}

function warningsAbout(client: ApiClient, object: JsonMap, signal: AbortSignal): Promise<readonly JsonMap[]> {
  // Events about objects without a namespace are kept in "default".
  const path = `/api/v1/namespaces/${textAt(object, "metadata", "namespace") ?? "default"}/events`;
  const fieldSelector = `involvedObject.uid=${textAt(object, "metadata", "uid")},type!=Normal`;
  return list(client, path, { fieldSelector, limit: MOST_PODS }, { apiVersion: "v1", kind: "Event" }, signal);
}

async function list(
  client: ApiClient,
  path: string,
  query: Readonly<Record<string, string>>,
  kind: { readonly apiVersion: string; readonly kind: string },
  signal: AbortSignal,
): Promise<JsonMap[]> {
  try {
    const { body } = await client.request({ method: "GET", path, query, signal });
    return mapsAt(body, "items").map((item) => withKind(item, kind));
  } catch {
    return [];
  }
}

function isOwnedBy(object: JsonMap, owner: JsonMap): boolean {
  const uid = textAt(owner, "metadata", "uid");
  return mapsAt(object, "metadata", "ownerReferences").some((reference) => reference.uid === uid);
}

/** A label selector in the text form that lists take. */
export function selectorText(selector: JsonMap): string {
  const expressions = mapsAt(selector, "matchExpressions").map((expression) => {
    const [key, values] = [textAt(expression, "key") ?? "", expression.values];
    const set = `(${Array.isArray(values) ? values.join(",") : ""})`;
    switch (expression.operator) {
      case "In":
        return `${key} in ${set}`;
      case "NotIn":
        return `${key} notin ${set}`;
      case "DoesNotExist":
        return `!${key}`;
      default:
        return key;
    }
  });
  return [pairs(mapAt(selector, "matchLabels")), ...expressions].filter((text) => text !== "").join(",");
}

function pairs(labels: JsonMap): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(",");
}
