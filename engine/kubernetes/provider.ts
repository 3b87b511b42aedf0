import { containsUnknown, type PropertyMap, unwrapSecrets } from "../property.ts";
import {
  type AbandonRequest,
  type CheckRequest,
  type CheckResult,
  type CreateRequest,
  type CreateResult,
  type DeleteRequest,
  type DiffRequest,
  type DiffResult,
  type Provider,
  type ProviderContext,
  ProviderError,
  type ReadRequest,
  type ReadResult,
  type UpdateRequest,
  type UpdateResult,
} from "../provider.ts";
import { abandonObject } from "./abandon.ts";
import { replacesUnready } from "./annotations.ts";
import { UnknownKindError, UnreachableError } from "./api-error.ts";
import { jobStatus } from "./await/workload.ts";
import { checkInputs, needsNamespace } from "./check.ts";
import { makeOutputs, readRecorded, recordedInputs } from "./checkpoint.ts";
import { Cluster } from "./cluster.ts";
import type { ProviderConfig } from "./config.ts";
import { connectTo } from "./connection.ts";
import { diffObjects } from "./diff.ts";
import { explainUnreachable } from "./explain.ts";
import { explaining, recordingUnready } from "./failures.ts";
import type { WriteJob } from "./job.ts";
import { type JsonMap, textAt, toJson } from "./json.ts";
import { idOf, isNamespaced, isPatch, label, type ObjectRef, refOf, requireObjectType, resourceRef } from "./kinds.ts";
import { RunMemory } from "./memory.ts";
import { fieldManagerOf } from "./naming.ts";
import { normalizeInputs } from "./normalize.ts";
import { unpatchObject } from "./patch.ts";
import { Previewer } from "./previewer.ts";
import { inputsFromLive } from "./read-inputs.ts";
import { deleteObject } from "./remove.ts";
import { DEFAULT_BUDGET, PREVIEW_BUDGET, type RetryBudget } from "./retry.ts";
import { Mask } from "./secrets.ts";
import { createObject, updateObject } from "./write.ts";

/**
 * The Kubernetes provider of the built-in engine: what the official provider does, in process. State that one of the two
 * wrote, the other goes on with.
 */
export class KubernetesProvider implements Provider {
  readonly #config: ProviderConfig;
  readonly #context: ProviderContext;
  readonly #memory = new RunMemory();
  readonly #cluster: Cluster | undefined;
  readonly #previewer: Previewer;
  readonly #warned = new Set<string>();

  constructor(config: ProviderConfig, context: ProviderContext) {
    this.#config = config;
    this.#context = context;
    const { kubeconfig, overrides, requestTimeout } = config;
    this.#cluster =
      kubeconfig === undefined
        ? undefined
        : new Cluster(config, connectTo(kubeconfig, overrides, requestTimeout), context.signal);
    const warn = (urn: string, warnings: readonly string[], mask: Mask) => this.#warn(urn, warnings, mask);
    this.#previewer = new Previewer(this.#cluster, this.#memory, context, warn);
    if (config.unused.length > 0) {
      const names = config.unused.map((name) => `kubeClientSettings.${name}`).join(", ");
      context.log("info", `${names}: not used by the built-in engine, which bounds the requests in flight instead`);
    }
  }

  async check(request: CheckRequest): Promise<CheckResult> {
    const { type, name, olds, news } = request;
    try {
      requireObjectType(type);
    } catch (error) {
      throw new ProviderError(error instanceof Error ? error.message : String(error));
    }
    const namespaced = await this.#namespaced(request);
    if (!namespaced && !needsNamespace(news)) {
      this.#warn(request.urn, [`${news.kind} objects have no namespace: metadata.namespace means nothing`], undefined);
    }
    return checkInputs({ type, name, olds, news, defaultNamespace: this.#config.defaultNamespace, namespaced });
  }

  /** Asks the API server only for a custom resource that leaves its namespace open and was never recorded. */
  async #namespaced({ news, olds }: CheckRequest): Promise<boolean> {
    const [apiVersion, kind] = [String(news.apiVersion), String(news.kind)];
    const known = isNamespaced(apiVersion, kind);
    if (known !== undefined || !needsNamespace(news)) return known ?? true;
    if (olds !== undefined && olds.apiVersion === apiVersion && olds.kind === kind) return !needsNamespace(olds);
    try {
      const resource = await this.#cluster?.discovery.find(apiVersion, kind, PREVIEW_BUDGET);
      return resource?.namespaced ?? true;
    } catch (error) {
      // Its definition comes later in the run; most custom resources have a namespace.
      if (error instanceof UnknownKindError || error instanceof UnreachableError) return true;
      throw new ProviderError(error instanceof Error ? error.message : String(error));
    }
  }

  async diff(request: DiffRequest): Promise<DiffResult> {
    const { urn, type, news } = request;
    const { live } = readRecorded(request.oldOutputs);
    this.#memory.recorded(urn, live);
    const result = diffObjects({
      olds: recordedInputs(request.oldInputs, request.oldOutputs),
      liveName: textAt(live, "metadata", "name"),
      news,
      ignoreChanges: request.ignoreChanges,
      mutability: { configMaps: this.#config.configMapsMutable, secrets: this.#config.secretsMutable },
      isPatch: isPatch(type, String(news.kind)),
    });
    if (containsUnknown(news) || !replacesUnready(toJson(news))) return result;
    const path = 'metadata.annotations["pulumi.com/replaceUnready"]';
    if (!(await this.#isUnreadyJob(request, live))) return result;
    return { ...result, changes: "some", replaces: [...result.replaces, path], changed: [...result.changed, path] };
  }

  /** Only Jobs can be asked to be replaced when they are not done; for anything else the annotation is a mistake. */
  async #isUnreadyJob(request: DiffRequest, live: JsonMap): Promise<boolean> {
    if (live.kind !== "Job") {
      this.#warn(request.urn, ["pulumi.com/replaceUnready has a meaning for Jobs only"], undefined);
      return false;
    }
    if (this.#cluster === undefined) return false;
    const { objects, discovery, signal } = this.#cluster;
    const ref = resourceRef(request.type, live, request.id);
    const mask = new Mask(request.news, request.oldInputs);
    return explaining({ action: "read", ref, mask, signal }, async () => {
      const resource = await discovery.find(ref.apiVersion, ref.kind, PREVIEW_BUDGET);
      const now = await objects.get(resource, ref, { signal, budget: PREVIEW_BUDGET });
      return now !== undefined && jobStatus(now).kind !== "ready";
    });
  }

  async create(request: CreateRequest): Promise<CreateResult> {
    const inputs = normalizeInputs(request.inputs);
    if (request.preview) return { id: "", outputs: await this.#previewer.create({ ...request, inputs }) };
    const body = toJson(inputs);
    const manager = fieldManagerOf(request.urn, body, undefined);
    const ref = refOf(body);
    const mask = new Mask(inputs);
    const job = {
      ...this.#job(request, inputs, ref, manager, mask),
      replaces: (object: JsonMap) => this.#memory.isRecorded(request.urn, object),
    };
    const outputs = (live: JsonMap) => makeOutputs(live, inputs, manager, ref.apiVersion);
    return explaining({ action: "create", ref, mask, signal: job.signal }, async () => {
      const live = await recordingUnready(mask, outputs, () => createObject(this.#requireCluster(), job));
      return { id: idOf(refOf(live)), outputs: outputs(live) };
    });
  }

  async update(request: UpdateRequest): Promise<UpdateResult> {
    const inputs = normalizeInputs(request.inputs);
    if (request.preview) return { outputs: await this.#previewer.update({ ...request, inputs }) };
    const recorded = readRecorded(request.oldOutputs);
    const body = toJson(inputs);
    const manager = fieldManagerOf(request.urn, body, recorded.fieldManager);
    const ref = refOf(body);
    const mask = new Mask(inputs, request.oldInputs);
    const job = {
      ...this.#job(request, inputs, ref, manager, mask),
      recorded: recorded.live,
      recordedManager: recorded.fieldManager,
      ignoreChanges: request.ignoreChanges,
    };
    const version = recorded.initialApiVersion ?? textAt(recorded.live, "apiVersion") ?? ref.apiVersion;
    const outputs = (live: JsonMap) => makeOutputs(live, inputs, manager, version);
    return explaining({ action: "update", ref, mask, signal: job.signal }, async () => {
      const live = await recordingUnready(mask, outputs, () => updateObject(this.#requireCluster(), job));
      return { outputs: outputs(live) };
    });
  }

  async delete(request: DeleteRequest): Promise<void> {
    const recorded = readRecorded(request.oldOutputs);
    const inputs = recordedInputs(request.oldInputs, request.oldOutputs);
    const ref = resourceRef(request.type, recorded.live, request.id);
    const mask = new Mask(inputs);
    const cluster = this.#requireCluster();
    const signal = AbortSignal.any([request.signal, cluster.signal]);
    await explaining({ action: "delete", ref, mask, signal }, async () => {
      try {
        if (isPatch(request.type, ref.kind)) {
          const manager = fieldManagerOf(request.urn, toJson(inputs), recorded.fieldManager);
          await unpatchObject(cluster, ref, manager, { signal, budget: this.#patience() });
        } else {
          const told = this.#telling(request.urn, ref, mask);
          const job = { ref, inputs: toJson(inputs), timeout: request.timeout, signal, budget: this.#patience() };
          await deleteObject(cluster, { ...job, ...told, recorded: recorded.live });
        }
      } catch (error) {
        if (!this.#forgetsUnreachable(error, request.urn, ref)) throw error;
      }
    });
  }

  async abandon({ urn, type, inputs: planned }: AbandonRequest): Promise<void> {
    const inputs = toJson(normalizeInputs(planned));
    const [ref, mask, cluster] = [refOf(inputs), new Mask(planned), this.#requireCluster()];
    const { signal } = cluster;
    const job = { urn, type, ref, inputs, timeout: undefined, signal, budget: this.#patience() };
    await explaining({ action: "delete", ref, mask, signal }, () =>
      abandonObject(cluster, { ...job, ...this.#telling(urn, ref, mask) }),
    );
  }

  async read(request: ReadRequest): Promise<ReadResult | undefined> {
    const recorded = readRecorded(request.outputs);
    const inputs = recordedInputs(request.inputs, request.outputs);
    const known = recorded.live.kind === undefined ? (unwrapSecrets(inputs) as JsonMap) : recorded.live;
    const ref = resourceRef(request.type, known, request.id);
    const cluster = this.#requireCluster();
    return explaining({ action: "read", ref, mask: new Mask(inputs), signal: cluster.signal }, async () => {
      let live: JsonMap | undefined;
      try {
        const budget = this.#patience();
        const resource = await cluster.discovery.findServed(ref.apiVersion, ref.kind, budget);
        live = await cluster.objects.get(resource, ref, { signal: cluster.signal, budget });
      } catch (error) {
        if (error instanceof UnknownKindError || this.#forgetsUnreachable(error, request.urn, ref)) return undefined;
        throw error;
      }
      if (live === undefined) return undefined;
      this.#memory.recorded(request.urn, live);
      const found = inputsFromLive(live, inputs);
      const manager = fieldManagerOf(request.urn, live, recorded.fieldManager);
      const version = recorded.initialApiVersion ?? ref.apiVersion;
      return { id: request.id, inputs: found, outputs: makeOutputs(live, found, manager, version) };
    });
  }

  async close(): Promise<void> {
    await this.#cluster?.close();
  }

  #job(request: CreateRequest, inputs: PropertyMap, ref: ObjectRef, manager: string, mask: Mask): WriteJob {
    const { urn } = request;
    return {
      ref,
      inputs,
      manager,
      isPatch: isPatch(request.type, ref.kind),
      timeout: request.timeout,
      signal: AbortSignal.any([request.signal, this.#requireCluster().signal]),
      ...this.#telling(urn, ref, mask),
      warn: (warnings) => this.#warn(urn, warnings, mask),
    };
  }

  /** What is said of an object on the way, without secrets. */
  #telling(urn: string, ref: ObjectRef, mask: Mask) {
    return {
      status: (message: string) => this.#context.status(urn, mask.hide(message)),
      note: (message: string) => this.#context.log("info", `${label(ref)}: ${mask.hide(message)}`, urn),
    };
  }

  #requireCluster(): Cluster {
    if (this.#cluster !== undefined) return this.#cluster;
    throw new ProviderError(
      "the Kubernetes provider's kubeconfig is not known, so nothing can be done with its objects",
    );
  }

  /** Who reckons with a cluster that is gone is not kept waiting for it. */
  #patience(): RetryBudget {
    return this.#config.deleteUnreachable ? PREVIEW_BUDGET : DEFAULT_BUDGET;
  }

  /** With `deleteUnreachable`, a cluster that is gone took its objects with it. */
  #forgetsUnreachable(error: unknown, urn: string, ref: ObjectRef): boolean {
    if (!this.#config.deleteUnreachable || !(error instanceof UnreachableError)) return false;
    this.#context.log(
      "warning",
      `${label(ref)} is taken for deleted (deleteUnreachable): ${explainUnreachable(error)}`,
      urn,
    );
    return true;
  }

  /** Each warning once for each resource: previews and retries bring them again. */
  #warn(urn: string, warnings: readonly string[], mask: Mask | undefined): void {
    for (const warning of warnings) {
      const key = `${urn} ${warning}`;
      if (this.#warned.has(key)) continue;
      this.#warned.add(key);
      if (this.#config.suppressDeprecationWarnings && /\bdeprecated\b/i.test(warning)) continue;
      this.#context.log("warning", mask?.hide(warning) ?? warning, urn);
    }
  }
}
