import { UserError } from "./errors.ts";
import { equal, type PropertyMap } from "./property.ts";
import type { DiffResult, Provider, ProviderContext, ProviderFactory } from "./provider.ts";
import { parseUrn, providerPackage } from "./resource.ts";

export type FactoryLookup = (packageName: string) => ProviderFactory;

/**
 * The providers of an operation by reference (`urn::id`). They live across the plan and the apply phase, so that a
 * plugin is started, and a cluster connected to, once.
 */
export class ProviderRegistry {
  readonly #lookup: FactoryLookup;
  readonly #context: (urn: string) => ProviderContext;
  readonly #loaded = new Map<string, { readonly inputs: PropertyMap; readonly provider: Promise<Provider> }>();

  constructor(lookup: FactoryLookup, context: (urn: string) => ProviderContext) {
    this.#lookup = lookup;
    this.#context = context;
  }

  /** Checks the inputs of a provider resource; answers what is recorded as its inputs. Throws all problems as one. */
  async check(urn: string, inputs: PropertyMap, version: string): Promise<PropertyMap> {
    const checked = await this.#factory(urn).checkConfig(configOf(inputs), urn);
    if (checked.failures.length > 0) {
      const list = checked.failures.map(({ property, reason }) => `${property}: ${reason}`);
      throw new UserError(`provider ${parseUrn(urn).name} is configured wrongly\n${list.join("\n")}`);
    }
    return version === "" ? checked.inputs : { ...checked.inputs, [BOOKKEEPING]: {}, version };
  }

  diff(urn: string, olds: PropertyMap, news: PropertyMap): Promise<DiffResult> {
    return this.#factory(urn).diffConfig(configOf(olds), configOf(news), urn);
  }

  /** The provider of a provider resource, configured once for each configuration that it is asked for with. */
  async load(urn: string, id: string, inputs: PropertyMap): Promise<Provider> {
    const reference = providerReference(urn, id);
    const loaded = this.#loaded.get(reference);
    // The very same inputs are no change, even where they hold an unknown, which equals nothing.
    if (loaded !== undefined && (loaded.inputs === inputs || equal(configOf(loaded.inputs), configOf(inputs)))) {
      return loaded.provider;
    }
    const provider = this.#factory(urn).configure(configOf(inputs), this.#context(urn));
    this.#loaded.set(reference, { inputs, provider });
    // What it was configured with before (an earlier plan, or the record) has nothing under way any more.
    await loaded?.provider.then(
      (before) => before.close(),
      () => {},
    );
    return provider;
  }

  async close(): Promise<void> {
    const all = [...this.#loaded.values()];
    this.#loaded.clear();
    await Promise.allSettled(all.map(async ({ provider }) => (await provider).close()));
  }

  #factory(urn: string): ProviderFactory {
    const packageName = providerPackage(parseUrn(urn).type);
    if (packageName === undefined) throw new UserError(`${urn} is not a provider`);
    return this.#lookup(packageName);
  }
}

/** Where the official engine keeps its own notes among a provider's inputs. */
const BOOKKEEPING = "__internal";

/** The provider's part of a provider resource's inputs. */
function configOf(inputs: PropertyMap): PropertyMap {
  const { [BOOKKEEPING]: _, version: __, ...config } = inputs;
  return config;
}

export function providerReference(urn: string, id: string): string {
  return `${urn}::${id}`;
}

export function parseProviderReference(reference: string): { readonly urn: string; readonly id: string } {
  const at = reference.lastIndexOf("::");
  if (at < 0) throw new UserError(`not a provider reference: ${JSON.stringify(reference)}`);
  return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}
