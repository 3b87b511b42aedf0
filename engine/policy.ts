import type { PropertyMap } from "./property.ts";
import type { CustomTimeouts } from "./resource.ts";

/* What policy packs are told, and what they say: Pulumi's Analyzer protocol in plain TypeScript. */

export type PolicyLevel = "advisory" | "mandatory" | "disabled";
export type PolicySeverity = "low" | "medium" | "high" | "critical";

export interface PolicyInfo {
  readonly name: string;
  readonly description: string;
  readonly enforcementLevel: PolicyLevel;
  /** `undefined` when the rule does not say; so in violations. */
  readonly severity: PolicySeverity | undefined;
  /** What to do about a violation, in general; empty when the rule does not say. */
  readonly remediation: string;
}

export interface Violation {
  readonly rule: string;
  readonly enforcementLevel: "advisory" | "mandatory";
  readonly severity: PolicySeverity | undefined;
  /** What is wrong, without the rule's description. */
  readonly message: string;
  readonly description: string;
  readonly remediation: string;
  /** The resource; empty when it is the stack as a whole. */
  readonly urn: string;
  /**
   * The rule met a value that is not known yet and could not judge all. It is then advisory, whatever the rule's own
   * level, and has to be run again once the value is known.
   */
  readonly undecided: boolean;
}

export interface PolicyReport {
  readonly violations: readonly Violation[];
  /** Rules that had nothing to say about this, and why. */
  readonly notApplicable: readonly { readonly rule: string; readonly reason: string }[];
}

export interface AnalyzedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Checked inputs for `analyze`, outputs for `analyzeStack`. */
  readonly properties: PropertyMap;
  readonly parent: string | undefined;
  readonly protect: boolean;
  readonly ignoreChanges: readonly string[];
  readonly deleteBeforeReplace: boolean | undefined;
  readonly additionalSecretOutputs: readonly string[];
  /** URNs. */
  readonly aliases: readonly string[];
  readonly customTimeouts: CustomTimeouts | undefined;
  readonly provider: AnalyzedProvider | undefined;
}

export interface AnalyzedProvider {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly properties: PropertyMap;
}

export interface AnalyzedStackResource extends AnalyzedResource {
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
}

/** A running policy pack. Every call throws a `UserError` that names the pack when it gets no verdict. */
export interface PolicyPack {
  readonly name: string;
  readonly version: string;
  readonly policies: readonly PolicyInfo[];
  /** Judges one resource by its inputs, before anything is done to it. */
  analyze(resource: AnalyzedResource): Promise<PolicyReport>;
  /** Judges all resources together by their outputs. */
  analyzeStack(resources: readonly AnalyzedStackResource[]): Promise<PolicyReport>;
  /** Ends the pack's process; resolves when it is gone. */
  close(): Promise<void>;
}
