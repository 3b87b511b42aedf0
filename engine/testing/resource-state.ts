import type { ResourceState } from "../resource.ts";

/** A custom resource as it is recorded, with no inputs, no outputs and no options but those that are named. */
export function resourceState(facts: Partial<ResourceState> & Pick<ResourceState, "urn" | "type">): ResourceState {
  return {
    custom: true,
    id: "",
    inputs: {},
    outputs: {},
    parent: undefined,
    provider: undefined,
    dependencies: [],
    propertyDependencies: {},
    protect: false,
    retainOnDelete: false,
    deletedWith: undefined,
    additionalSecretOutputs: [],
    ignoreChanges: [],
    replaceOnChanges: [],
    customTimeouts: undefined,
    initErrors: [],
    delete: false,
    pendingReplacement: false,
    aliases: [],
    created: undefined,
    modified: undefined,
    rest: {},
    ...facts,
  };
}
