import { dependentsOf } from "./dependencies.ts";
import { type PropertyMap, UNKNOWN } from "./property.ts";
import type { Provider } from "./provider.ts";
import { parseProviderReference } from "./registry.ts";
import { parseUrn, providerPackage, type ResourceState } from "./resource.ts";

/**
 * What can't stay when `root` is deleted ahead of its replacement: of everything that depends on it, the resources that
 * would have to be replaced themselves once the properties which they take from it change. A mere `dependsOn` does not
 * count.
 *
 * @param recorded - what is recorded and not registered yet, in dependency order.
 */
export async function dependentReplacements(
  root: ResourceState,
  recorded: readonly ResourceState[],
  provider: (reference: string) => Promise<Provider>,
): Promise<ResourceState[]> {
  const replaced = new Set([root.urn]);
  const found: ResourceState[] = [];
  for (const resource of dependentsOf(root, recorded)) {
    if (!(await mustBeReplaced(resource, replaced, provider))) continue;
    replaced.add(resource.urn);
    found.push(resource);
  }
  return found;
}

async function mustBeReplaced(
  resource: ResourceState,
  replaced: ReadonlySet<string>,
  provider: (reference: string) => Promise<Provider>,
): Promise<boolean> {
  if (!resource.custom || resource.provider === undefined || providerPackage(resource.type) !== undefined) return false;
  if (replaced.has(parseProviderReference(resource.provider).urn)) return true;
  if (resource.deletedWith !== undefined && replaced.has(resource.deletedWith)) return true;

  const affected = Object.entries(resource.propertyDependencies).filter(([, urns]) =>
    urns.some((urn) => replaced.has(urn)),
  );
  if (affected.length === 0) return false;
  const news: PropertyMap = { ...resource.inputs, ...Object.fromEntries(affected.map(([key]) => [key, UNKNOWN])) };
  const diff = await (await provider(resource.provider)).diff({
    urn: resource.urn,
    type: resource.type,
    name: parseUrn(resource.urn).name,
    id: resource.id,
    oldInputs: resource.inputs,
    oldOutputs: resource.outputs,
    news,
    ignoreChanges: resource.ignoreChanges,
  });
  return diff.changes === "some" && diff.replaces.length > 0;
}
