import type { ResourceRef } from "./events.ts";
import type { Goal } from "./goal.ts";
import type { ResourceState } from "./resource.ts";

/** What a goal says of the recorded state, apart from properties. */
export function describeGoal(ref: ResourceRef, goal: Goal, old: ResourceState | undefined): ResourceState {
  return {
    urn: ref.urn,
    type: goal.type,
    custom: goal.custom,
    id: "",
    inputs: {},
    outputs: {},
    parent: goal.parent,
    provider: undefined,
    dependencies: goal.dependencies,
    propertyDependencies: goal.propertyDependencies,
    protect: goal.protect,
    retainOnDelete: goal.retainOnDelete,
    deletedWith: goal.deletedWith,
    additionalSecretOutputs: goal.additionalSecretOutputs,
    ignoreChanges: goal.ignoreChanges,
    replaceOnChanges: goal.replaceOnChanges,
    customTimeouts: goal.customTimeouts,
    initErrors: [],
    delete: false,
    pendingReplacement: false,
    aliases: [],
    created: old?.created,
    modified: old?.modified,
    rest: old?.rest ?? {},
  };
}
