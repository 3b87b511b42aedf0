import type { DeletedFirst } from "./deleted-first.ts";
import { UnsupportedError, UserError } from "./errors.ts";
import type { Phase, ResourceRef } from "./events.ts";
import type { Goal } from "./goal.ts";
import { describeGoal } from "./goal-state.ts";
import type { Judge } from "./judge.ts";
import type { Ledger } from "./ledger.ts";
import { type Changes, NO_CHANGES, type Performer, withSecrets } from "./performer.ts";
import type { PropertyMap } from "./property.ts";
import { diffProperties } from "./property-diff.ts";
import { resetPaths } from "./property-path.ts";
import type { CheckFailure, DiffResult, Provider } from "./provider.ts";
import type { ProviderResources } from "./provider-resources.ts";
import type { ResourceState } from "./resource.ts";
import { decideStep } from "./steps.ts";

export interface CustomResourcesOptions {
  readonly phase: Phase;
  readonly ledger: Ledger;
  readonly performer: Performer;
  readonly providers: ProviderResources;
  readonly deletedFirst: DeletedFirst;
  readonly judge: Judge | undefined;
  readonly signal: AbortSignal;
  /** Throws when nothing new may be begun. */
  readonly refuseWhenStopping: () => void;
}

/** What the program learns about a resource that it registered. */
export interface Registered {
  readonly urn: string;
  /** Empty for components, and for what the plan would create. */
  readonly id: string;
  readonly outputs: PropertyMap;
}

/** A custom resource on its way. */
interface Subject {
  readonly ref: ResourceRef;
  readonly goal: Goal;
  readonly provider: Provider;
  /** `urn::id` of the provider. */
  readonly reference: string;
}

/** Works out what a registered resource needs of its provider, and has it done. */
export class CustomResources {
  readonly #options: CustomResourcesOptions;

  constructor(options: CustomResourcesOptions) {
    this.#options = options;
  }

  async register(ref: ResourceRef, goal: Goal, old: ResourceState | undefined): Promise<Registered> {
    const reference = await this.#options.providers.reference(goal);
    if (this.#options.providers.failed(reference)) return { urn: ref.urn, id: "", outputs: goal.inputs };
    if (old?.rest.external === true) {
      throw new UnsupportedError(`${ref.urn} was only read by an earlier run and is to be managed now`);
    }
    const provider = await this.#options.providers.provider(reference);
    const subject: Subject = { ref, goal, provider, reference };
    const news = old === undefined ? goal.inputs : resetPaths(goal.inputs, old.inputs, goal.ignoreChanges);
    const inputs = await this.#check(subject, old?.inputs, news);
    await this.#options.judge?.resource(
      this.#options.phase,
      ref,
      goal,
      inputs,
      this.#options.providers.state(reference),
    );

    if (old === undefined) return this.#create(subject, inputs);
    const goesFirst = this.#options.deletedFirst.gone(old);
    if (goesFirst !== undefined) {
      // Something that it depends on is being replaced, and it had to go before that.
      await goesFirst;
      return this.#create(subject, await this.#check(subject, undefined, goal.inputs), old);
    }
    const providerReplaced = await this.#options.providers.replaced(old, reference);
    const diff = providerReplaced ? MOVED : await this.#diff(subject, old, inputs);
    const step = decideStep({
      diff,
      replaceOnChanges: goal.replaceOnChanges,
      deleteBeforeReplace: goal.deleteBeforeReplace,
      unfinished: old.initErrors.length > 0 || this.#options.ledger.interrupted(old.urn),
      pendingReplacement: old.pendingReplacement,
      providerReplaced,
    });
    const changes = diffProperties(old.inputs, inputs);
    switch (step) {
      case "same":
        return this.#same(subject, old, inputs);
      case "update":
        return this.#update(subject, old, inputs, diff, changes);
      case "replace":
      case "delete-replace":
        return this.#replace(subject, old, step === "delete-replace", changes);
    }
  }

  async #check(
    { ref, goal, provider }: Subject,
    olds: PropertyMap | undefined,
    news: PropertyMap,
  ): Promise<PropertyMap> {
    const { inputs, failures } = await provider.check({ ...target(ref), olds, news });
    if (failures.length > 0) throw new UserError(describeFailures(goal, failures));
    return inputs;
  }

  async #diff({ ref, goal, provider }: Subject, old: ResourceState, news: PropertyMap): Promise<DiffResult> {
    const diff = await provider.diff({
      ...target(ref),
      id: old.id,
      oldInputs: old.inputs,
      oldOutputs: old.outputs,
      news,
      ignoreChanges: goal.ignoreChanges,
    });
    const changed = diff.changed.length > 0 ? diff.changed : [...diffProperties(old.inputs, news).keys()];
    return {
      ...diff,
      changed,
      changes: diff.changes !== "unknown" ? diff.changes : changed.length > 0 ? "some" : "none",
    };
  }

  #same({ ref, goal, reference }: Subject, old: ResourceState, inputs: PropertyMap): Registered {
    const outputs = withSecrets(old.outputs, goal.additionalSecretOutputs);
    this.#options.ledger.keep(
      { ...describeGoal(ref, goal, old), id: old.id, inputs, outputs, provider: reference },
      old,
    );
    this.#options.performer.end(ref, "same", undefined, NO_CHANGES);
    return { urn: ref.urn, id: old.id, outputs };
  }

  async #create(
    subject: Subject,
    inputs: PropertyMap,
    replaces?: ResourceState,
    changes = NO_CHANGES,
  ): Promise<Registered> {
    this.#options.refuseWhenStopping();
    const { ref, goal, provider, reference } = subject;
    const deletedFirst =
      replaces !== undefined && (replaces.pendingReplacement || this.#options.deletedFirst.has(replaces));
    const { id, outputs } = await this.#options.performer.perform({
      ref,
      operation: replaces === undefined ? "create" : "replace",
      changes,
      pending: "creating",
      planned: { ...describeGoal(ref, goal, undefined), inputs, provider: reference },
      takesPlaceOf: deletedFirst ? replaces : undefined,
      condemns: deletedFirst ? undefined : replaces,
      call: () => provider.create({ ...this.#change(subject, inputs), timeout: goal.customTimeouts?.create }),
    });
    return { urn: ref.urn, id, outputs };
  }

  async #update(
    subject: Subject,
    old: ResourceState,
    inputs: PropertyMap,
    diff: DiffResult,
    changes: Changes,
  ): Promise<Registered> {
    this.#options.refuseWhenStopping();
    const { ref, goal, provider, reference } = subject;
    const { id, outputs } = await this.#options.performer.perform({
      ref,
      operation: "update",
      changes,
      pending: "updating",
      planned: { ...describeGoal(ref, goal, old), id: old.id, inputs, outputs: old.outputs, provider: reference },
      takesPlaceOf: old,
      condemns: undefined,
      call: async () => {
        const updated = await provider.update({
          ...this.#change(subject, inputs),
          id: old.id,
          oldInputs: old.inputs,
          oldOutputs: old.outputs,
          ignoreChanges: goal.ignoreChanges,
          timeout: goal.customTimeouts?.update,
        });
        const stable = this.#options.phase === "plan" ? pick(old.outputs, diff.stables) : {};
        return { id: old.id, outputs: { ...stable, ...updated.outputs } };
      },
    });
    return { urn: ref.urn, id, outputs };
  }

  async #replace(subject: Subject, old: ResourceState, deleteFirst: boolean, changes: Changes): Promise<Registered> {
    const { goal } = subject;
    if (old.protect && goal.protect) {
      throw new UserError(`${goal.name} is protected and would be replaced. Set protect to false for it first`);
    }
    // Names that were chosen for the old one must not be carried over.
    const inputs = await this.#check(subject, undefined, goal.inputs);
    this.#options.refuseWhenStopping();
    if (deleteFirst && !old.pendingReplacement) await this.#options.deletedFirst.delete(old);
    return this.#create(subject, inputs, old, changes);
  }

  #change({ ref }: Subject, inputs: PropertyMap) {
    return { ...target(ref), inputs, preview: this.#options.phase === "plan", signal: this.#options.signal };
  }
}

/** What comes of a provider that now manages another place: what is there can't be compared with what is here. */
const MOVED: DiffResult = {
  changes: "some",
  replaces: ["provider"],
  deleteBeforeReplace: false,
  stables: [],
  changed: [],
};

function target({ urn, type, name }: ResourceRef): { urn: string; type: string; name: string } {
  return { urn, type, name };
}

function describeFailures(goal: Goal, failures: readonly CheckFailure[]): string {
  const list = failures.map(({ property, reason }) => (property === "" ? reason : `${property}: ${reason}`));
  return `${goal.name} (${goal.type}) is not valid\n${list.join("\n")}`;
}

function pick(map: PropertyMap, keys: readonly string[]): PropertyMap {
  return Object.fromEntries(keys.flatMap((key) => (map[key] === undefined ? [] : [[key, map[key]]])));
}
