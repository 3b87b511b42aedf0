import { join } from "node:path";
import { UserError } from "./errors.ts";
import type { EventSink } from "./events.ts";
import { Judge } from "./judge.ts";
import { kubernetesProvider } from "./kubernetes/index.ts";
import { PluginFactory } from "./plugin-factory.ts";
import { startPolicyPack } from "./policy-pack.ts";
import {
  backendUrl,
  keepForOthers,
  loadProject,
  loadStackConfig,
  type Project,
  type StackConfig,
} from "./project/index.ts";
import type { PropertyMap, PropertyValue } from "./property.ts";
import { Secret } from "./property.ts";
import type { ProviderFactory } from "./provider.ts";
import { ProviderRegistry } from "./registry.ts";
import { type DeploymentInfo, type EngineServer, startServer } from "./server.ts";
import { type Backend, ensurePassphrase, openBackend, type Passphrase } from "./state/index.ts";
import { unavailableProvider } from "./unavailable.ts";

export interface SessionOptions {
  /** A folder of the project, or below it. */
  readonly directory: string;
  readonly stack: string;
  readonly env: NodeJS.ProcessEnv;
  readonly emit: EventSink;
  readonly signal: AbortSignal;
  /** Folders of policy packs, from the project's folder. */
  readonly policyPacks: readonly string[];
  /** Whether what is found to be done is going to be done. */
  readonly applying: boolean;
}

/** Organizations exist in Pulumi Cloud only; file backends call theirs this. */
export const ORGANIZATION = "organization";

/** Weft's own provider, which is written for this engine as well. */
const OWN_PROVIDER = "weft-native";

/** Everything that operations on a stack share: its files, the engine's server, providers and policy packs. */
export class Session implements AsyncDisposable {
  readonly options: SessionOptions;
  readonly project: Project;
  readonly config: StackConfig;
  readonly passphrase: Passphrase;
  readonly backend: Backend;
  readonly server: EngineServer;
  readonly registry: ProviderRegistry;
  readonly #plugins = new Map<string, PluginFactory>();

  private constructor(
    options: SessionOptions,
    project: Project,
    config: StackConfig,
    passphrase: Passphrase,
    backend: Backend,
    server: EngineServer,
  ) {
    this.options = options;
    this.project = project;
    this.config = config;
    this.passphrase = passphrase;
    this.backend = backend;
    this.server = server;
    const { emit, signal } = options;
    this.registry = new ProviderRegistry(
      (packageName) => this.#factory(packageName),
      (urn) => ({
        urn,
        signal,
        status: (resource, message) => emit({ kind: "resource-status", urn: resource, message }),
        log: (severity, text, resource) => {
          if (severity !== "debug") emit({ kind: "message", severity, text, ...(resource ? { urn: resource } : {}) });
        },
      }),
    );
  }

  static async open(options: SessionOptions): Promise<Session> {
    const { emit } = options;
    const project = await loadProject(options.directory);
    const passphrase = await ensurePassphrase(project, options.env);
    const config = await loadStackConfig(project, options.stack, passphrase);
    for (const text of [...project.warnings, ...config.warnings]) emit({ kind: "message", severity: "warning", text });
    const url = backendUrl(project, options.env);
    if (url === undefined)
      throw new UserError(`${project.file} names no backend; set backend.url or PULUMI_BACKEND_URL`);
    const backend = await openBackend(url, project.directory, options.env);
    if (options.applying) await keepForOthers(project, options.env, passphrase);
    const server = await startServer(({ severity, text, urn, ephemeral }) => {
      if (severity === "debug") return;
      if (ephemeral && urn !== "") emit({ kind: "resource-status", urn, message: text });
      else emit({ kind: "message", severity, text, ...(urn === "" ? {} : { urn }) });
    });
    return new Session(options, project, config, passphrase, backend, server);
  }

  get reference(): { readonly project: string; readonly stack: string } {
    return { project: this.project.name, stack: this.options.stack };
  }

  /** Starts the policy packs; they come up while the program does. */
  judge(): Judge & AsyncDisposable {
    const { emit, signal, policyPacks } = this.options;
    const starts = policyPacks.map(async (directory) => {
      const pack = await startPolicyPack({
        directory,
        projectDirectory: this.project.directory,
        ...this.reference,
        organization: ORGANIZATION,
        // It is said once, when a pack starts, and the plan comes first.
        dryRun: true,
        config: this.config.values,
        configSecretKeys: this.config.secretKeys,
        engineAddress: this.server.address,
        env: this.#environmentOf("policy-pack"),
        onOutput: (text) => emit({ kind: "message", severity: "info", text }),
        signal,
      });
      const enabled = pack.policies.filter(({ enforcementLevel }) => enforcementLevel !== "disabled");
      emit({ kind: "policy-loaded", pack: pack.name, version: pack.version, policies: enabled.length });
      return pack;
    });
    const packs = Promise.all(starts);
    // Whoever judges first hears of a pack that does not start.
    packs.catch(() => {});
    return Object.assign(new Judge(packs, emit), {
      [Symbol.asyncDispose]: async () => {
        // Each by itself: one that does not start must not keep the others alive.
        await Promise.allSettled(starts.map(async (start) => (await start).close()));
      },
    });
  }

  info(dryRun: boolean): DeploymentInfo {
    return {
      ...this.reference,
      organization: ORGANIZATION,
      config: this.config.values,
      configSecretKeys: this.config.secretKeys,
      dryRun,
      parallel: 64,
    };
  }

  /** Of the program. */
  get childEnvironment(): NodeJS.ProcessEnv {
    return this.#environmentOf("program");
  }

  /** Configuration of a package's default provider: the keys of its namespace. */
  defaultProviderConfig(packageName: string): PropertyMap {
    const prefix = `${packageName}:`;
    const own = Object.entries(this.config.values).filter(([key]) => key.startsWith(prefix));
    return Object.fromEntries(
      own.map(([key, value]): [string, PropertyValue] => [
        key.slice(prefix.length),
        this.config.secretKeys.includes(key) ? new Secret(value) : value,
      ]),
    );
  }

  /** Whether the built-in engine can do anything about resources of a package. */
  hasProvider(packageName: string): boolean {
    return packageName === "kubernetes" || this.project.providerPlugins.some(({ name }) => name === packageName);
  }

  get disabledDefaultProviders(): ReadonlySet<string> {
    const text = this.config.values["pulumi:disable-default-providers"];
    if (text === undefined) return new Set();
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list) && list.every((name) => typeof name === "string")) return new Set(list);
    } catch {}
    throw new UserError(
      `${this.config.file}: pulumi:disable-default-providers must be a list of packages such as ["kubernetes"], not ${text}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry.close();
    await Promise.all([...this.#plugins.values()].map((plugins) => plugins.close()));
    await this.server.close();
  }

  /**
   * Children need neither the key to the state nor to compile their modules anew each time. Kinds of them keep what they
   * compiled apart: Pulumi's SDK sets options of V8 at another point in each, which makes what others compiled useless.
   */
  #environmentOf(kind: string): NodeJS.ProcessEnv {
    const { PULUMI_CONFIG_PASSPHRASE: _, PULUMI_CONFIG_PASSPHRASE_FILE: __, ...env } = this.options.env;
    return { NODE_COMPILE_CACHE: join(this.project.directory, "node_modules/.cache/weft", kind), ...env };
  }

  #factory(packageName: string): ProviderFactory {
    if (packageName === "kubernetes") return kubernetesProvider;
    const plugin = this.project.providerPlugins.find(({ name }) => name === packageName);
    if (plugin === undefined) return unavailableProvider(packageName, this.options.applying);
    const known = this.#plugins.get(packageName);
    if (known !== undefined) return known;
    const plugins = new PluginFactory({
      packageName,
      executable: join(plugin.path, `pulumi-resource-${packageName}`),
      directory: plugin.path,
      env: this.#environmentOf("plugin"),
      engineAddress: () => this.server.address,
      signal: this.options.signal,
      deletesAbandoned: packageName === OWN_PROVIDER,
    });
    this.#plugins.set(packageName, plugins);
    return plugins;
  }
}
