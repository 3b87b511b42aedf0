import { parseProviderReference } from "./registry.ts";
import type { ResourceState } from "./resource.ts";

/** How many resources providers are asked about at once, when all of a state has to be gone through. */
export const MOST_AT_ONCE = 64;

/** Every URN that must exist for the resource to exist. */
export function dependencyUrns(resource: ResourceState): Set<string> {
  const urns = new Set(resource.dependencies);
  for (const list of Object.values(resource.propertyDependencies)) for (const urn of list) urns.add(urn);
  if (resource.parent !== undefined) urns.add(resource.parent);
  if (resource.provider !== undefined) urns.add(parseProviderReference(resource.provider).urn);
  if (resource.deletedWith !== undefined) urns.add(resource.deletedWith);
  return urns;
}

/** Everything in `all` (dependency order) that depends on `root`, directly or not, in dependency order. */
export function dependentsOf(root: ResourceState, all: readonly ResourceState[]): ResourceState[] {
  const reached = new Set([root.urn]);
  const found: ResourceState[] = [];
  for (const resource of all) {
    if (resource === root || ![...dependencyUrns(resource)].some((urn) => reached.has(urn))) continue;
    reached.add(resource.urn);
    found.push(resource);
  }
  return found;
}

/**
 * Runs `work` for every resource as soon as it is done for everything that depends on it; as many at once as the graph
 * allows. Where work fails for a resource, it is not started for what that resource depends on.
 *
 * @returns the resources for which work was not started or failed.
 */
export async function inReverseDependencyOrder(
  resources: readonly ResourceState[],
  work: (resource: ResourceState) => Promise<boolean>,
): Promise<ResourceState[]> {
  const byUrn = new Map<string, ResourceState[]>();
  for (const resource of resources) byUrn.set(resource.urn, [...(byUrn.get(resource.urn) ?? []), resource]);

  const dependents = new Map<ResourceState, ResourceState[]>(resources.map((resource) => [resource, []]));
  for (const resource of resources) {
    for (const urn of dependencyUrns(resource)) {
      for (const dependency of byUrn.get(urn) ?? []) {
        if (dependency !== resource) dependents.get(dependency)?.push(resource);
      }
    }
  }

  const results = new Map<ResourceState, Promise<boolean>>();
  const visiting = new Set<ResourceState>();
  const run = (resource: ResourceState): Promise<boolean> => {
    const known = results.get(resource);
    if (known !== undefined) return known;
    if (visiting.has(resource)) throw new Error(`the state is damaged: ${resource.urn} depends on itself`);
    visiting.add(resource);
    const waited = Promise.all((dependents.get(resource) ?? []).map(run));
    visiting.delete(resource);
    const result = waited.then((done) => (done.every(Boolean) ? work(resource) : false));
    results.set(resource, result);
    return result;
  };
  const done = await Promise.all(resources.map(run));
  return resources.filter((_, i) => !done[i]);
}
