import type { Alias } from "./goal.ts";
import { makeUrn, parseUrn } from "./resource.ts";

export interface AliasContext {
  readonly stack: string;
  readonly project: string;
  /** The URN that a resource of this run was recorded under, where that is another one than now. */
  readonly recordedAs: (urn: string) => string | undefined;
}

/**
 * Every other URN that a resource may be recorded under, in the order in which they are tried: its own aliases first,
 * then those that follow from its parent having been renamed or moved.
 */
export function aliasUrns(
  resource: { readonly name: string; readonly type: string; readonly parent: string | undefined },
  aliases: readonly Alias[],
  context: AliasContext,
): string[] {
  const own = aliases.map((alias) => {
    if ("urn" in alias) return alias.urn;
    const parent = alias.parent === null ? undefined : (alias.parent ?? resource.parent);
    return makeUrn(
      alias.stack ?? context.stack,
      alias.project ?? context.project,
      parent === undefined ? undefined : (context.recordedAs(parent) ?? parent),
      alias.type ?? resource.type,
      alias.name ?? resource.name,
    );
  });
  const oldParent = resource.parent === undefined ? undefined : context.recordedAs(resource.parent);
  if (resource.parent === undefined || oldParent === undefined) return [...new Set(own)];
  const parentName = parseUrn(resource.parent).name;
  const inherited = [{ type: resource.type, name: resource.name }, ...own.map(parseUrn)].map(({ type, name }) =>
    makeUrn(context.stack, context.project, oldParent, type, renamedChild(name, parentName, parseUrn(oldParent).name)),
  );
  return [...new Set([...own, ...inherited])];
}

/** Children are named after their parent (`orders-service`), so a renamed parent renames them. */
function renamedChild(name: string, parentName: string, oldParentName: string): string {
  return name.startsWith(parentName) ? oldParentName + name.slice(parentName.length) : name;
}
