import { aliasUrns } from "./aliases.ts";
import { UserError } from "./errors.ts";
import type { Goal } from "./goal.ts";
import type { Ledger } from "./ledger.ts";
import type { ResourceState } from "./resource.ts";

/** Which recorded resource each registered one is: by its URN, or by one that it had in an earlier run. */
export class Identities {
  readonly #stack: { readonly stack: string; readonly project: string };
  readonly #ledger: Ledger;
  readonly #registered = new Set<string>();
  /** URN of this run → the URN that it was recorded under, where that is another one. */
  readonly #recordedAs = new Map<string, string>();
  /** URN that it was recorded under → URN of this run. */
  readonly #claimed = new Map<string, string>();

  constructor(stack: { readonly stack: string; readonly project: string }, ledger: Ledger) {
    this.#stack = stack;
    this.#ledger = ledger;
  }

  register(urn: string, { type, name }: Goal): void {
    if (this.#registered.has(urn)) throw new UserError(`two resources of type ${type} are named ${name}`);
    this.#registered.add(urn);
  }

  isRegistered(urn: string): boolean {
    return this.#registered.has(urn);
  }

  /** Whether the program has registered what is recorded under the URN. */
  isClaimed(recordedUrn: string): boolean {
    return this.#registered.has(recordedUrn) || this.#claimed.has(recordedUrn);
  }

  /** What is recorded of a resource, under its URN or one of its aliases. */
  find(urn: string, goal: Goal): ResourceState | undefined {
    const recordedAs = (parent: string): string | undefined => this.#recordedAs.get(parent);
    for (const candidate of [urn, ...aliasUrns(goal, goal.aliases, { ...this.#stack, recordedAs })]) {
      const old = this.#ledger.recorded(candidate);
      if (old === undefined) continue;
      const other = this.#claimed.get(candidate);
      if (other !== undefined) throw new UserError(`${urn} and ${other} both claim to have been ${candidate}`);
      this.#claimed.set(candidate, urn);
      if (candidate !== urn) {
        this.#recordedAs.set(urn, candidate);
        this.#ledger.rename(candidate, urn);
      }
      return old;
    }
    return undefined;
  }

  /** The recorded state of a registered resource, as it was before this run. */
  recorded(urn: string): ResourceState | undefined {
    return this.#ledger.recorded(this.#recordedAs.get(urn) ?? urn);
  }
}
