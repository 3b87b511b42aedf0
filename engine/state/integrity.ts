import { providerPackage, type ResourceState, type Snapshot } from "../resource.ts";

/**
 * What makes a snapshot unusable, one sentence each: the rules by which the CLI refuses to load a checkpoint.
 * Resources must come after their parents, providers and dependencies, and URNs must be unique among the living.
 */
export function integrityProblems(snapshot: Snapshot): string[] {
  const problems: string[] = [];
  const positions = new Map<string, number>();
  snapshot.resources.forEach((resource, index) => {
    positions.set(resource.urn, index);
  });
  const seen = new Set<string>();
  const providers = new Set<string>();
  const living = new Map<string, number>();
  for (const resource of snapshot.resources) {
    if (!resource.custom && resource.id !== "")
      problems.push(`${resource.urn} is a component, but has the id ${resource.id}`);
    if (providerPackage(resource.type) !== undefined) providers.add(`${resource.urn}::${resource.id}`);
    const { provider } = resource;
    if (provider !== undefined && !providers.has(provider) && !resource.pendingReplacement) {
      problems.push(`${resource.urn} refers to the provider ${provider}, which is not before it`);
    }
    for (const [role, urn] of references(resource)) {
      if (seen.has(urn)) continue;
      problems.push(
        `${resource.urn} refers to its ${role} ${urn}, which ${positions.has(urn) ? "comes after it" : "is missing"}`,
      );
    }
    seen.add(resource.urn);
    if (!resource.delete) living.set(resource.urn, (living.get(resource.urn) ?? 0) + 1);
  }
  for (const [urn, count] of living) if (count > 1) problems.push(`${urn} is recorded ${count} times`);
  return problems;
}

function* references(resource: ResourceState): Generator<[role: string, urn: string]> {
  if (resource.parent !== undefined) yield ["parent", resource.parent];
  for (const urn of resource.dependencies) yield ["dependency", urn];
  for (const [property, urns] of Object.entries(resource.propertyDependencies)) {
    for (const urn of urns) yield [`dependency (through ${property})`, urn];
  }
  if (resource.deletedWith !== undefined) yield ["deletedWith resource", resource.deletedWith];
}
