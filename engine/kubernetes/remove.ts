import { ProviderError } from "../provider.ts";
import { propagationPolicy, skipsAwait, timeoutSeconds } from "./annotations.ts";
import { isConflict, UnknownKindError } from "./api-error.ts";
import { isAtLeastAsNew, isVersionAtLeast, uidOf, versionOf } from "./checkpoint.ts";
import type { Cluster } from "./cluster.ts";
import { diagnose, gather } from "./diagnose/index.ts";
import { type ApiResource, placeOf } from "./discovery.ts";
import { at, type JsonMap, textAt } from "./json.ts";
import { label, type ObjectRef } from "./kinds.ts";
import type { CallOptions } from "./objects.ts";
import type { RetryBudget } from "./retry.ts";

export interface DeleteJob {
  readonly ref: ObjectRef;
  /** The object as the state recorded it. */
  readonly recorded: JsonMap;
  /** The recorded inputs: their annotations say how to delete. */
  readonly inputs: JsonMap;
  /** Seconds; `undefined`: the default. */
  readonly timeout: number | undefined;
  readonly signal: AbortSignal;
  readonly budget: RetryBudget;
  status(message: string): void;
  note(message: string): void;
}

const DELETE_TIMEOUT = 600;
const DIAGNOSIS_TIME = 10_000;
/** Kinds for which the official provider lets `skipAwait` also skip waiting for the deletion. */
const SKIPPING_KINDS = ["DaemonSet", "Deployment", "Job", "Namespace", "Pod", "ReplicationController", "StatefulSet"];

/** Deletes the object and waits until it is gone. One that is gone already is success. */
export async function deleteObject(cluster: Cluster, job: DeleteJob): Promise<void> {
  let resource: ApiResource;
  try {
    resource = await cluster.discovery.findServed(job.ref.apiVersion, job.ref.kind, job.budget);
  } catch (error) {
    // Its definition is gone, and all objects of the kind with it.
    if (error instanceof UnknownKindError) return;
    throw error;
  }
  const uid = uidOf(job.recorded);
  let remains: JsonMap | undefined;
  try {
    remains = await cluster.objects.delete(resource, job.ref, uid, propagationPolicy(job.inputs), calling(job));
  } catch (error) {
    if (!isConflict(error)) throw error;
    const existing = await cluster.objects.get(resource, job.ref, calling(job));
    if (existing !== undefined && uidOf(existing) === uid) throw error;
    if (existing !== undefined)
      job.note("it was deleted outside of Pulumi and made again by somebody else: left alone");
    return;
  }
  if (remains === undefined || (skipsAwait(job.inputs) && SKIPPING_KINDS.includes(job.ref.kind))) return;
  const seconds = timeoutSeconds(job.timeout, job.inputs, DELETE_TIMEOUT);
  await waitUntilGone(cluster, resource, job.ref, remains, { ...job, seconds });
}

export interface GoneJob {
  /** How long to wait. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  status(message: string): void;
}

/** Resolves when this very object is gone. Throws when the time is up, and says what holds it. */
export async function waitUntilGone(
  cluster: Cluster,
  resource: ApiResource,
  ref: ObjectRef,
  object: JsonMap,
  job: GoneJob,
): Promise<void> {
  const uid = uidOf(object);
  let latest = object;
  let failure: Error | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, job.seconds * 1000);
  const see = (seen: JsonMap) => {
    if (uidOf(seen) !== uid || !isAtLeastAsNew(seen, latest)) return;
    latest = seen;
    job.status(holdText(latest));
  };
  const subscription = cluster.watches.subscribe(resource, placeOf(resource, ref), {
    matches: (seen) => textAt(seen, "metadata", "name") === ref.name,
    onChange: see,
    onDelete: (seen) => {
      if (uidOf(seen) === uid) end();
    },
    onReset: (objects, version) => {
      if (!objects.some((seen) => uidOf(seen) === uid) && isVersionAtLeast(version, versionOf(object))) end();
      for (const seen of objects) see(seen);
    },
    onTrouble: (error) =>
      job.status(error === undefined ? holdText(latest) : `watching is interrupted: ${error.message}`),
    onFailure: (error) => {
      failure = error;
      end();
    },
  });
  job.signal.addEventListener("abort", end);
  if (job.signal.aborted) end();
  job.status(holdText(latest));
  try {
    subscription.startFrom(versionOf(object));
    await ended;
  } finally {
    clearTimeout(timer);
    job.signal.removeEventListener("abort", end);
    subscription.close();
  }
  job.signal.throwIfAborted();
  // Whatever the watch said, the server has the last word.
  const left = await cluster.objects.get(resource, ref, calling(job));
  if (left === undefined || uidOf(left) !== uid) return;
  const evidence = await gather(cluster.client, left, "all", AbortSignal.timeout(DIAGNOSIS_TIME));
  const why = failure === undefined ? `is still there after ${job.seconds} s` : `can't be watched: ${failure.message}`;
  throw new ProviderError(
    [
      `${label(ref)} was deleted, but ${why}: ${holdText(left)}`,
      ...diagnose(evidence).map((line) => `  ${line}`),
      fixText(left),
    ].join("\n"),
  );
}

/** What keeps a deleted object. */
function holdText(object: JsonMap): string {
  const finalizers = finalizersOf(object);
  if (finalizers.length === 0) return "waiting for the API server to remove it";
  const named = finalizers.map((name) => (name === "foregroundDeletion" ? "its dependents, which go first" : name));
  return `held by ${named.join(", ")}`;
}

function fixText(object: JsonMap): string {
  const foreign = finalizersOf(object).filter((name) => name !== "foregroundDeletion");
  return foreign.length === 0
    ? "Fix: see what holds its dependents, or give it more time (customTimeouts.delete)."
    : `Fix: the controller that set ${foreign.map((name) => JSON.stringify(name)).join(", ")} has to remove it: see that it runs. Only if it never will, remove the finalizer by hand.`;
}

function finalizersOf(object: JsonMap): readonly string[] {
  const own = at(object, "metadata", "finalizers");
  const spec = object.kind === "Namespace" ? at(object, "spec", "finalizers") : undefined;
  return [own, spec].flatMap((list) => (Array.isArray(list) ? list.filter((item) => typeof item === "string") : []));
}

function calling(job: Pick<DeleteJob, "signal" | "status"> & { readonly budget?: RetryBudget }): CallOptions {
  return { signal: job.signal, budget: job.budget, onRetry: (error) => job.status(`trying again: ${error.message}`) };
}
