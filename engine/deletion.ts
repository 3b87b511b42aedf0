import { dependencyUrns, inReverseDependencyOrder } from "./dependencies.ts";
import { UserError } from "./errors.ts";
import type { EventSink, Operation, Phase, ResourceRef } from "./events.ts";
import type { Ledger } from "./ledger.ts";
import { errorText } from "./performer.ts";
import type { Provider } from "./provider.ts";
import { parseUrn, providerPackage, type ResourceState } from "./resource.ts";

export interface DeletionContext {
  readonly phase: Phase;
  readonly ledger: Ledger;
  readonly emit: EventSink;
  readonly signal: AbortSignal;
  /** The provider of a recorded resource, as it was configured for it. */
  provider(resource: ResourceState): Promise<Provider>;
  /** What a deleted state turns into; `undefined` (the default) when nothing is to be remembered of it. */
  readonly remember?: (resource: ResourceState) => ResourceState | undefined;
}

/**
 * Deletes recorded resources: what depends on others first, as many at once as possible. In the plan it only tells of it.
 *
 * @returns what went wrong, told of already. What could not be deleted, and what it depends on, stays recorded.
 */
export async function deleteResources(
  resources: readonly ResourceState[],
  context: DeletionContext,
): Promise<unknown[]> {
  const errors = refuseProtected(resources, context);
  // Found before the first delete, so that nothing is half torn down because of it.
  if (errors.length > 0) return errors;

  const doomed = new Set(resources.map((resource) => resource.urn));
  const gone = new Set<ResourceState>();
  await inReverseDependencyOrder(resources, async (resource) => {
    if (!needsProvider(resource, doomed)) return true;
    if (context.signal.aborted || (errors.length > 0 && context.phase === "apply")) return false;
    const error = await deleteOne(resource, context);
    if (error !== undefined) errors.push(error);
    else gone.add(resource);
    return error === undefined;
  });
  sweep(resources, gone, context);
  return errors;
}

/** Components and provider resources exist in the state only; what is retained or goes with another is left alone. */
function needsProvider(resource: ResourceState, doomed: ReadonlySet<string>): boolean {
  return (
    resource.custom &&
    providerPackage(resource.type) === undefined &&
    !resource.retainOnDelete &&
    !resource.pendingReplacement &&
    !(resource.deletedWith !== undefined && doomed.has(resource.deletedWith))
  );
}

async function deleteOne(resource: ResourceState, context: DeletionContext): Promise<unknown> {
  const started = performance.now();
  const operation: Operation = resource.delete ? "delete-original" : "delete";
  const ref = refOf(resource);
  const end = (error?: string): void =>
    context.emit({
      kind: "resource-end",
      phase: context.phase,
      resource: ref,
      operation,
      duration: context.phase === "plan" ? 0 : Math.round(performance.now() - started),
      changes: {},
      ...(error === undefined ? {} : { error }),
    });
  context.emit({ kind: "resource-begin", phase: context.phase, resource: ref, operation });
  if (context.phase === "plan") {
    context.ledger.turn(resource, context.remember?.(resource));
    end();
    return undefined;
  }
  const settled = await context.ledger.begin({ type: "deleting", resource });
  try {
    const provider = await context.provider(resource);
    await provider.delete({
      urn: resource.urn,
      type: resource.type,
      name: ref.name,
      id: resource.id,
      oldInputs: resource.inputs,
      oldOutputs: resource.outputs,
      timeout: resource.customTimeouts?.delete,
      signal: context.signal,
    });
    context.ledger.turn(resource, context.remember?.(resource));
    end();
    return undefined;
  } catch (error) {
    end(errorText(error));
    return error;
  } finally {
    settled();
  }
}

/**
 * Forgets what needs no provider to go: a retained resource, one that went with another, and components and providers
 * that nothing recorded needs any more. Only now, because if the other could not be deleted, they are all still there.
 */
function sweep(resources: readonly ResourceState[], gone: ReadonlySet<ResourceState>, context: DeletionContext): void {
  const goneUrns = new Set([...gone].map((resource) => resource.urn));
  const remaining = new Set(resources.filter((resource) => !gone.has(resource)));
  for (const resource of [...remaining].reverse()) {
    const leaves =
      resource.pendingReplacement ||
      resource.retainOnDelete ||
      (resource.deletedWith !== undefined && goneUrns.has(resource.deletedWith)) ||
      ((!resource.custom || providerPackage(resource.type) !== undefined) && !isNeeded(resource, remaining));
    if (!leaves) continue;
    remaining.delete(resource);
    context.ledger.turn(resource, context.remember?.(resource));
    const discarded = resource.custom && providerPackage(resource.type) === undefined;
    const operation: Operation = discarded ? "discard" : resource.delete ? "delete-original" : "delete";
    context.emit({
      kind: "resource-end",
      phase: context.phase,
      resource: refOf(resource),
      operation,
      duration: 0,
      changes: {},
    });
  }
}

function isNeeded(resource: ResourceState, remaining: ReadonlySet<ResourceState>): boolean {
  for (const other of remaining) if (other !== resource && dependencyUrns(other).has(resource.urn)) return true;
  return false;
}

function refuseProtected(resources: readonly ResourceState[], context: DeletionContext): unknown[] {
  const kept = resources.filter((resource) => resource.protect && !resource.delete);
  return kept.map((resource) => {
    const error = new UserError(
      `${parseUrn(resource.urn).name} (${resource.type}) is protected and would be deleted. ` +
        "Set protect to false for it and run up first, or keep it in the program",
    );
    const event = {
      phase: context.phase,
      resource: refOf(resource),
      operation: "delete",
      duration: 0,
      changes: {},
    } as const;
    context.emit({ kind: "resource-end", ...event, error: error.message });
    return error;
  });
}

export function refOf(resource: ResourceState): ResourceRef {
  const { type, name } = parseUrn(resource.urn);
  return { urn: resource.urn, type, name, parent: resource.parent };
}
