import { fieldConflicts, isConflict, isOtherObject } from "./api-error.ts";
import type { ApiAnswer } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import type { ApiResource } from "./discovery.ts";
import { calling, told, type WriteJob } from "./job.ts";
import type { JsonMap } from "./json.ts";
import type { ObjectRef } from "./kinds.ts";
import { migrateManagers, needsMigration } from "./managed-fields.ts";
import type { ApplyOptions, CallOptions } from "./objects.ts";

/** Attempts to act on an object that changes while it is looked at. */
export const MOST_RACES = 4;

/** Applies. Fields that only a former manager of the same resource holds are taken over from it, and no conflict. */
export async function applyOver(
  cluster: Cluster,
  resource: ApiResource,
  ref: ObjectRef,
  body: JsonMap,
  uid: string | undefined,
  former: string | undefined,
  options: ApplyOptions,
): Promise<ApiAnswer> {
  try {
    return await cluster.objects.apply(resource, ref, body, uid, options);
  } catch (error) {
    const conflicts = fieldConflicts(error);
    if (conflicts.length === 0 || conflicts.some(({ manager }) => manager !== former)) throw error;
    return cluster.objects.apply(resource, ref, body, uid, { ...options, force: true });
  }
}

/** Applies under the resource's present manager, and lets go of what it held under a former one. */
export async function applyAs(
  cluster: Cluster,
  job: WriteJob,
  former: string | undefined,
  resource: ApiResource,
  body: JsonMap,
  uid: string | undefined,
  options: ApplyOptions,
): Promise<JsonMap> {
  const answer = await applyOver(cluster, resource, job.ref, body, uid, former, options);
  if (former !== undefined && former !== job.manager) {
    await relinquish(cluster, resource, job.ref, uid, former, calling(job));
  }
  return told(job, answer);
}

/** Makes the resource's own what the official provider owns from creating the object. */
export async function takeOver(
  cluster: Cluster,
  job: WriteJob,
  resource: ApiResource,
  live: JsonMap,
): Promise<JsonMap> {
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

/** Lets go of every field of this very object that a manager owns; fields that nobody else owns are removed. */
export async function relinquish(
  cluster: Cluster,
  resource: ApiResource,
  ref: ObjectRef,
  uid: string | undefined,
  manager: string,
  options: CallOptions,
): Promise<void> {
  const empty = { apiVersion: ref.apiVersion, kind: ref.kind, metadata: {} };
  try {
    await cluster.objects.apply(resource, ref, empty, uid, { ...options, manager, force: false });
  } catch (error) {
    // Without the object, nothing is owned any more.
    if (!isOtherObject(error)) throw error;
  }
}
