import provider_pb from "@pulumi/pulumi/proto/provider_pb.js";
import { Plugin } from "./plugin.ts";
import { PluginConnection, type PluginOptions } from "./plugin-connection.ts";
import { readChecked, readDiff, writeProperties } from "./plugin-messages.ts";
import { containsUnknown, type PropertyMap } from "./property.ts";
import type { CheckResult, DiffResult, Provider, ProviderContext, ProviderFactory } from "./provider.ts";
import { ProviderError } from "./provider.ts";
import { parseUrn } from "./resource.ts";
import { restoreSecrecy } from "./secrecy.ts";
import { compareConfig, previewOnly } from "./unavailable.ts";

interface Running {
  readonly connection: Promise<PluginConnection>;
  /** A process can be configured once. */
  configured: boolean;
}

/**
 * Providers of a package that are plugins. The process that is asked about a provider's configuration becomes that
 * provider; it is told no secrets as such before it has said, when it is configured, that it knows them.
 */
export class PluginFactory implements ProviderFactory {
  readonly #options: PluginOptions;
  /** The latest process of each provider, by URN. */
  readonly #running = new Map<string, Running>();

  constructor(options: PluginOptions) {
    this.#options = options;
  }

  async checkConfig(config: PropertyMap, urn: string): Promise<CheckResult> {
    const { type, name } = parseUrn(urn);
    const request = new provider_pb.CheckRequest();
    request.setUrn(urn);
    request.setType(type);
    request.setName(name);
    request.setNews(writeProperties(config, { secrets: false }));
    const connection = await this.#ask(urn).connection;
    const response = await connection.call<provider_pb.CheckResponse>(
      (client, done) => client.checkConfig(request, done),
      { optional: true },
    );
    if (response === undefined) return { inputs: config, failures: [] };
    const { inputs, failures } = readChecked(response, name);
    return { inputs: restoreSecrecy(inputs, config), failures };
  }

  async diffConfig(olds: PropertyMap, news: PropertyMap, urn: string): Promise<DiffResult> {
    const { type, name } = parseUrn(urn);
    const request = new provider_pb.DiffRequest();
    request.setUrn(urn);
    request.setType(type);
    request.setName(name);
    request.setOlds(writeProperties(olds, { secrets: false }));
    request.setOldInputs(writeProperties(olds, { secrets: false }));
    request.setNews(writeProperties(news, { secrets: false }));
    const connection = await this.#ask(urn).connection;
    const response = await connection.call<provider_pb.DiffResponse>(
      (client, done) => client.diffConfig(request, done),
      { optional: true },
    );
    const compared = compareConfig(olds, news);
    if (response === undefined) return compared;
    const diff = readDiff(response);
    return diff.changes === "unknown" ? { ...diff, changes: compared.changes } : diff;
  }

  async configure(config: PropertyMap, { urn }: ProviderContext): Promise<Provider> {
    if (containsUnknown(config)) {
      return previewOnly((verb, name) => {
        throw new ProviderError(`can't ${verb} ${name}: the configuration of ${parseUrn(urn).name} is not known yet`);
      });
    }
    const running = this.#ask(urn).configured ? this.#start(urn) : this.#ask(urn);
    running.configured = true;
    const connection = await running.connection;
    try {
      return await Plugin.configure(connection, this.#options, config);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Ends the processes that nobody else has ended: those that were asked, and never configured. */
  async close(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.allSettled(all.map(async ({ connection }) => (await connection).close()));
  }

  #ask(urn: string): Running {
    return this.#running.get(urn) ?? this.#start(urn);
  }

  #start(urn: string): Running {
    const running = { connection: PluginConnection.open(this.#options), configured: false };
    // Whoever needs it hears that it does not start.
    running.connection.catch(() => {});
    this.#running.set(urn, running);
    return running;
  }
}
