import type {
  EngineEvent,
  Inspected,
  Inspection,
  OperationOptions,
  Outcome,
  ResourceState,
} from "../../engine/index.ts";
import { resourceState } from "../../engine/testing/resource-state.ts";
import type { Driver } from "../driver.ts";
import { outcome } from "./events.ts";

type Play = (options: OperationOptions) => Promise<Outcome>;

export interface FakeEngine extends Driver {
  /** What it was asked to do, in order. */
  readonly calls: { readonly operation: string; readonly options: Record<string, unknown> }[];
}

/** An engine that does what the test says, and nothing where the test says nothing. */
export function fakeEngine(
  plays: Partial<Record<"up" | "preview" | "destroy" | "refresh", Play>> = {},
  inspection: Inspection = { snapshot: undefined, resources: [] },
): FakeEngine {
  const calls: FakeEngine["calls"] = [];
  const act = (operation: keyof typeof plays) => async (options: OperationOptions) => {
    calls.push({ operation, options: { ...options } });
    return (await plays[operation]?.(options)) ?? outcome({ changes: { same: 3 } });
  };
  return {
    calls,
    up: act("up"),
    preview: act("preview"),
    destroy: act("destroy"),
    refresh: act("refresh"),
    inspect: async (options) => {
      calls.push({ operation: "inspect", options: { ...options } });
      return inspection;
    },
  };
}

/** Tells events, and how it ended. */
export function tells(events: readonly EngineEvent[], how: Partial<Outcome> = {}): Play {
  return async ({ emit }) => {
    for (const event of events) emit(event);
    return outcome(how);
  };
}

/** What an engine finds on record, and what became of some of it. */
export function inspectionOf(
  resources: readonly (Partial<ResourceState> & Pick<ResourceState, "urn" | "type">)[],
  inspected: readonly Inspected[] = [],
): Inspection {
  return { snapshot: { resources: resources.map(resourceState), pendingOperations: [] }, resources: inspected };
}
