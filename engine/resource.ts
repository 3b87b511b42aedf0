import type { PropertyMap } from "./property.ts";

/**
 * One resource as recorded in a checkpoint (Pulumi's `ResourceV3`), with decrypted, decoded properties. Field names are
 * those of the checkpoint. Absent and empty mean the same, so lists and maps are always there and never `undefined`.
 */
export interface ResourceState {
  readonly urn: string;
  readonly type: string;
  /** Managed by a provider; false for components. */
  readonly custom: boolean;
  /** The provider's id; empty for components. */
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
  readonly parent: string | undefined;
  /** `urn::id` of the provider resource; `undefined` for components and providers. */
  readonly provider: string | undefined;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deletedWith: string | undefined;
  readonly additionalSecretOutputs: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly customTimeouts: CustomTimeouts | undefined;
  readonly initErrors: readonly string[];
  /** Superseded by a replacement; still to be deleted. */
  readonly delete: boolean;
  /** Deleted before its replacement, which was not created yet. */
  readonly pendingReplacement: boolean;
  readonly aliases: readonly string[];
  readonly created: string | undefined;
  readonly modified: string | undefined;
  /** Fields of the checkpoint that this engine does not use, kept as they were (`sourcePosition`, `stackTrace`, …). */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** Seconds. */
export interface CustomTimeouts {
  readonly create?: number;
  readonly update?: number;
  readonly delete?: number;
  readonly read?: number;
}

/** An operation that had begun when the checkpoint was written; left over only if the engine died in between. */
export interface PendingOperation {
  readonly type: "creating" | "updating" | "deleting" | "reading" | "importing";
  readonly resource: ResourceState;
}

/** A stack's recorded state. Resources stand in dependency order: parents, providers and dependencies come first. */
export interface Snapshot {
  readonly resources: readonly ResourceState[];
  readonly pendingOperations: readonly PendingOperation[];
}

export const EMPTY_SNAPSHOT: Snapshot = { resources: [], pendingOperations: [] };

const STACK_TYPE = "pulumi:pulumi:Stack";

export interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** Types of the parents, outermost first; without the root stack. */
  readonly parentTypes: readonly string[];
  readonly type: string;
  readonly name: string;
}

/** `urn:pulumi:<stack>::<project>::<parent type>$…$<type>::<name>`; a child of the stack has no parent type. */
export function makeUrn(
  stack: string,
  project: string,
  parentUrn: string | undefined,
  type: string,
  name: string,
): string {
  const parent = parentUrn === undefined ? undefined : parseUrn(parentUrn);
  const chain =
    parent === undefined || parent.type === STACK_TYPE ? [type] : [...parent.parentTypes, parent.type, type];
  return `urn:pulumi:${stack}::${project}::${chain.join("$")}::${name}`;
}

export function parseUrn(urn: string): UrnParts {
  // A name may contain "::", so only the first three separators count.
  const match = /^urn:pulumi:(.*?)::(.*?)::(.*?)::(.*)$/s.exec(urn);
  const [, stack, project, chain, name] = match ?? [];
  if (stack === undefined || project === undefined || chain === undefined || name === undefined) {
    throw new Error(`not a URN: ${JSON.stringify(urn)}`);
  }
  const types = chain.split("$");
  return { stack, project, parentTypes: types.slice(0, -1), type: types.at(-1) ?? "", name };
}

export function isRootStack(type: string): boolean {
  return type === STACK_TYPE;
}

/** The package of a provider resource's type (`pulumi:providers:kubernetes` → `kubernetes`), else `undefined`. */
export function providerPackage(type: string): string | undefined {
  return type.startsWith("pulumi:providers:") ? type.slice("pulumi:providers:".length) : undefined;
}
