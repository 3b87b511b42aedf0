import { ProviderError } from "../provider.ts";
import { skipsAwait, timeoutSeconds, waitExpressions } from "./annotations.ts";
import { isConflict, isMissingReference, isNamespaceMissing, isOtherObject, isQuotaRace, isRace } from "./api-error.ts";
import { DEFAULT_TIMEOUT, type Rule, ruleFor } from "./await/rules.ts";
import { waitForStatus } from "./await/wait-for.ts";
import { Waiter } from "./await/waiter.ts";
import { isBeingDeleted, uidOf } from "./checkpoint.ts";
import type { Cluster } from "./cluster.ts";
import { type ApiResource, placeOf } from "./discovery.ts";
import { explainExists } from "./explain.ts";
import { applying, type CreateJob, calling, findKind, told, type UpdateJob, type WriteJob, waitingFor } from "./job.ts";
import { type JsonMap, mapsAt, toJson } from "./json.ts";
import { label } from "./kinds.ts";
import { isManagedBy, needsMigration, withoutForeignFields } from "./managed-fields.ts";
import { applyAs, MOST_RACES, takeOver } from "./ownership.ts";
import { patchObject } from "./patch.ts";
import { waitUntilGone } from "./remove.ts";

interface Written {
  readonly live: JsonMap;
  /** Whether the object was there before. */
  readonly existed: boolean;
}

/** Creates the object and waits for it. Resolves to its latest state. */
export async function createObject(cluster: Cluster, job: CreateJob): Promise<JsonMap> {
  if (job.isPatch) return patchObject(cluster, job, undefined);
  const resource = await findKind(cluster, job);
  return awaiting(cluster, job, resource, () => create(cluster, job, resource));
}

function create(cluster: Cluster, job: CreateJob, resource: ApiResource): Promise<Written> {
  const body = toJson(job.inputs);
  return waitingFor(
    job,
    () => createOrAdopt(cluster, job, resource, body),
    (error) =>
      isNamespaceMissing(error) || isQuotaRace(error, job.ref) || (job.ref.kind === "Pod" && isMissingReference(error)),
  );
}

async function createOrAdopt(cluster: Cluster, job: CreateJob, resource: ApiResource, body: JsonMap): Promise<Written> {
  const options = applying(cluster, job, body);
  for (let race = 0; ; race++) {
    try {
      return { live: told(job, await cluster.objects.create(resource, job.ref, body, options)), existed: false };
    } catch (error) {
      if (!isConflict(error) || isQuotaRace(error, job.ref)) throw error;
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
  job.note("it exists already, created for this resource by an earlier attempt or run: taken over");
  const migrated = await takeOver(cluster, job, resource, existing);
  return told(job, await cluster.objects.apply(resource, job.ref, body, uidOf(migrated), applying(cluster, job, body)));
}

/** Changes the object to what the inputs say, and waits for it. Resolves to its latest state. */
export async function updateObject(cluster: Cluster, job: UpdateJob): Promise<JsonMap> {
  if (job.isPatch) return patchObject(cluster, job, job.recordedManager);
  const resource = await findKind(cluster, job);
  return awaiting(cluster, job, resource, async () => {
    try {
      return { live: await waitingFor(job, () => applyUpdate(cluster, job, resource), isRace), existed: true };
    } catch (error) {
      if (!isOtherObject(error)) throw error;
      job.note("it no longer exists as it was recorded (deleted outside of Pulumi): created again");
      return create(cluster, { ...job, replaces: () => false }, resource);
    }
  });
}

async function applyUpdate(cluster: Cluster, job: UpdateJob, resource: ApiResource): Promise<JsonMap> {
  const { recorded, recordedManager: former } = job;
  const body = toJson(job.inputs);
  const prepared = await prepareUpdate(cluster, job, resource, body, true);
  const options = applying(cluster, job, body, prepared.unmanaged);
  return applyAs(cluster, job, former, resource, prepared.body, uidOf(recorded), options);
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
    body: toJson(withoutForeignFields(job.inputs, job.ignoreChanges, migrated, job.recordedManager ?? job.manager)),
    // Objects from before server-side apply have no managers at all; nobody else can own their fields.
    unmanaged: mapsAt(migrated, "metadata", "managedFields").length === 0,
    legacy: needsMigration(migrated, job.manager),
  };
}

/** Listens, writes, waits. */
async function awaiting(
  cluster: Cluster,
  job: WriteJob,
  resource: ApiResource,
  write: () => Promise<Written>,
): Promise<JsonMap> {
  const body = toJson(job.inputs);
  const rule = chosenRule(body);
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
