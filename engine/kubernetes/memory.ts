import { uidOf } from "./checkpoint.ts";
import type { JsonMap } from "./json.ts";
import type { ObjectRef } from "./kinds.ts";

/**
 * What this run has learned about objects that single requests can't know of each other: which objects the state has
 * recorded for a resource, and, in a preview, which objects the run is going to change.
 */
export class RunMemory {
  readonly #recorded = new Map<string, string>();
  readonly #changing = new Map<string, ObjectRef>();

  /** The state holds this very object for the resource. */
  recorded(urn: string, object: JsonMap): void {
    const uid = uidOf(object);
    if (uid !== undefined) this.#recorded.set(urn, uid);
  }

  /** Whether this is the object that the state holds for the resource: then a creation under its name is a replacement. */
  isRecorded(urn: string, object: JsonMap): boolean {
    return uidOf(object) !== undefined && this.#recorded.get(urn) === uidOf(object);
  }

  changing(ref: ObjectRef): void {
    this.#changing.set(keyOf(ref), ref);
  }

  /** Objects of a kind that the run changes. */
  changingOf(kind: string): readonly ObjectRef[] {
    return [...this.#changing.values()].filter((ref) => ref.kind === kind);
  }
}

function keyOf(ref: ObjectRef): string {
  // The version does not matter: one object is served in several.
  return [ref.kind, ref.namespace ?? "", ref.name].join("/");
}
