/**
 * KWOK's `Stage`: when an object matches the selector, wait, then do the steps. Of several stages that match the same
 * object KWOK picks one at random, so the selectors of one kind exclude each other.
 */
export interface Stage {
  readonly apiVersion: "kwok.x-k8s.io/v1alpha1";
  readonly kind: "Stage";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly resourceRef: { readonly apiGroup: string; readonly kind: string };
    readonly selector: Selector;
    readonly delay?: Delay;
    readonly steps: readonly Step[];
  };
}

export interface Selector {
  readonly matchAnnotations?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly jq: Requirement }[];
}

/** `key` is a jq path. */
export interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

export interface Delay {
  readonly durationMilliseconds: number;
  readonly jitterDurationMilliseconds?: number;
  /** A jq path of a Go duration ("30s") that replaces the number. */
  readonly durationFrom?: { readonly jq: { readonly expression: string } };
}

export type Step =
  | { readonly patch: { readonly subresource: "status"; readonly root: "status"; readonly template: string } }
  /** Creates or updates another object, server-side. */
  | { readonly apply: { readonly template: string } }
  | { readonly event: { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string } }
  | { readonly delete: true };

export function stage(name: string, kind: string, selector: Selector, steps: readonly Step[], delay?: Delay): Stage {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: { resourceRef: { apiGroup: "v1", kind }, selector, ...(delay && { delay }), steps },
  };
}

/** Sets fields of the object's status; the template is YAML made by Go's text/template from the object. */
export function status(template: string): Step {
  return { patch: { subresource: "status", root: "status", template } };
}

/** The requirements of a selector, read left to right. */
export function where(...requirements: Requirement[]): { readonly jq: Requirement }[] {
  return requirements.map((jq) => ({ jq }));
}

export function isIn(key: string, ...values: string[]): Requirement {
  return { key, operator: "In", values };
}

export function isNotIn(key: string, ...values: string[]): Requirement {
  return { key, operator: "NotIn", values };
}

export function exists(key: string): Requirement {
  return { key, operator: "Exists" };
}

export function isAbsent(key: string): Requirement {
  return { key, operator: "DoesNotExist" };
}
