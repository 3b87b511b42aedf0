import { deleteAbandoned } from "./abandoned.ts";
import { CustomResources, type Registered } from "./custom-resources.ts";
import { DeletedFirst } from "./deleted-first.ts";
import { type DeletionContext, deleteResources } from "./deletion.ts";
import { UserError } from "./errors.ts";
import type { EventSink, Phase, ResourceRef } from "./events.ts";
import type { Goal } from "./goal.ts";
import { describeGoal } from "./goal-state.ts";
import { Identities } from "./identities.ts";
import type { Judge } from "./judge.ts";
import { Ledger, sameState } from "./ledger.ts";
import { type Changes, errorText, NO_CHANGES, Performer, ReportedError } from "./performer.ts";
import type { PropertyMap } from "./property.ts";
import { diffProperties } from "./property-diff.ts";
import { ProviderResources } from "./provider-resources.ts";
import type { ProviderRegistry } from "./registry.ts";
import { makeUrn, providerPackage, type ResourceState, type Snapshot } from "./resource.ts";

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

/** Thrown at registrations that come after a failure: their own turn never came. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
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
  readonly #identities: Identities;
  readonly #customs: CustomResources;
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
    this.#identities = new Identities(options, this.ledger);
    const deletedFirst = new DeletedFirst({
      ledger: this.ledger,
      isClaimed: (urn) => this.#identities.isClaimed(urn),
      provider: (reference) => this.#providers.provider(reference),
      delete: async (resources, remember) => {
        const [error] = await this.#delete(resources, remember);
        if (error !== undefined) throw new ReportedError(error);
      },
    });
    this.#customs = new CustomResources({
      phase: options.phase,
      ledger: this.ledger,
      performer: this.#performer,
      providers: this.#providers,
      deletedFirst,
      judge: options.judge,
      signal: options.signal,
      refuseWhenStopping: () => this.#refuseWhenStopping(),
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
    // A component that failed in the plan has no state, and that has been told.
    if (state === undefined && this.#identities.isRegistered(urn)) return;
    if (state === undefined) throw new UserError(`outputs for ${urn}, which is not a resource of this run`);
    const recorded = this.#identities.recorded(urn);
    const next = { ...state, outputs };
    this.ledger.put(recorded !== undefined && sameState(recorded, next) ? recorded : next);
  }

  /** Deletes what the program no longer registers and what was replaced. For when the program has ended well. */
  async finish(): Promise<void> {
    const { phase, emit } = this.#options;
    const failures = await this.#track(this.#delete(this.ledger.leftovers()));
    if (failures.length > 0 || this.#options.signal.aborted) return;
    this.#failures.push(...(await deleteAbandoned(this.ledger, this.#providers, emit, phase)));
  }

  async #register(goal: Goal): Promise<Registered> {
    this.#refuseWhenStopping();
    const urn = makeUrn(this.#options.stack, this.#options.project, goal.parent, goal.type, goal.name);
    const ref: ResourceRef = { urn, type: goal.type, name: goal.name, parent: goal.parent };
    try {
      this.#identities.register(urn, goal);
      const old = this.#identities.find(urn, goal);
      if (providerPackage(goal.type) !== undefined) return await this.#registerProvider(ref, goal, old);
      if (!goal.custom) return await this.#registerComponent(ref, goal, old);
      return await this.#customs.register(ref, goal, old);
    } catch (error) {
      if (error instanceof StoppedError) throw error;
      if (providerPackage(goal.type) !== undefined) this.#providers.fail(urn);
      this.#failures.push(error instanceof ReportedError ? error.cause : error);
      if (!(error instanceof ReportedError)) this.#performer.end(ref, "same", undefined, NO_CHANGES, errorText(error));
      if (this.#options.phase === "apply") throw error;
      // The plan goes on, so that every problem is found in one go.
      return { urn, id: "", outputs: goal.inputs };
    }
  }

  /** After a failure or Ctrl-C nothing new is begun; asked again after every wait. */
  #refuseWhenStopping(): void {
    const { signal, phase } = this.#options;
    if (signal.aborted || (this.#failures.length > 0 && phase === "apply")) {
      throw new StoppedError("the operation is stopping");
    }
  }

  async #registerComponent(ref: ResourceRef, goal: Goal, old: ResourceState | undefined): Promise<Registered> {
    await this.#options.judge?.resource(this.#options.phase, ref, goal, goal.inputs, undefined);
    const changes = old === undefined ? NO_CHANGES : diffProperties(old.inputs, goal.inputs);
    // Until it registers outputs of its own, what was recorded stands.
    this.ledger.keep({ ...describeGoal(ref, goal, old), inputs: goal.inputs, outputs: old?.outputs ?? {} }, old);
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
    this.ledger.keep(state, kept);
    const changes = old === undefined || operation === "same" ? NO_CHANGES : diffProperties(old.inputs, inputs);
    this.#performer.end(ref, operation, undefined, changes);
    return { urn: ref.urn, id, outputs: state.outputs };
  }

  async #delete(resources: readonly ResourceState[], remember?: DeletionContext["remember"]): Promise<unknown[]> {
    const errors = await deleteResources(resources, {
      phase: this.#options.phase,
      ledger: this.ledger,
      emit: this.#options.emit,
      signal: this.#options.signal,
      provider: (resource) => this.#providers.provider(resource.provider ?? ""),
      remember,
    });
    this.#failures.push(...errors);
    return errors;
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

function operationOf(old: ResourceState | undefined, changes: Changes): "create" | "update" | "same" {
  if (old === undefined) return "create";
  return changes.size > 0 ? "update" : "same";
}

function withoutBookkeeping(inputs: PropertyMap): PropertyMap {
  const { __internal: _, ...outputs } = inputs;
  return outputs;
}
