import type { DeletionContext } from "./deletion.ts";
import type { Ledger } from "./ledger.ts";
import type { Provider } from "./provider.ts";
import { dependentReplacements } from "./replacement.ts";
import type { ResourceState } from "./resource.ts";

export interface DeletedFirstOptions {
  readonly ledger: Ledger;
  /** Whether the program has registered what is recorded under the URN. */
  readonly isClaimed: (recordedUrn: string) => boolean;
  readonly provider: (reference: string) => Promise<Provider>;
  /** Deletes resources; rejects when one of them could not be. */
  readonly delete: (resources: readonly ResourceState[], remember: DeletionContext["remember"]) => Promise<void>;
}

/** Recorded resources that go before their replacement comes. */
export class DeletedFirst {
  readonly #options: DeletedFirstOptions;
  /** By recorded URN: when it is gone. */
  readonly #gone = new Map<string, Promise<void>>();

  constructor(options: DeletedFirstOptions) {
    this.#options = options;
  }

  has({ urn }: ResourceState): boolean {
    return this.#gone.has(urn);
  }

  /** Resolves when the resource is gone; `undefined` when nothing is about to delete it. */
  gone({ urn }: ResourceState): Promise<void> | undefined {
    return this.#gone.get(urn);
  }

  /** Deletes a resource, and before it whatever can't stay when it goes. */
  async delete(old: ResourceState): Promise<void> {
    const { ledger, isClaimed, provider } = this.#options;
    const candidates = ledger.leftovers().filter(({ urn }) => !isClaimed(urn));
    const dependents = await dependentReplacements(old, candidates, provider);
    // Asked again, because the program went on registering in the meantime.
    const doomed = [this.#unprotected(old), ...dependents.filter(({ urn }) => urn !== old.urn && !isClaimed(urn))];
    const waited = doomed.flatMap((resource) => this.gone(resource) ?? []);
    const fresh = doomed.filter((resource) => !this.has(resource));
    const done = Promise.all(waited).then(() =>
      this.#options.delete(fresh, (resource) => ({ ...resource, pendingReplacement: true })),
    );
    for (const { urn } of fresh) this.#gone.set(urn, done);
    await done;
  }

  /** The program has taken the protection away, or the replacement would have been refused. */
  #unprotected(old: ResourceState): ResourceState {
    if (!old.protect) return old;
    const unprotected = { ...old, protect: false };
    this.#options.ledger.turn(old, unprotected);
    return unprotected;
  }
}
