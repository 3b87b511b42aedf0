import { type JsonMap, numberAt } from "../json.ts";

/** How far an object is from ready. */
export type Status =
  | { readonly kind: "ready"; readonly note: string | undefined }
  | { readonly kind: "waiting"; readonly message: string }
  /** It will never be ready, whatever time passes. */
  | { readonly kind: "failed"; readonly message: string };

export const READY: Status = { kind: "ready", note: undefined };

/** Ready, with something the user may not expect. */
export function readyWith(note: string): Status {
  return { kind: "ready", note };
}

export function waiting(message: string): Status {
  return { kind: "waiting", message };
}

export function failed(message: string): Status {
  return { kind: "failed", message };
}

/**
 * While a controller has not seen the object's latest change, its status tells of the state before. `undefined` once it
 * has.
 */
export function unobserved(object: JsonMap): Status | undefined {
  const generation = numberAt(object, "metadata", "generation") ?? 0;
  const observed = numberAt(object, "status", "observedGeneration") ?? -1;
  return observed < generation ? waiting("waiting for its controller to act") : undefined;
}
