import { PULUMI_INSTALL } from "./errors.ts";
import { equal, type PropertyMap } from "./property.ts";
import type { DiffResult, Provider, ProviderFactory } from "./provider.ts";
import { ProviderError } from "./provider.ts";

const NO_DIFF: DiffResult = { changes: "none", replaces: [], deleteBeforeReplace: false, stables: [], changed: [] };

/**
 * Stands for a package that the built-in engine has no provider for (AWS, say). Anything that would have to be done is
 * refused, with what does it; where a plan is made to be applied (`applying`), the plan already is.
 */
export function unavailableProvider(packageName: string, applying: boolean): ProviderFactory {
  const refuse = (verb: string, name: string): never => {
    throw new ProviderError(
      `the built-in engine can't ${verb} ${name}: it has no provider for ${packageName}. The Pulumi CLI has: ${PULUMI_INSTALL}`,
    );
  };
  const previewing = previewOnly(refuse);
  return {
    checkConfig: async (config) => ({ inputs: config, failures: [] }),
    diffConfig: async (olds, news) => compareConfig(olds, news),
    configure: async () =>
      applying
        ? {
            ...previewing,
            create: async ({ name }) => refuse("create", name),
            update: async ({ name }) => refuse("update", name),
          }
        : previewing,
  };
}

/**
 * Stands for a provider that can't be asked. It previews: whatever a resource is given, it would get, and the rest is not
 * known.
 */
export function previewOnly(refuse: (verb: string, name: string) => never): Provider {
  return {
    check: async ({ news }) => ({ inputs: news, failures: [] }),
    diff: async () => ({ ...NO_DIFF, changes: "unknown" }),
    create: async ({ inputs, preview, name }) => (preview ? { id: "", outputs: inputs } : refuse("create", name)),
    update: async ({ inputs, preview, name }) => (preview ? { outputs: inputs } : refuse("update", name)),
    delete: async ({ name }) => refuse("delete", name),
    read: async ({ name }) => refuse("read", name),
    close: async () => {},
  };
}

/** Whether a configuration has changed, where no provider says so itself: that alone replaces nothing. */
export function compareConfig(olds: PropertyMap, news: PropertyMap): DiffResult {
  return equal(olds, news) ? NO_DIFF : { ...NO_DIFF, changes: "some" };
}
