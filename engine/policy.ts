import type { ResourceRef } from "./events.ts";
import type { Goal } from "./goal.ts";
import type { PropertyMap } from "./property.ts";
import type { ResourceState } from "./resource.ts";

/** Judges resources before anything is done to them. Violations are told of as events; mandatory ones are counted. */
export interface PolicyJudge {
  resource(ref: ResourceRef, goal: Goal, inputs: PropertyMap, provider: ResourceState | undefined): Promise<void>;
  stack(resources: readonly ResourceState[]): Promise<void>;
  readonly mandatoryViolations: number;
}
