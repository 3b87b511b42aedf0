import type { PropertyMap, ResourceState, Snapshot } from "../../engine/index.ts";
import { isRootStack } from "../../engine/resource.ts";
import { plain } from "./changes.ts";

/** What `pulumi stack export` prints, as far as it is looked at. */
interface Exported {
  readonly resources?: readonly Partial<ResourceState>[];
}

/**
 * An exported state as a snapshot to look at. Secrets are masked; only the stack's own outputs, which the CLI tells
 * apart, are whole.
 */
export function snapshotOf(deployment: unknown, outputs: PropertyMap): Snapshot {
  const { resources = [] } = (deployment ?? {}) as Exported;
  return { resources: resources.map((resource) => stateOf(resource, outputs)), pendingOperations: [] };
}

function stateOf(recorded: Partial<ResourceState>, outputs: PropertyMap): ResourceState {
  const type = recorded.type ?? "";
  return {
    urn: recorded.urn ?? "",
    type,
    custom: recorded.custom === true,
    id: recorded.id ?? "",
    inputs: plain(recorded.inputs ?? {}) as PropertyMap,
    outputs: isRootStack(type) ? outputs : (plain(recorded.outputs ?? {}) as PropertyMap),
    parent: recorded.parent || undefined,
    provider: recorded.provider || undefined,
    dependencies: recorded.dependencies ?? [],
    propertyDependencies: recorded.propertyDependencies ?? {},
    protect: recorded.protect === true,
    retainOnDelete: recorded.retainOnDelete === true,
    deletedWith: recorded.deletedWith || undefined,
    additionalSecretOutputs: recorded.additionalSecretOutputs ?? [],
    ignoreChanges: recorded.ignoreChanges ?? [],
    replaceOnChanges: recorded.replaceOnChanges ?? [],
    customTimeouts: recorded.customTimeouts,
    initErrors: recorded.initErrors ?? [],
    delete: recorded.delete === true,
    pendingReplacement: recorded.pendingReplacement === true,
    aliases: recorded.aliases ?? [],
    created: recorded.created,
    modified: recorded.modified,
    rest: {},
  };
}
