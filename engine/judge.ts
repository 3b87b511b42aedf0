import { aliasUrns } from "./aliases.ts";
import { UserError } from "./errors.ts";
import type { EventSink, Phase, ResourceRef } from "./events.ts";
import type { Goal } from "./goal.ts";
import type { PolicyPack, PolicyReport, Violation } from "./policy.ts";
import { equal, type PropertyMap } from "./property.ts";
import { providerReference } from "./registry.ts";
import { parseUrn, type ResourceState } from "./resource.ts";

/**
 * Holds resources against the policy packs of an operation. In the plan every violation is told of and counted. In the
 * apply phase only what was not fully known in the plan is judged again, and a mandatory violation stops its resource.
 * The stack as a whole is judged in the plan, and once more by what has really come of it: that is after the writes.
 */
export class Judge {
  readonly #packs: Promise<readonly PolicyPack[]>;
  readonly #emit: EventSink;
  /** Inputs that were judged without anything left open, by URN. */
  readonly #decided = new Map<string, PropertyMap>();
  readonly #goals = new Map<string, Goal>();
  /** Violations that the plan has told of. */
  readonly #told = new Set<string>();
  mandatoryViolations = 0;

  constructor(packs: Promise<readonly PolicyPack[]>, emit: EventSink) {
    this.#packs = packs;
    this.#emit = emit;
  }

  /** Throws a `UserError` in the apply phase when the resource must not be. */
  async resource(
    phase: Phase,
    ref: ResourceRef,
    goal: Goal,
    inputs: PropertyMap,
    provider: ResourceState | undefined,
  ): Promise<void> {
    this.#goals.set(ref.urn, goal);
    const decided = this.#decided.get(ref.urn);
    if (phase === "apply" && decided !== undefined && equal(decided, inputs)) return;
    const subject = {
      urn: ref.urn,
      type: ref.type,
      name: ref.name,
      properties: inputs,
      parent: ref.parent,
      protect: goal.protect,
      ignoreChanges: goal.ignoreChanges,
      deleteBeforeReplace: goal.deleteBeforeReplace,
      additionalSecretOutputs: goal.additionalSecretOutputs,
      aliases: aliasesOf(ref.urn, goal),
      customTimeouts: goal.customTimeouts,
      provider: provider === undefined ? undefined : identify(provider, provider.inputs),
    };
    let open = false;
    for (const pack of await this.#packs) {
      const report = await pack.analyze(subject);
      open ||= report.violations.some((violation) => violation.undecided);
      const mandatory = this.#tell(phase, pack, report, () => ref);
      if (phase === "apply" && mandatory.length > 0) {
        throw new UserError(`${ref.name} violates ${mandatory.map(({ rule }) => rule).join(", ")}`);
      }
    }
    if (!open) this.#decided.set(ref.urn, inputs);
  }

  /** All resources together, as they would be or are. Even what the plan knew all of may have other outputs than it said. */
  async stack(phase: Phase, resources: readonly ResourceState[]): Promise<void> {
    const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
    const byReference = new Map(resources.map((resource) => [providerReference(resource.urn, resource.id), resource]));
    const subjects = resources.map((resource) => {
      const provider = resource.provider === undefined ? undefined : byReference.get(resource.provider);
      const goal = this.#goals.get(resource.urn);
      return {
        ...identify(resource, resource.outputs),
        parent: resource.parent,
        protect: resource.protect,
        ignoreChanges: resource.ignoreChanges,
        deleteBeforeReplace: goal?.deleteBeforeReplace,
        additionalSecretOutputs: resource.additionalSecretOutputs,
        aliases: goal === undefined ? resource.aliases : aliasesOf(resource.urn, goal),
        customTimeouts: resource.customTimeouts,
        dependencies: resource.dependencies,
        propertyDependencies: resource.propertyDependencies,
        provider: provider === undefined ? undefined : identify(provider, provider.inputs),
      };
    });
    for (const pack of await this.#packs) {
      const report = await pack.analyzeStack(subjects);
      this.#tell(phase, pack, report, (urn) => {
        const resource = byUrn.get(urn);
        return resource && { ...identify(resource, {}), parent: resource.parent };
      });
    }
  }

  #tell(
    phase: Phase,
    pack: PolicyPack,
    report: PolicyReport,
    refOf: (urn: string) => ResourceRef | undefined,
  ): readonly Violation[] {
    for (const violation of report.violations) {
      const key = JSON.stringify([pack.name, violation]);
      if (phase === "plan") this.#told.add(key);
      else if (this.#told.has(key)) continue;
      const resource = refOf(violation.urn);
      this.#emit({
        kind: "policy-violation",
        pack: pack.name,
        policy: violation.rule,
        level: violation.enforcementLevel,
        resource: resource && { urn: resource.urn, type: resource.type, name: resource.name, parent: resource.parent },
        message: violation.message,
        fix: violation.remediation,
        undecided: violation.undecided,
      });
    }
    const mandatory = report.violations.filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
    this.mandatoryViolations += mandatory.length;
    return mandatory;
  }
}

function identify(resource: ResourceState, properties: PropertyMap) {
  return { urn: resource.urn, type: resource.type, name: parseUrn(resource.urn).name, properties };
}

/** Apart from those that follow from a parent's. */
function aliasesOf(urn: string, goal: Goal): string[] {
  return aliasUrns(goal, goal.aliases, { ...parseUrn(urn), recordedAs: () => undefined });
}
