import { ProviderError } from "../provider.ts";
import { isOtherObject, isRace } from "./api-error.ts";
import { uidOf } from "./checkpoint.ts";
import type { Cluster } from "./cluster.ts";
import { applying, calling, findKind, type WriteJob, waitingFor } from "./job.ts";
import { type JsonMap, toJson } from "./json.ts";
import { label } from "./kinds.ts";
import { applyAs } from "./ownership.ts";

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

class MissingTargetError extends ProviderError {
  constructor({ ref }: WriteJob) {
    super(
      `${label(ref)} was not patched: there is no such object\nFix: correct metadata.name and metadata.namespace, or let the patch depend on what makes the object (dependsOn).`,
    );
  }
}
