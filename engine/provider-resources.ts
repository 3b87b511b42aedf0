import { randomUUID } from "node:crypto";
import { UserError } from "./errors.ts";
import type { Operation, ResourceRef } from "./events.ts";
import { type Goal, plainGoal } from "./goal.ts";
import type { Ledger } from "./ledger.ts";
import type { PropertyMap } from "./property.ts";
import type { Provider } from "./provider.ts";
import { type ProviderRegistry, parseProviderReference, providerReference } from "./registry.ts";
import type { ResourceState } from "./resource.ts";

export interface ProviderResourcesOptions {
  readonly registry: ProviderRegistry;
  readonly ledger: Ledger;
  /** Configuration of a package's default provider, from the stack's config. */
  readonly defaultConfig: (packageName: string) => PropertyMap;
  readonly disabledDefaults: ReadonlySet<string>;
  /** Registers a default provider as the program would. */
  readonly register: (goal: Goal) => Promise<{ readonly urn: string; readonly id: string }>;
}

/** Provider resources of a run: explicit ones, and the default one of each package that is used without. */
export class ProviderResources {
  readonly #options: ProviderResourcesOptions;
  readonly #states = new Map<string, ResourceState>();
  readonly #defaults = new Map<string, Promise<string>>();
  readonly #failed = new Set<string>();

  constructor(options: ProviderResourcesOptions) {
    this.#options = options;
  }

  /**
   * What a registered provider resource needs. A provider's id stands for no outside thing: it tells a provider whose
   * configuration changed from one that manages another place.
   */
  async decide(
    ref: ResourceRef,
    inputs: PropertyMap,
    old: ResourceState | undefined,
  ): Promise<{ readonly operation: Operation; readonly id: string }> {
    if (old === undefined) return { operation: "create", id: randomUUID() };
    const diff = await this.#options.registry.diff(ref.urn, old.inputs, inputs);
    if (diff.replaces.length > 0) return { operation: "replace", id: randomUUID() };
    return { operation: diff.changes === "some" ? "update" : "same", id: old.id };
  }

  async configure(state: ResourceState): Promise<void> {
    this.#states.set(providerReference(state.urn, state.id), state);
    await this.#options.registry.load(state.urn, state.id, state.inputs);
  }

  /** The reference of the provider that manages a resource: the one it names, or its package's default. */
  async reference(goal: Goal): Promise<string> {
    return goal.provider ?? (await this.#default(goal.type.split(":")[0] ?? "", goal.version));
  }

  /** Notes that a provider could not be planned. That has been told; of its resources there is nothing to say. */
  fail(urn: string): void {
    this.#failed.add(urn);
  }

  failed(reference: string): boolean {
    return this.#failed.has(parseProviderReference(reference).urn);
  }

  state(reference: string): ResourceState | undefined {
    return this.#states.get(reference);
  }

  /** Whether the provider is registered or recorded. */
  knows(reference: string): boolean {
    return this.#find(reference) !== undefined;
  }

  provider(reference: string): Promise<Provider> {
    const state = this.#find(reference);
    if (state === undefined) throw new UserError(`${reference} is not a provider of this stack`);
    return this.#options.registry.load(state.urn, state.id, state.inputs);
  }

  /** Whether what is managed by the provider now used is somewhere else than what was managed by the recorded one. */
  async replaced(old: ResourceState, reference: string): Promise<boolean> {
    if (old.provider === undefined) return true;
    if (old.provider === reference) return false;
    const before = this.#recorded(old.provider);
    const now = this.#states.get(reference);
    if (before === undefined || now === undefined) return true;
    if (now.type !== before.type) return true;
    const diff = await this.#options.registry.diff(now.urn, before.inputs, now.inputs);
    return diff.replaces.length > 0;
  }

  #find(reference: string): ResourceState | undefined {
    return this.#states.get(reference) ?? this.#recorded(reference);
  }

  #recorded(reference: string): ResourceState | undefined {
    const { urn, id } = parseProviderReference(reference);
    const current = this.#options.ledger.recorded(urn);
    if (current?.id === id) return current;
    return this.#options.ledger.leftovers().find((resource) => resource.urn === urn && resource.id === id);
  }

  #default(packageName: string, version: string): Promise<string> {
    const name = version === "" ? "default" : `default_${version.replace(/[^A-Za-z0-9]/g, "_")}`;
    const key = `${packageName}:${name}`;
    const known = this.#defaults.get(key);
    if (known !== undefined) return known;
    if (this.#options.disabledDefaults.has("*") || this.#options.disabledDefaults.has(packageName)) {
      throw new UserError(
        `the default provider of ${packageName} is disabled for this stack (pulumi:disable-default-providers): ` +
          "give the resource, or its parent, a provider",
      );
    }
    const inputs = this.#options.defaultConfig(packageName);
    const registered = this.#options
      .register(plainGoal(`pulumi:providers:${packageName}`, name, { custom: true, inputs, version }))
      .then(({ urn, id }) => providerReference(urn, id));
    this.#defaults.set(key, registered);
    return registered;
  }
}

/** Providers of what is recorded, for operations that run no program. */
export function recordedProviders(registry: ProviderRegistry, ledger: Ledger): ProviderResources {
  return new ProviderResources({
    registry,
    ledger,
    defaultConfig: () => ({}),
    disabledDefaults: new Set(),
    register: () => Promise.reject(new Error("nothing is registered without a program")),
  });
}
