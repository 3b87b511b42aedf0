import { chosenFieldManager } from "./annotations.ts";
import { UnknownKindError } from "./api-error.ts";
import type { Cluster } from "./cluster.ts";
import type { JsonMap } from "./json.ts";
import { isPatch, type ObjectRef } from "./kinds.ts";
import { isManagedBy } from "./managed-fields.ts";
import { derivedFieldManager } from "./naming.ts";
import { unpatchObject } from "./patch.ts";
import { type DeleteJob, deleteObject } from "./remove.ts";

export type AbandonJob = Omit<DeleteJob, "recorded"> & {
  readonly urn: string;
  readonly type: string;
};

/**
 * Deletes what a create that was killed may have left. Only the mark of its own resource, which its field manager is
 * named for, tells such an object from one that somebody else made under the same name; any other is left alone.
 */
export async function abandonObject(cluster: Cluster, job: AbandonJob): Promise<void> {
  const { ref, inputs, signal, budget } = job;
  const manager = derivedFieldManager(job.urn);
  const live = await find(cluster, ref, { signal, budget });
  if (live === undefined) return;
  if (!isManagedBy(live, manager)) {
    const chosen = chosenFieldManager(inputs) !== undefined;
    job.note(`${chosen ? "it may" : "it does not"} come from the run that was interrupted: left alone`);
    return;
  }
  job.note("made by a run that was interrupted, and not wanted any more: deleted");
  if (!isPatch(job.type, ref.kind)) return deleteObject(cluster, { ...job, recorded: live });
  await unpatchObject(cluster, ref, manager, { signal, budget });
}

async function find(
  cluster: Cluster,
  ref: ObjectRef,
  options: Pick<DeleteJob, "signal" | "budget">,
): Promise<JsonMap | undefined> {
  try {
    const resource = await cluster.discovery.findServed(ref.apiVersion, ref.kind, options.budget);
    return await cluster.objects.get(resource, ref, options);
  } catch (error) {
    // Without its definition there is no object of the kind.
    if (error instanceof UnknownKindError) return undefined;
    throw error;
  }
}
