import pLimit from "p-limit";
import { dependencyUrns, inReverseDependencyOrder, MOST_AT_ONCE } from "./dependencies.ts";
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

  const doomed = new Set(resources.filter((resource) => !isLeftAlone(resource)).map(({ urn }) => urn));
  const gone = new Set<ResourceState>();
  const limit = pLimit(MOST_AT_ONCE);
  await inReverseDependencyOrder(resources, async (resource) => {
    if (isLeftAlone(resource) || resource.pendingReplacement || goesWith(resource, doomed)) return true;
    return limit(async () => {
      if (context.signal.aborted || (errors.length > 0 && context.phase === "apply")) return false;
      const error = await deleteOne(resource, context);
      if (error !== undefined) errors.push(error);
      else gone.add(resource);
      return error === undefined;
    });
  });
  sweep(resources, gone, context);
  return errors;
}

/** Components and provider resources exist in the state only; what is retained, or was only read, belongs to others. */
function isLeftAlone(resource: ResourceState): boolean {
  return isStateOnly(resource) || resource.retainOnDelete || resource.rest.external === true;
}

function isStateOnly(resource: ResourceState): boolean {
  return !resource.custom || providerPackage(resource.type) !== undefined;
}

function goesWith(resource: ResourceState, urns: ReadonlySet<string>): boolean {
  return resource.deletedWith !== undefined && urns.has(resource.deletedWith);
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
  let settled = (): void => {};
  try {
    settled = await context.ledger.begin({ type: "deleting", resource });
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
 * Forgets what needs no provider to go: what went with another, and of what is left alone whatever nothing recorded needs
 * any more. Only now, because if the other could not be deleted, they are all still there.
 */
function sweep(resources: readonly ResourceState[], gone: ReadonlySet<ResourceState>, context: DeletionContext): void {
  const goneUrns = new Set<string>();
  const went = new Set<ResourceState>();
  // In the order of dependencies: what goes with something may itself take others along.
  for (const resource of resources) {
    const along = !gone.has(resource) && !isLeftAlone(resource) && goesWith(resource, goneUrns);
    if (along || resource.pendingReplacement) went.add(resource);
    if (along || resource.pendingReplacement || gone.has(resource)) goneUrns.add(resource.urn);
  }
  const needed = new Set<string>();
  for (const resource of resources.filter((other) => !gone.has(other)).reverse()) {
    if (went.has(resource) || (isLeftAlone(resource) && !needed.has(resource.urn))) {
      forget(resource, context);
    } else {
      for (const urn of dependencyUrns(resource)) needed.add(urn);
    }
  }
}

function forget(resource: ResourceState, context: DeletionContext): void {
  context.ledger.turn(resource, context.remember?.(resource));
  context.emit({
    kind: "resource-end",
    phase: context.phase,
    resource: refOf(resource),
    operation: !isStateOnly(resource) ? "discard" : resource.delete ? "delete-original" : "delete",
    duration: 0,
    changes: {},
  });
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
