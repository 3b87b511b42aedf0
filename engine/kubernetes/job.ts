import type { PropertyMap } from "../property.ts";
import { forcesConflicts } from "./annotations.ts";
import { UnknownKindError } from "./api-error.ts";
import type { ApiAnswer } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import type { ApiResource } from "./discovery.ts";
import type { JsonMap } from "./json.ts";
import type { ObjectRef } from "./kinds.ts";
import type { ApplyOptions, CallOptions } from "./objects.ts";
import { MISORDER_PATIENCE, patiently } from "./patience.ts";
import type { RetryBudget } from "./retry.ts";

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
  /** @default DEFAULT_BUDGET */
  readonly budget?: RetryBudget;
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

export function calling(job: WriteJob): CallOptions {
  return {
    signal: job.signal,
    budget: job.budget,
    onRetry: (error) => job.status(`trying again: ${error.message}`),
  };
}

export function applying(cluster: Cluster, job: WriteJob, body: JsonMap, unmanaged = false): ApplyOptions {
  const force = forcesConflicts(body) || cluster.config.patchForce || unmanaged;
  return { ...calling(job), manager: job.manager, force };
}

/** The object of an answer, once the job has heard its warnings. */
export function told(job: WriteJob, answer: ApiAnswer): JsonMap {
  job.warn(answer.warnings);
  return answer.body;
}

/** Does `work` again while its failure is one that the same run may cure, and shows what it waits for. */
export function waitingFor<T>(job: WriteJob, work: () => Promise<T>, mayPass: (error: unknown) => boolean): Promise<T> {
  return patiently(work, mayPass, MISORDER_PATIENCE, job.signal, (error) => {
    const [cause] = (error as Error).message.split("\n");
    job.status(`waiting: ${cause}${error instanceof UnknownKindError ? " yet" : ""}`);
  });
}

export function findKind(cluster: Cluster, job: WriteJob): Promise<ApiResource> {
  return waitingFor(
    job,
    () => cluster.discovery.find(job.ref.apiVersion, job.ref.kind, job.budget),
    (error) => error instanceof UnknownKindError,
  );
}
