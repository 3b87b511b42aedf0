import type { PropertyChange } from "./property-diff.ts";
import type { Severity } from "./provider.ts";

/** What happens to one resource. Names are Pulumi's. */
export type Operation =
  | "same"
  | "create"
  | "update"
  | "replace"
  | "delete"
  /** What a replacement leaves to be deleted; part of the "replace" of the same resource. */
  | "delete-original"
  /** Removed from the state but left alone where it is (`retainOnDelete`, `deletedWith`, or gone already). */
  | "discard"
  | "refresh"
  | "read";

export interface ResourceRef {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent: string | undefined;
}

/** "plan" finds out what would be done and judges it; "apply" does it. */
export type Phase = "plan" | "apply";

/**
 * Everything an operation has to say, in order. The renderers in cli/ and `--json` are made of nothing else, so an event
 * never carries a secret.
 */
export type EngineEvent =
  | { readonly kind: "phase"; readonly phase: Phase }
  /** Work on a resource begins. Resources that turn out unchanged have no begin event, only an end. */
  | {
      readonly kind: "resource-begin";
      readonly phase: Phase;
      readonly resource: ResourceRef;
      readonly operation: Operation;
    }
  | { readonly kind: "resource-status"; readonly urn: string; readonly message: string }
  | {
      readonly kind: "resource-end";
      readonly phase: Phase;
      readonly resource: ResourceRef;
      readonly operation: Operation;
      /** Milliseconds; 0 in the plan. */
      readonly duration: number;
      /** What differs from the recorded inputs, by property path; empty for a create. */
      readonly changes: Readonly<Record<string, PropertyChange>>;
      /** Present when the operation failed. */
      readonly error?: string;
    }
  | { readonly kind: "message"; readonly severity: Severity; readonly text: string; readonly urn?: string }
  | { readonly kind: "policy-loaded"; readonly pack: string; readonly version: string; readonly policies: number }
  | {
      readonly kind: "policy-violation";
      readonly pack: string;
      readonly policy: string;
      readonly level: "advisory" | "mandatory";
      readonly resource: ResourceRef | undefined;
      readonly message: string;
      /** General advice of the rule; the message has the fix for this case. */
      readonly fix: string;
      /** A mandatory rule met something that is not known yet; it is asked again once it is. */
      readonly undecided: boolean;
    };

export type EventSink = (event: EngineEvent) => void;
