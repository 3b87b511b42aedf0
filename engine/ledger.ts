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
  readonly #pending = new Set<PendingOperation>();
  /** URN that a resource was recorded under → the one it has now. */
  readonly #renamed = new Map<string, string>();
  readonly #changed: () => Promise<void>;

  /** @param changed - called after every change, which `snapshot()` then has; resolves when it is safe. */
  constructor(base: Snapshot, changed: () => Promise<void>) {
    this.#base = base;
    this.#changed = changed;
    for (const resource of base.resources) if (!resource.delete) this.#recorded.set(resource.urn, resource);
    // What was being updated or deleted is recorded, and this run looks at it again anyway. What was being created may
    // exist without being recorded: that stays noted until the resource is registered again.
    for (const operation of base.pendingOperations) if (operation.type === "creating") this.#pending.add(operation);
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
      const fate = this.#fate.has(resource) ? this.#fate.get(resource) : resource;
      return fate === undefined ? [] : [this.#withCurrentNames(fate)];
    });
  }

  rename(from: string, to: string): void {
    this.#renamed.set(from, to);
  }

  /** Records a registered resource; `old` is what it was recorded as before, if it takes its place. */
  put(state: ResourceState, old?: ResourceState): void {
    this.#current.set(state.urn, state);
    if (old !== undefined) this.#fate.set(this.#origin.get(old) ?? old, undefined);
    for (const operation of this.#base.pendingOperations) {
      if (operation.resource.urn === state.urn) this.#pending.delete(operation);
    }
    void this.#changed();
  }

  /** A recorded state became another one (to be deleted later, waiting for its replacement), or is gone. */
  turn(old: ResourceState, into: ResourceState | undefined): void {
    const base = this.#origin.get(old) ?? old;
    if (into !== undefined) this.#origin.set(into, base);
    this.#fate.set(base, into);
    void this.#changed();
  }

  /**
   * Notes that an operation begins; resolves when the note is safe, so that the provider can be asked to go ahead.
   *
   * @returns what to call when it has ended, and its result is recorded.
   */
  async begin(operation: PendingOperation): Promise<() => void> {
    this.#pending.add(operation);
    await this.#changed();
    return () => {
      this.#pending.delete(operation);
      void this.#changed();
    };
  }

  /** Nothing is left to find out about what an earlier run had begun. */
  resolve(operation: PendingOperation): void {
    this.#pending.delete(operation);
    void this.#changed();
  }

  /** What earlier runs had begun to create, and nothing is known of since. */
  unresolved(): PendingOperation[] {
    return this.#base.pendingOperations.filter((operation) => this.#pending.has(operation));
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

  #withCurrentNames(resource: ResourceState): ResourceState {
    if (this.#renamed.size === 0) return resource;
    const name = (urn: string): string => this.#renamed.get(urn) ?? urn;
    const provider = resource.provider === undefined ? undefined : parseProviderReference(resource.provider);
    const renamed: ResourceState = {
      ...resource,
      parent: resource.parent === undefined ? undefined : name(resource.parent),
      provider: provider === undefined ? undefined : providerReference(name(provider.urn), provider.id),
      deletedWith: resource.deletedWith === undefined ? undefined : name(resource.deletedWith),
      dependencies: resource.dependencies.map(name),
      propertyDependencies: Object.fromEntries(
        Object.entries(resource.propertyDependencies).map(([key, urns]) => [key, urns.map(name)]),
      ),
    };
    if (sameState(resource, renamed)) return resource;
    this.#origin.set(renamed, this.#origin.get(resource) ?? resource);
    return renamed;
  }
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
function sorted(state: object): object {
  return Object.fromEntries(
    Object.entries(state)
      .map(([key, value]) => [
        key,
        Array.isArray(value)
          ? [...value].sort()
          : typeof value === "object" && value !== null
            ? Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)))
            : value,
      ])
      .sort(([x], [y]) => (String(x) < String(y) ? -1 : 1)),
  );
}
