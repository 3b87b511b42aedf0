import { dependencyUrns } from "./dependencies.ts";
import { equal } from "./property.ts";
import { parseProviderReference, providerReference } from "./registry.ts";
import type { PendingOperation, ResourceState, Snapshot } from "./resource.ts";

/**
 * The state of a stack while an operation runs: what was recorded before, overlaid with what has happened since. Every
 * change of it is announced, so that it can be saved: what has been done is known even if the engine dies the next moment.
 */
export class Ledger {
  readonly #base: Snapshot;
  readonly #recorded = new Map<string, ResourceState>();
  /** States that this run has registered, in an order in which dependencies come first. */
  readonly #current = new Map<string, ResourceState>();
  /** What became of a state of the base: another state of it, or `undefined` when it is gone. */
  readonly #fate = new Map<ResourceState, ResourceState | undefined>();
  /** The state of the base that a changed copy was made of. */
  readonly #origin = new WeakMap<ResourceState, ResourceState>();
  /** URN → the states of the base that refer to it. */
  readonly #dependents = new Map<string, ResourceState[]>();
  readonly #pending = new Set<PendingOperation>();
  readonly #renames = new Renames();
  readonly #changed: () => Promise<void>;

  /** @param changed - called after every change, which `snapshot()` then has; resolves when it is safe. */
  constructor(base: Snapshot, changed: () => Promise<void>) {
    this.#base = base;
    this.#changed = changed;
    for (const resource of base.resources) {
      if (!resource.delete) this.#recorded.set(resource.urn, resource);
      for (const urn of dependencyUrns(resource)) {
        const dependents = this.#dependents.get(urn);
        if (dependents === undefined) this.#dependents.set(urn, [resource]);
        else dependents.push(resource);
      }
    }
    // What was being created may exist without being recorded, and what was being updated may be half of each: that stays
    // noted until it has been done again, or is gone. Everything else is recorded, and this run looks at it anyway.
    for (const operation of base.pendingOperations) {
      if (operation.type === "creating" || operation.type === "updating") this.#pending.add(operation);
    }
  }

  recorded(urn: string): ResourceState | undefined {
    return this.#recorded.get(urn);
  }

  current(urn: string): ResourceState | undefined {
    return this.#current.get(urn);
  }

  registered(): ResourceState[] {
    return [...this.#current.values()];
  }

  /** States of the base that are still there and were not registered by this run, as they are now; dependencies first. */
  leftovers(): ResourceState[] {
    return this.#base.resources.flatMap((resource) => {
      const fate = this.#fateOf(resource);
      if (fate === undefined) return [];
      const renamed = this.#renames.apply(fate);
      if (renamed !== fate) this.#origin.set(renamed, resource);
      return [renamed];
    });
  }

  /** Whether the resource is registered, or recorded and not gone yet. */
  isThere(urn: string): boolean {
    return (
      this.#current.has(urn) ||
      this.#base.resources.some((other) => other.urn === urn && this.#fateOf(other) !== undefined)
    );
  }

  /** Notes that a resource is registered under another URN than before; true of others once it is recorded so. */
  rename(from: string, to: string): void {
    this.#renames.announce(from, to);
  }

  /** Records a registered resource; `old` is what it was recorded as before, if it takes its place. */
  put(state: ResourceState, old?: ResourceState): void {
    this.#current.set(state.urn, state);
    if (old !== undefined) this.#fate.set(this.#origin.get(old) ?? old, undefined);
    this.#renames.recorded(state);
    void this.#changed();
  }

  /** Records a resource that no provider was asked about; as it was, to the very object, if nothing changed. */
  keep(state: ResourceState, old: ResourceState | undefined): void {
    const now = new Date().toISOString();
    const same = old !== undefined && sameState(old, state);
    this.put(same ? old : { ...state, created: state.created ?? now, modified: now }, old);
  }

  /** A recorded state became another one (to be deleted later, waiting for its replacement), or is gone. */
  turn(old: ResourceState, into: ResourceState | undefined): void {
    const base = this.#origin.get(old) ?? old;
    if (into !== undefined) this.#origin.set(into, base);
    this.#fate.set(base, into);
    if (into === undefined) {
      this.#dropReferences(base.urn);
      for (const operation of this.#pending) {
        if (operation.type === "updating" && operation.resource.urn === base.urn) this.#pending.delete(operation);
      }
    }
    void this.#changed();
  }

  /**
   * Notes that an operation begins; resolves when the note is safe, so that the provider can be asked to go ahead.
   *
   * @returns what to call when it has ended, and its result is recorded.
   */
  async begin(operation: PendingOperation): Promise<() => void> {
    this.#pending.add(operation);
    try {
      await this.#changed();
    } catch (error) {
      // It can't be noted, so it does not begin.
      this.#pending.delete(operation);
      throw error;
    }
    return () => this.resolve(operation);
  }

  /** Nothing is left to find out about what had begun. */
  resolve(operation: PendingOperation): void {
    this.#pending.delete(operation);
    void this.#changed();
  }

  /** A resource was created or updated: what earlier runs had begun to do to it is done, or done again. */
  redone(urn: string, type: PendingOperation["type"]): void {
    for (const operation of this.#base.pendingOperations) {
      if (operation.resource.urn !== urn || (operation.type === "creating" && type !== "creating")) continue;
      this.resolve(operation);
    }
  }

  /** What earlier runs had begun to create, and nothing is known of since. */
  unresolved(): PendingOperation[] {
    return this.#base.pendingOperations.filter(
      (operation) => operation.type === "creating" && this.#pending.has(operation),
    );
  }

  /** Whether an earlier run was killed while it updated the resource. */
  interrupted(urn: string): boolean {
    return this.#base.pendingOperations.some(({ type, resource }) => type === "updating" && resource.urn === urn);
  }

  snapshot(): Snapshot {
    return { resources: [...this.#current.values(), ...this.leftovers()], pendingOperations: [...this.#pending] };
  }

  /** True when there is anything to write: states are kept as they were, by identity, where nothing changed. */
  differs(): boolean {
    const now = this.snapshot();
    const before = new Set(this.#base.resources);
    return (
      now.resources.length !== before.size ||
      now.resources.some((resource) => !before.has(resource)) ||
      now.pendingOperations.length !== this.#base.pendingOperations.length
    );
  }

  #fateOf(resource: ResourceState): ResourceState | undefined {
    return this.#fate.has(resource) ? this.#fate.get(resource) : resource;
  }

  /** A recorded state must not refer to what is gone: with such a reference, the checkpoint could not be read again. */
  #dropReferences(urn: string): void {
    if (this.isThere(urn) || this.#renames.knows(urn)) return;
    for (const dependent of this.#dependents.get(urn) ?? []) {
      const fate = this.#fateOf(dependent);
      if (fate === undefined) continue;
      const without = (urns: readonly string[]): string[] => urns.filter((other) => other !== urn);
      const pruned: ResourceState = {
        ...fate,
        parent: fate.parent === urn ? undefined : fate.parent,
        deletedWith: fate.deletedWith === urn ? undefined : fate.deletedWith,
        dependencies: without(fate.dependencies),
        propertyDependencies: mapValues(fate.propertyDependencies, without),
      };
      this.#origin.set(pruned, dependent);
      this.#fate.set(dependent, pruned);
    }
  }
}

/** URNs that recorded resources have in this run, where those are other ones. */
class Renames {
  /** New URN → old, as the program registers them. */
  readonly #announced = new Map<string, string>();
  /** Old URN → the state recorded under the new one. Until then the old one is what others have to refer to. */
  readonly #effective = new Map<string, ResourceState>();
  /** Copies that were made, so that a state stays the same object for as long as nothing about it changes. */
  #copies = new WeakMap<ResourceState, ResourceState>();

  announce(from: string, to: string): void {
    this.#announced.set(to, from);
  }

  recorded(state: ResourceState): void {
    const from = this.#announced.get(state.urn);
    if (from === undefined) return;
    if (!this.#effective.has(from)) this.#copies = new WeakMap();
    this.#effective.set(from, state);
  }

  knows(urn: string): boolean {
    return this.#effective.has(urn);
  }

  /** The state with every reference as it is now. */
  apply(resource: ResourceState): ResourceState {
    if (this.#effective.size === 0) return resource;
    const known = this.#copies.get(resource);
    if (known !== undefined) return known;
    const applied = [...dependencyUrns(resource)].some((urn) => this.#effective.has(urn))
      ? this.#renamed(resource)
      : resource;
    this.#copies.set(resource, applied);
    return applied;
  }

  #renamed(resource: ResourceState): ResourceState {
    const name = (urn: string): string => this.#effective.get(urn)?.urn ?? urn;
    return {
      ...resource,
      parent: resource.parent === undefined ? undefined : name(resource.parent),
      provider: resource.provider === undefined ? undefined : this.#provider(resource.provider),
      deletedWith: resource.deletedWith === undefined ? undefined : name(resource.deletedWith),
      dependencies: resource.dependencies.map(name),
      propertyDependencies: mapValues(resource.propertyDependencies, (urns) => urns.map(name)),
    };
  }

  /** One that was replaced is still there under its old name, for as long as anything refers to it. */
  #provider(reference: string): string {
    const { urn, id } = parseProviderReference(reference);
    const now = this.#effective.get(urn);
    return now?.id === id ? providerReference(now.urn, id) : reference;
  }
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** True when two states say the same, times apart. Secrecy counts: a value that became a secret has to be written. */
export function sameState(a: ResourceState, b: ResourceState): boolean {
  const { created: _a1, modified: _a2, inputs: inputsA, outputs: outputsA, rest: _a3, ...restA } = a;
  const { created: _b1, modified: _b2, inputs: inputsB, outputs: outputsB, rest: _b3, ...restB } = b;
  return (
    JSON.stringify(sorted(restA)) === JSON.stringify(sorted(restB)) &&
    (inputsA === inputsB || equal(inputsA, inputsB, "strict")) &&
    (outputsA === outputsB || equal(outputsA, outputsB, "strict"))
  );
}

/** Order of lists of URNs and of keys says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return [...value].sort();
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, sorted(inner)] as const)
      .sort(([x], [y]) => (x < y ? -1 : 1)),
  );
}
