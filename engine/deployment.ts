import { aliasUrns } from "./aliases.ts";
import { type DeletionContext, deleteResources } from "./deletion.ts";
import { UserError } from "./errors.ts";
import type { EventSink, Phase, ResourceRef } from "./events.ts";
import type { Goal } from "./goal.ts";
import { describeGoal } from "./goal-state.ts";
import type { Judge } from "./judge.ts";
import { Ledger, sameState } from "./ledger.ts";
import { type Changes, errorText, NO_CHANGES, Performer, ReportedError, withSecrets } from "./performer.ts";
import type { PropertyMap } from "./property.ts";
import { diffProperties } from "./property-diff.ts";
import { resetPaths } from "./property-path.ts";
import type { CheckFailure, DiffResult, Provider } from "./provider.ts";
import { ProviderResources } from "./provider-resources.ts";
import type { ProviderRegistry } from "./registry.ts";
import { dependentReplacements } from "./replacement.ts";
import { makeUrn, providerPackage, type ResourceState, type Snapshot } from "./resource.ts";
import { decideStep } from "./steps.ts";

export interface DeploymentOptions {
  readonly stack: string;
  readonly project: string;
  readonly phase: Phase;
  readonly base: Snapshot;
  readonly registry: ProviderRegistry;
  readonly emit: EventSink;
  /** Called after every change of the state; resolves when the change is safe. */
  readonly changed: () => Promise<void>;
  readonly judge: Judge | undefined;
  /** Configuration of a package's default provider, from the stack's config. */
  readonly defaultProviderConfig: (packageName: string) => PropertyMap;
  readonly disabledDefaultProviders: ReadonlySet<string>;
  /** Aborted by Ctrl-C: nothing new is begun, and what waits stops waiting. */
  readonly signal: AbortSignal;
}

/** What the program learns about a resource that it registered. */
export interface Registered {
  readonly urn: string;
  /** Empty for components, and for what the plan would create. */
  readonly id: string;
  readonly outputs: PropertyMap;
}

/** Thrown at registrations that come after a failure: their own turn never came. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** A custom resource on its way. */
interface Subject {
  readonly ref: ResourceRef;
  readonly goal: Goal;
  readonly provider: Provider;
  /** `urn::id` of the provider. */
  readonly reference: string;
}

/**
 * One phase of an operation: takes registrations from the program, works out what each needs, and does it (or, in the
 * plan, has the provider say what would come of it). The program's own data flow is the schedule: a resource is
 * registered once everything that its inputs come from has been answered.
 */
export class Deployment {
  readonly ledger: Ledger;
  readonly #options: DeploymentOptions;
  readonly #performer: Performer;
  readonly #providers: ProviderResources;
  readonly #urns = new Set<string>();
  /** URN of this run → the URN that it was recorded under, where that is another one. */
  readonly #recordedAs = new Map<string, string>();
  readonly #claimed = new Map<string, string>();
  /** Recorded resources that go before their replacement comes, and when they are gone. */
  readonly #deletedFirst = new Map<ResourceState, Promise<void>>();
  readonly #active = new Set<Promise<unknown>>();
  readonly #failures: unknown[] = [];

  constructor(options: DeploymentOptions) {
    this.#options = options;
    this.ledger = new Ledger(options.base, options.changed);
    this.#performer = new Performer(options.phase, this.ledger, options.emit);
    this.#providers = new ProviderResources({
      registry: options.registry,
      ledger: this.ledger,
      defaultConfig: options.defaultProviderConfig,
      disabledDefaults: options.disabledDefaultProviders,
      register: (goal) => this.#register(goal),
    });
  }

  get failures(): readonly unknown[] {
    return this.#failures;
  }

  /** Resolves when everything that was begun has ended. */
  async settle(): Promise<void> {
    while (this.#active.size > 0) await Promise.allSettled(this.#active);
  }

  register(goal: Goal): Promise<Registered> {
    return this.#track(this.#register(goal));
  }

  /** Outputs of a component, or of the stack. */
  registerOutputs(urn: string, outputs: PropertyMap): void {
    const state = this.ledger.current(urn);
    if (state === undefined) throw new UserError(`outputs for ${urn}, which is not a resource of this run`);
    const recorded = this.ledger.recorded(this.#recordedAs.get(urn) ?? urn);
    const next = { ...state, outputs };
    this.ledger.put(recorded !== undefined && sameState(recorded, next) ? recorded : next);
  }

  /** Deletes what the program no longer registers and what was replaced. For when the program has ended well. */
  async finish(): Promise<void> {
    await this.#track(this.#delete(this.ledger.leftovers()));
  }

  async #register(goal: Goal): Promise<Registered> {
    if (this.#options.signal.aborted || (this.#failures.length > 0 && this.#options.phase === "apply")) {
      throw new StoppedError("the operation is stopping");
    }
    const urn = makeUrn(this.#options.stack, this.#options.project, goal.parent, goal.type, goal.name);
    const ref: ResourceRef = { urn, type: goal.type, name: goal.name, parent: goal.parent };
    try {
      if (this.#urns.has(urn)) throw new UserError(`two resources of type ${goal.type} are named ${goal.name}`);
      this.#urns.add(urn);
      const old = this.#findRecorded(urn, goal);
      if (providerPackage(goal.type) !== undefined) return await this.#registerProvider(ref, goal, old);
      if (!goal.custom) return await this.#registerComponent(ref, goal, old);
      return await this.#registerCustom(ref, goal, old);
    } catch (error) {
      this.#failures.push(error instanceof ReportedError ? error.cause : error);
      if (!(error instanceof ReportedError)) this.#performer.end(ref, "same", undefined, NO_CHANGES, errorText(error));
      if (this.#options.phase === "apply") throw error;
      // The plan goes on, so that every problem is found in one go.
      return { urn, id: "", outputs: goal.inputs };
    }
  }

  #findRecorded(urn: string, goal: Goal): ResourceState | undefined {
    const { stack, project } = this.#options;
    const recordedAs = (parent: string): string | undefined => this.#recordedAs.get(parent);
    for (const candidate of [urn, ...aliasUrns(goal, goal.aliases, { stack, project, recordedAs })]) {
      const old = this.ledger.recorded(candidate);
      if (old === undefined) continue;
      const other = this.#claimed.get(candidate);
      if (other !== undefined) throw new UserError(`${urn} and ${other} both claim to have been ${candidate}`);
      this.#claimed.set(candidate, urn);
      if (candidate !== urn) {
        this.#recordedAs.set(urn, candidate);
        this.ledger.rename(candidate, urn);
      }
      return old;
    }
    return undefined;
  }

  async #registerComponent(ref: ResourceRef, goal: Goal, old: ResourceState | undefined): Promise<Registered> {
    await this.#options.judge?.resource(this.#options.phase, ref, goal, goal.inputs, undefined);
    const changes = old === undefined ? NO_CHANGES : diffProperties(old.inputs, goal.inputs);
    // Until it registers outputs of its own, what was recorded stands.
    this.#keep({ ...describeGoal(ref, goal, old), inputs: goal.inputs, outputs: old?.outputs ?? {} }, old);
    this.#performer.end(ref, operationOf(old, changes), undefined, changes);
    return { urn: ref.urn, id: "", outputs: goal.inputs };
  }

  async #registerProvider(ref: ResourceRef, goal: Goal, old: ResourceState | undefined): Promise<Registered> {
    const inputs = await this.#options.registry.check(ref.urn, goal.inputs, goal.version);
    await this.#options.judge?.resource(this.#options.phase, ref, goal, inputs, undefined);
    const { operation, id } = await this.#providers.decide(ref, inputs, old);
    const kept = operation === "replace" ? undefined : old;
    const state = { ...describeGoal(ref, goal, kept), id, inputs, outputs: withoutBookkeeping(inputs) };
    await this.#providers.configure(state);
    if (old !== undefined && operation === "replace") this.ledger.turn(old, { ...old, delete: true });
    this.#keep(state, kept);
    const changes = old === undefined || operation === "same" ? NO_CHANGES : diffProperties(old.inputs, inputs);
    this.#performer.end(ref, operation, undefined, changes);
    return { urn: ref.urn, id, outputs: state.outputs };
  }

  async #registerCustom(ref: ResourceRef, goal: Goal, old: ResourceState | undefined): Promise<Registered> {
    const reference = await this.#providers.reference(goal);
    if (this.#providers.failed(reference)) return { urn: ref.urn, id: "", outputs: goal.inputs };
    const provider = await this.#providers.provider(reference);
    const subject: Subject = { ref, goal, provider, reference };
    const news = old === undefined ? goal.inputs : resetPaths(goal.inputs, old.inputs, goal.ignoreChanges);
    const inputs = await this.#check(subject, old?.inputs, news);
    await this.#options.judge?.resource(this.#options.phase, ref, goal, inputs, this.#providers.state(reference));

    if (old === undefined) return this.#create(subject, inputs);
    const goesFirst = this.#deletedFirst.get(old);
    if (goesFirst !== undefined) {
      // Something that it depends on is being replaced, and it had to go before that.
      await goesFirst;
      return this.#create(subject, await this.#check(subject, undefined, goal.inputs), old);
    }
    const diff = await this.#diff(subject, old, inputs);
    const step = decideStep({
      diff,
      replaceOnChanges: goal.replaceOnChanges,
      deleteBeforeReplace: goal.deleteBeforeReplace,
      initErrors: old.initErrors.length > 0,
      pendingReplacement: old.pendingReplacement,
      providerReplaced: await this.#providers.replaced(old, reference),
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
    this.#keep({ ...describeGoal(ref, goal, old), id: old.id, inputs, outputs, provider: reference }, old);
    this.#performer.end(ref, "same", undefined, NO_CHANGES);
    return { urn: ref.urn, id: old.id, outputs };
  }

  async #create(
    subject: Subject,
    inputs: PropertyMap,
    replaces?: ResourceState,
    changes = NO_CHANGES,
  ): Promise<Registered> {
    const { ref, goal, provider, reference } = subject;
    const deletedFirst = replaces !== undefined && (replaces.pendingReplacement || this.#deletedFirst.has(replaces));
    const { id, outputs } = await this.#performer.perform({
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
    const { ref, goal, provider, reference } = subject;
    const { id, outputs } = await this.#performer.perform({
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
    if (deleteFirst && !old.pendingReplacement) await this.#deleteFirst(old);
    return this.#create(subject, inputs, old, changes);
  }

  /** Deletes a resource ahead of its replacement, and before it whatever can't stay when it goes. */
  async #deleteFirst(old: ResourceState): Promise<void> {
    const candidates = this.ledger.leftovers().filter((resource) => !this.#urns.has(resource.urn));
    const dependents = await dependentReplacements(old, candidates, (reference) => this.#providers.provider(reference));
    // Asked again, because the program went on registering in the meantime.
    const doomed = [old, ...dependents.filter((resource) => resource === old || !this.#urns.has(resource.urn))];
    const failuresBefore = this.#failures.length;
    const waited = doomed.flatMap((resource) => this.#deletedFirst.get(resource) ?? []);
    const fresh = doomed.filter((resource) => !this.#deletedFirst.has(resource));
    const done = Promise.all(waited)
      .then(() => this.#delete(fresh, (resource) => ({ ...resource, pendingReplacement: true })))
      .then(() => {
        if (this.#failures.length > failuresBefore) throw new ReportedError(this.#failures[failuresBefore]);
      });
    for (const resource of fresh) this.#deletedFirst.set(resource, done);
    await done;
  }

  async #delete(resources: readonly ResourceState[], remember?: DeletionContext["remember"]): Promise<void> {
    const errors = await deleteResources(resources, {
      phase: this.#options.phase,
      ledger: this.ledger,
      emit: this.#options.emit,
      signal: this.#options.signal,
      provider: (resource) => this.#providers.provider(resource.provider ?? ""),
      remember,
    });
    this.#failures.push(...errors);
  }

  /** Records a resource that no provider was asked about; as it was, to the very object, if nothing changed. */
  #keep(state: ResourceState, old: ResourceState | undefined): void {
    const now = new Date().toISOString();
    const kept =
      old !== undefined && sameState(old, state) ? old : { ...state, created: state.created ?? now, modified: now };
    this.ledger.put(kept, old);
  }

  #change({ ref }: Subject, inputs: PropertyMap) {
    return { ...target(ref), inputs, preview: this.#options.phase === "plan", signal: this.#options.signal };
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#active.add(work);
    const done = (): void => {
      this.#active.delete(work);
    };
    work.then(done, done);
    return work;
  }
}

function target({ urn, type, name }: ResourceRef): { urn: string; type: string; name: string } {
  return { urn, type, name };
}

function operationOf(old: ResourceState | undefined, changes: Changes): "create" | "update" | "same" {
  if (old === undefined) return "create";
  return changes.size > 0 ? "update" : "same";
}

function describeFailures(goal: Goal, failures: readonly CheckFailure[]): string {
  const list = failures.map(({ property, reason }) => (property === "" ? reason : `${property}: ${reason}`));
  return `${goal.name} (${goal.type}) is not valid\n${list.join("\n")}`;
}

function withoutBookkeeping(inputs: PropertyMap): PropertyMap {
  const { __internal: _, ...outputs } = inputs;
  return outputs;
}

function pick(map: PropertyMap, keys: readonly string[]): PropertyMap {
  return Object.fromEntries(keys.flatMap((key) => (map[key] === undefined ? [] : [[key, map[key]]])));
}
