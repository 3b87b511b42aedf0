import type { PropertyMap } from "../property.ts";
import { type Provider, type ProviderContext, ProviderError, type ProviderFactory } from "../provider.ts";
import { checkConfig, diffConfig, parseConfig } from "./config.ts";
import { KubernetesProvider } from "./provider.ts";

/** Makes providers for `pulumi:providers:kubernetes` resources. It stands in for the official provider 4.34. */
export const kubernetesProvider: ProviderFactory = {
  async checkConfig(config: PropertyMap) {
    return checkConfig(config, process.env);
  },
  async diffConfig(olds: PropertyMap, news: PropertyMap) {
    return diffConfig(olds, news);
  },
  async configure(config: PropertyMap, context: ProviderContext): Promise<Provider> {
    try {
      return new KubernetesProvider(parseConfig(config), context);
    } catch (error) {
      throw new ProviderError(`kubeconfig ${error instanceof Error ? error.message : String(error)}`);
    }
  },
};
