import { equal, isMap, type PropertyMap, type PropertyValue, Secret } from "../property.ts";
import { diffProperties } from "../property-diff.ts";
import { NotReadyError, type Provider, ProviderError, type ProviderFactory, UnansweredError } from "../provider.ts";

/**
 * A cloud in memory with a provider for it, for tests of the engine. It keeps what was created, in order, and does as
 * the inputs of a resource tell it:
 *   `name`      immutable: a change replaces; two with one name can't exist at once
 *   `fail`      "create" | "update" | "delete" | "check" | "diff" | "ready" (exists, but never becomes ready) |
 *             "answer" (the provider ends before it answers)
 *   `hold`      the operation waits until `release(name)` is called
 */
export class FakeCloud {
  readonly things = new Map<string, PropertyMap>();
  readonly calls: string[] = [];
  #next = 1;
  readonly #held = new Map<string, PromiseWithResolvers<void>>();
  #concurrent = 0;
  mostConcurrent = 0;

  readonly factory: ProviderFactory = {
    checkConfig: async (config) => ({
      inputs: config,
      failures: config.bad === undefined ? [] : [{ property: "bad", reason: "is not allowed" }],
    }),
    diffConfig: async (olds, news) => ({
      changes: equal(olds, news) ? "none" : "some",
      replaces: equal(olds.region, news.region) ? [] : ["region"],
      deleteBeforeReplace: false,
      stables: [],
      changed: [],
    }),
    configure: async (config) => {
      this.calls.push(`configure ${JSON.stringify(config)}`);
      return this.#provider();
    },
  };

  release(name: string): void {
    this.#hold(name).resolve();
  }

  #hold(name: string): PromiseWithResolvers<void> {
    const held = this.#held.get(name) ?? Promise.withResolvers<void>();
    this.#held.set(name, held);
    return held;
  }

  async #work(verb: string, inputs: PropertyMap): Promise<void> {
    this.calls.push(`${verb} ${inputs.name}`);
    this.#concurrent += 1;
    this.mostConcurrent = Math.max(this.mostConcurrent, this.#concurrent);
    // Long enough for everything that may run beside it to have begun.
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (inputs.hold === true) await this.#hold(String(inputs.name)).promise;
    this.#concurrent -= 1;
    if (inputs.fail === "answer") throw new UnansweredError("the cloud ended before it answered");
    if (inputs.fail === verb) throw new ProviderError(`the cloud refuses to ${verb} ${inputs.name}`);
  }

  #provider(): Provider {
    return {
      check: async ({ news, name }) => ({
        inputs: news.name === undefined ? { ...news, name } : news,
        failures: news.fail === "check" ? [{ property: "fail", reason: 'must not be "check"' }] : [],
      }),
      diff: async ({ oldInputs, news }) => {
        if (news.fail === "diff") throw new ProviderError("the cloud can't compare that");
        const changed = [...diffProperties(oldInputs, news).keys()];
        return {
          changes: changed.length === 0 ? "none" : "some",
          replaces: equal(oldInputs.name, news.name) && equal(oldInputs.shape, news.shape) ? [] : ["name"],
          deleteBeforeReplace: equal(oldInputs.name, news.name),
          stables: ["arn"],
          changed,
        };
      },
      create: async ({ inputs, preview }) => {
        if (preview) return { id: "", outputs: inputs };
        await this.#work("create", inputs);
        const id = `id-${this.#next++}`;
        const outputs = { ...inputs, arn: `arn:${id}` };
        this.things.set(id, outputs);
        if (inputs.fail === "ready") throw new NotReadyError(id, outputs, ["it is not ready"]);
        return { id, outputs };
      },
      update: async ({ id, inputs, preview }) => {
        if (preview) return { outputs: inputs };
        await this.#work("update", inputs);
        const outputs = { ...inputs, arn: `arn:${id}` };
        this.things.set(id, outputs);
        if (inputs.fail === "ready") throw new NotReadyError(id, outputs, ["it is still not ready"]);
        return { outputs };
      },
      delete: async ({ id, oldInputs }) => {
        await this.#work("delete", oldInputs);
        this.things.delete(id);
      },
      read: async ({ id, inputs }) => {
        const thing = this.things.get(id);
        return thing === undefined ? undefined : { id, inputs: pickKeys(thing, inputs), outputs: thing };
      },
      close: async () => {
        this.calls.push("close");
      },
    };
  }
}

function pickKeys(thing: PropertyMap, like: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.keys(like).flatMap((key): [string, PropertyValue][] => {
      const value = thing[key];
      return value === undefined
        ? []
        : [[key, like[key] instanceof Secret && !isMap(value) ? new Secret(value) : value]];
    }),
  );
}
