import type { PropertyMap } from "../../property.ts";
import type { DiffResult, Provider, ReadResult } from "../../provider.ts";
import { kubernetesProvider } from "../index.ts";
import { mapAt, textAt } from "../json.ts";

/** A resource as an engine would have recorded it. */
export interface Recorded {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

export interface CallOptions {
  /** The resource's name in the program. @default - kind and name of the object */
  readonly name?: string;
  readonly type?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly ignoreChanges?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Calls a provider as the engine does: check before everything, diff before an update. */
export class Driver {
  readonly provider: Provider;
  /** "severity message", in order. */
  readonly logs: string[];
  /** What was shown beside resources while they were waited for. */
  readonly statuses: string[];

  private constructor(provider: Provider, logs: string[], statuses: string[]) {
    this.provider = provider;
    this.logs = logs;
    this.statuses = statuses;
  }

  static async start(config: PropertyMap, signal = new AbortController().signal): Promise<Driver> {
    const { failures } = await kubernetesProvider.checkConfig(config, "urn:provider");
    if (failures.length > 0)
      throw new Error(failures.map(({ property, reason }) => `${property} ${reason}`).join("; "));
    const [logs, statuses]: [string[], string[]] = [[], []];
    const provider = await kubernetesProvider.configure(config, {
      urn: "urn:provider",
      signal,
      status: (_, message) => statuses.push(message),
      log: (severity, message) => logs.push(`${severity} ${message}`),
    });
    return new Driver(provider, logs, statuses);
  }

  /** Checks inputs; throws when any is wrong. */
  async check(object: PropertyMap, olds: PropertyMap | undefined, options: CallOptions = {}) {
    const target = targetOf(object, options);
    const { inputs, failures } = await this.provider.check({ ...target, olds, news: object });
    if (failures.length > 0)
      throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join("; "));
    return { target, inputs };
  }

  async create(object: PropertyMap, options: CallOptions = {}): Promise<Recorded> {
    const { target, inputs } = await this.check(object, undefined, options);
    const { id, outputs } = await this.provider.create({ ...target, inputs, ...calling(options, false) });
    return { ...target, id, inputs, outputs };
  }

  /** What a preview says the outputs would be. */
  async previewCreate(object: PropertyMap, options: CallOptions = {}): Promise<PropertyMap> {
    const { target, inputs } = await this.check(object, undefined, options);
    return (await this.provider.create({ ...target, inputs, ...calling(options, true) })).outputs;
  }

  async diff(recorded: Recorded, object: PropertyMap, options: CallOptions = {}): Promise<DiffResult> {
    const { inputs } = await this.check(object, recorded.inputs, {
      ...options,
      name: recorded.name,
      type: recorded.type,
    });
    return this.#diff(recorded, inputs, options);
  }

  #diff(recorded: Recorded, news: PropertyMap, { ignoreChanges = [] }: CallOptions): Promise<DiffResult> {
    const { urn, type, name, id, inputs: oldInputs, outputs: oldOutputs } = recorded;
    return this.provider.diff({ urn, type, name, id, oldInputs, oldOutputs, news, ignoreChanges });
  }

  async update(recorded: Recorded, object: PropertyMap, options: CallOptions = {}): Promise<Recorded> {
    const { inputs, outputs } = await this.#update(recorded, object, options, false);
    return { ...recorded, inputs, outputs };
  }

  async previewUpdate(recorded: Recorded, object: PropertyMap, options: CallOptions = {}): Promise<PropertyMap> {
    return (await this.#update(recorded, object, options, true)).outputs;
  }

  async #update(recorded: Recorded, object: PropertyMap, options: CallOptions, preview: boolean) {
    const { urn, type, name, id, inputs: oldInputs, outputs: oldOutputs } = recorded;
    const { inputs } = await this.check(object, oldInputs, { ...options, name, type });
    await this.#diff(recorded, inputs, options);
    const { ignoreChanges = [] } = options;
    const request = { urn, type, name, id, inputs, oldInputs, oldOutputs, ignoreChanges, ...calling(options, preview) };
    return { inputs, outputs: (await this.provider.update(request)).outputs };
  }

  async delete(recorded: Recorded, options: CallOptions = {}): Promise<void> {
    const { urn, type, name, id, inputs: oldInputs, outputs: oldOutputs } = recorded;
    const { timeout, signal } = calling(options, false);
    await this.provider.delete({ urn, type, name, id, oldInputs, oldOutputs, timeout, signal });
  }

  read(recorded: Recorded): Promise<ReadResult | undefined> {
    const { urn, type, name, id, inputs, outputs } = recorded;
    return this.provider.read({ urn, type, name, id, inputs, outputs });
  }

  close(): Promise<void> {
    return this.provider.close();
  }
}

/** A value of a recorded object's outputs. */
export function output(recorded: Pick<Recorded, "outputs">, ...path: readonly string[]): unknown {
  const above = mapAt(recorded.outputs as never, ...path.slice(0, -1));
  return above[path.at(-1) ?? ""];
}

function calling(options: CallOptions, preview: boolean) {
  return { timeout: options.timeout, preview, signal: options.signal ?? new AbortController().signal };
}

function targetOf(object: PropertyMap, options: CallOptions) {
  const apiVersion = String(object.apiVersion);
  const module = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
  const type = options.type ?? `kubernetes:${module}:${String(object.kind)}`;
  const name = options.name ?? `${String(object.kind).toLowerCase()}-${textAt(object.metadata as never, "name")}`;
  return { urn: `urn:pulumi:test::weft::${type}::${name}`, type, name };
}
