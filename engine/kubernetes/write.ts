import type { PropertyMap } from "../property.ts";
import { ProviderError } from "../provider.ts";
import { forcesConflicts, skipsAwait, timeoutSeconds, waitExpressions } from "./annotations.ts";
import { isConflict, isMissingReference, isNamespaceMissing, isOtherObject, UnknownKindError } from "./api-error.ts";
import { DEFAULT_TIMEOUT, type Rule, ruleFor } from "./await/rules.ts";
import { waitForStatus } from "./await/wait-for.ts";
import { Waiter } from "./await/waiter.ts";
import { isBeingDeleted, uidOf } from "./checkpoint.ts";
import type { ApiAnswer } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import { type ApiResource, placeOf } from "./discovery.ts";
import { explainExists } from "./explain.ts";
import { type JsonMap, mapsAt, toJson } from "./json.ts";
import { label, type ObjectRef } from "./kinds.ts";
import { isManagedBy, migrateManagers, needsMigration, withoutForeignFields } from "./managed-fields.ts";
import type { CallOptions } from "./objects.ts";
import { MISORDER_PATIENCE, patiently } from "./patience.ts";
import { waitUntilGone } from "./remove.ts";

/** What to write, and for whom. */
export interface WriteJob {
  readonly ref: ObjectRef;
  readonly inputs: PropertyMap;
  readonly manager: string;
  /** A `*Patch` resource: the object belongs to somebody else, and only needs to be there. */
  readonly isPatch: boolean;
  /** Seconds; `undefined`: the kind's own. */
  readonly timeout: number | undefined;
  readonly signal: AbortSignal;
  /** Shown beside the resource while it takes time. */
  status(message: string): void;
  /** Something the user should know of afterwards. */
  note(message: string): void;
  /** What the API server warns of. */
  warn(warnings: readonly string[]): void;
}

export interface UpdateJob extends WriteJob {
  /** The object as the state recorded it. */
  readonly recorded: JsonMap;
  readonly recordedManager: string | undefined;
  readonly ignoreChanges: readonly string[];
}

export interface CreateJob extends WriteJob {
  /** Whether the state holds this very object for the resource: it has to be deleted before another can be created. */
  replaces(object: JsonMap): boolean;
}

interface Written {
  readonly live: JsonMap;
  /** Whether the object was there before. */
  readonly existed: boolean;
}

/** Attempts to act on an object that changes while it is looked at. */
const MOST_RACES = 4;

/** Creates the object and waits for it. Resolves to its latest state. */
export async function createObject(cluster: Cluster, job: CreateJob): Promise<JsonMap> {
  const resource = await findKind(cluster, job);
  return awaiting(cluster, job, resource, async () => {
    const body = toJson(job.inputs);
    if (job.isPatch) {
      return {
        live: told(job, await cluster.objects.apply(resource, job.ref, body, undefined, applying(cluster, job, body))),
        existed: true,
      };
    }
    return patiently(
      () => createOrAdopt(cluster, job, resource, body),
      (error) => isNamespaceMissing(error) || (job.ref.kind === "Pod" && isMissingReference(error)),
      MISORDER_PATIENCE,
      job.signal,
      (error) => job.status(`waiting: ${(error as Error).message}`),
    );
  });
}

async function createOrAdopt(cluster: Cluster, job: CreateJob, resource: ApiResource, body: JsonMap): Promise<Written> {
  const options = applying(cluster, job, body);
  for (let race = 0; ; race++) {
    try {
      return { live: told(job, await cluster.objects.create(resource, job.ref, body, options)), existed: false };
    } catch (error) {
      if (!isConflict(error)) throw error;
      const existing = await cluster.objects.get(resource, job.ref, calling(job));
      if (existing !== undefined && isBeingDeleted(existing)) {
        job.status("waiting until the object that is being deleted under this name is gone");
        await waitUntilGone(cluster, resource, job.ref, existing, {
          ...job,
          seconds: timeoutSeconds(job.timeout, body, DEFAULT_TIMEOUT),
        });
      } else if (existing !== undefined) {
        return { live: await adopt(cluster, job, resource, body, existing), existed: true };
      } else if (race >= 1) {
        // There is nothing, and yet a conflict: this server takes no version for what is to be created.
        return { live: told(job, await cluster.objects.post(resource, job.ref, body, calling(job))), existed: false };
      }
      if (race >= MOST_RACES) throw error;
    }
  }
}

/**
 * An object stands where one is to be created. Its field manager is made from the resource's URN, so if that is among
 * the object's managers, an earlier run created it for this resource and did not live to record it: it is ours.
 */
async function adopt(
  cluster: Cluster,
  job: CreateJob,
  resource: ApiResource,
  body: JsonMap,
  existing: JsonMap,
): Promise<JsonMap> {
  if (job.replaces(existing)) {
    throw new ProviderError(
      `${label(job.ref)} was not created: its present object has the same name, and has to be deleted first\nFix: set deleteBeforeReplace on the resource, or give the new object another name.`,
    );
  }
  if (!isManagedBy(existing, job.manager)) throw new ProviderError(explainExists(job.ref, existing));
  job.note("it exists already, created for this resource by a run that was interrupted: taken over");
  const migrated = await takeOver(cluster, job, resource, existing);
  return told(job, await cluster.objects.apply(resource, job.ref, body, uidOf(migrated), applying(cluster, job, body)));
}

/** Changes the object to what the inputs say, and waits for it. Resolves to its latest state. */
export async function updateObject(cluster: Cluster, job: UpdateJob): Promise<JsonMap> {
  const resource = await findKind(cluster, job);
  return awaiting(cluster, job, resource, async () => {
    const body = toJson(job.inputs);
    if (job.isPatch) {
      return {
        live: told(job, await cluster.objects.apply(resource, job.ref, body, undefined, applying(cluster, job, body))),
        existed: true,
      };
    }
    for (let race = 0; ; race++) {
      try {
        return { live: await applyUpdate(cluster, job, resource, body), existed: true };
      } catch (error) {
        if (!isOtherObject(error)) throw error;
        const existing = await cluster.objects.get(resource, job.ref, calling(job));
        if (existing === undefined || uidOf(existing) !== uidOf(job.recorded)) {
          job.note("it no longer exists as it was recorded (deleted outside of Pulumi): created again");
          return await createOrAdopt(cluster, { ...job, replaces: () => false }, resource, body);
        }
        if (race >= MOST_RACES) throw error;
      }
    }
  });
}

async function applyUpdate(cluster: Cluster, job: UpdateJob, resource: ApiResource, body: JsonMap): Promise<JsonMap> {
  const prepared = await prepareUpdate(cluster, job, resource, body, true);
  const answer = await cluster.objects.apply(
    resource,
    job.ref,
    prepared.body,
    uidOf(job.recorded),
    applying(cluster, job, body, prepared.unmanaged),
  );
  if (job.recordedManager !== undefined && job.recordedManager !== job.manager) {
    await relinquish(cluster, resource, job.ref, job.recordedManager, job);
  }
  return told(job, answer);
}

/**
 * Most updates are one request. Only an object that still has fields of the official provider's creation, or one with
 * ignored fields, has to be looked at first.
 */
export async function prepareUpdate(
  cluster: Cluster,
  job: UpdateJob,
  resource: ApiResource,
  body: JsonMap,
  migrate: boolean,
): Promise<{ readonly body: JsonMap; readonly unmanaged: boolean; readonly legacy: boolean }> {
  const unmanaged = mapsAt(job.recorded, "metadata", "managedFields").length === 0;
  const legacy = needsMigration(job.recorded, job.manager);
  if (!unmanaged && !legacy && job.ignoreChanges.length === 0) return { body, unmanaged: false, legacy };
  const live = await cluster.objects.get(resource, job.ref, calling(job));
  if (live === undefined) return { body, unmanaged: false, legacy: false };
  const migrated = migrate ? await takeOver(cluster, job, resource, live) : live;
  return {
    body: toJson(withoutForeignFields(job.inputs, job.ignoreChanges, migrated, job.manager)),
    // Objects from before server-side apply have no managers at all; nobody else can own their fields.
    unmanaged: mapsAt(migrated, "metadata", "managedFields").length === 0,
    legacy: needsMigration(migrated, job.manager),
  };
}

async function takeOver(cluster: Cluster, job: WriteJob, resource: ApiResource, live: JsonMap): Promise<JsonMap> {
  let current = live;
  for (let race = 0; needsMigration(current, job.manager); race++) {
    try {
      const managedFields = migrateManagers(current, job.manager);
      return await cluster.objects.setManagedFields(resource, job.ref, current, managedFields, calling(job));
    } catch (error) {
      // A controller wrote its status in between.
      if (!isConflict(error) || race >= MOST_RACES) throw error;
      current = (await cluster.objects.get(resource, job.ref, calling(job))) ?? current;
    }
  }
  return current;
}

/** Lets go of every field that a manager owns; fields that nobody else owns are removed. */
export async function relinquish(
  cluster: Cluster,
  resource: ApiResource,
  ref: ObjectRef,
  manager: string,
  options: CallOptions,
): Promise<void> {
  const empty = { apiVersion: ref.apiVersion, kind: ref.kind, metadata: {} };
  await cluster.objects.apply(resource, ref, empty, undefined, { ...options, manager, force: false });
}

function findKind(cluster: Cluster, job: WriteJob): Promise<ApiResource> {
  return patiently(
    () => cluster.discovery.find(job.ref.apiVersion, job.ref.kind),
    (error) => error instanceof UnknownKindError,
    MISORDER_PATIENCE,
    job.signal,
    (error) => job.status(`waiting: ${(error as Error).message} yet`),
  );
}

/** Listens, writes, waits. */
async function awaiting(
  cluster: Cluster,
  job: WriteJob,
  resource: ApiResource,
  write: () => Promise<Written>,
): Promise<JsonMap> {
  const body = toJson(job.inputs);
  const rule = job.isPatch ? undefined : chosenRule(body);
  if (rule === undefined) return (await write()).live;
  const timeout = timeoutSeconds(job.timeout, body, rule.timeout);
  const options = { rule, timeout, signal: job.signal, status: (message: string) => job.status(message) };
  const waiter = new Waiter(cluster, options, resource, placeOf(resource, job.ref), job.ref.name);
  try {
    const { live, existed } = await write();
    return await waiter.until(live, existed);
  } finally {
    waiter.close();
  }
}

function chosenRule(body: JsonMap): Rule | undefined {
  if (skipsAwait(body)) return undefined;
  const expressions = waitExpressions(body);
  if (expressions.length === 0) return ruleFor(body);
  return { timeout: DEFAULT_TIMEOUT, needs: undefined, judge: (object) => waitForStatus(object, expressions) };
}

function applying(cluster: Cluster, job: WriteJob, body: JsonMap, unmanaged = false) {
  const force = forcesConflicts(body) || cluster.config.patchForce || unmanaged;
  return { ...calling(job), manager: job.manager, force };
}

function calling(job: WriteJob): CallOptions {
  return { signal: job.signal, onRetry: (error) => job.status(`trying again: ${error.message}`) };
}

function told(job: WriteJob, answer: ApiAnswer): JsonMap {
  job.warn(answer.warnings);
  return answer.body;
}
