import { ProviderError } from "../provider.ts";
import { ApiError, isOtherObject, isRace, UnknownKindError } from "./api-error.ts";
import { uidOf } from "./checkpoint.ts";
import type { Cluster } from "./cluster.ts";
import { applying, calling, findKind, type WriteJob, waitingFor } from "./job.ts";
import { type JsonMap, toJson } from "./json.ts";
import { label, type ObjectRef } from "./kinds.ts";
import { applyAs, relinquish } from "./ownership.ts";
import type { RetryBudget } from "./retry.ts";

/**
 * Applies a patch to an object that something else makes, perhaps in the same run. It never creates one: that would make
 * a new object of a misspelt name. `former`: the manager under which the patch was applied before.
 */
export async function patchObject(cluster: Cluster, job: WriteJob, former: string | undefined): Promise<JsonMap> {
  const resource = await findKind(cluster, job);
  const body = toJson(job.inputs);
  const options = applying(cluster, job, body);
  const patch = async () => {
    const live = await cluster.objects.get(resource, job.ref, calling(job));
    if (live === undefined) throw new MissingTargetError(job);
    return applyAs(cluster, job, former, resource, body, uidOf(live), options);
  };
  return waitingFor(
    job,
    patch,
    (error) => error instanceof MissingTargetError || isOtherObject(error) || isRace(error),
  );
}

/** A patch owns some fields of somebody else's object: deleting it gives those up. */
export async function unpatchObject(
  cluster: Cluster,
  ref: ObjectRef,
  manager: string,
  options: { readonly signal: AbortSignal; readonly budget: RetryBudget },
): Promise<void> {
  try {
    const resource = await cluster.discovery.findServed(ref.apiVersion, ref.kind, options.budget);
    const live = await cluster.objects.get(resource, ref, options);
    if (live !== undefined) await relinquish(cluster, resource, ref, uidOf(live), manager, options);
  } catch (error) {
    if (error instanceof UnknownKindError) return;
    if (!(error instanceof ApiError) || error.status !== 422) throw error;
    throw new ProviderError(
      `${label(ref)} can't be without the fields that this patch manages: ${error.message}\nFix: set retainOnDelete on the patch, or let another manager apply these fields first.`,
    );
  }
}

class MissingTargetError extends ProviderError {
  constructor({ ref }: WriteJob) {
    super(
      `${label(ref)} was not patched: there is no such object\nFix: correct metadata.name and metadata.namespace, or let the patch depend on what makes the object (dependsOn).`,
    );
  }
}
