import { containsUnknown, type PropertyMap } from "../property.ts";
import { type CreateRequest, type ProviderContext, ProviderError, type UpdateRequest } from "../provider.ts";
import { forcesConflicts } from "./annotations.ts";
import { isConflict, isOtherObject } from "./api-error.ts";
import { isBeingDeleted, previewOutputs, readRecorded, uidOf } from "./checkpoint.ts";
import type { Cluster } from "./cluster.ts";
import type { ApiResource } from "./discovery.ts";
import { explain, explainExists } from "./explain.ts";
import { type JsonMap, toJson } from "./json.ts";
import { isPatch, label, type ObjectRef, refOf } from "./kinds.ts";
import { isManagedBy } from "./managed-fields.ts";
import type { RunMemory } from "./memory.ts";
import { fieldManagerOf, isPulumiManager, managersOf, randomName } from "./naming.ts";
import { canStandIn, isFalseForStandIn, judgeDryRun } from "./preview.ts";
import { PREVIEW_BUDGET } from "./retry.ts";
import { Mask } from "./secrets.ts";
import { prepareUpdate } from "./write.ts";

/**
 * Previews by server-side dry run: admission, validation, quota and policies judge the object as they would in the real
 * run, and nothing is stored. Where the server can't judge, the inputs are what is known, and it is said why.
 */
export class Previewer {
  readonly #cluster: Cluster | undefined;
  readonly #memory: RunMemory;
  readonly #context: ProviderContext;
  /** Nothing can be judged, and that has been said. */
  #blind = false;

  constructor(cluster: Cluster | undefined, memory: RunMemory, context: ProviderContext) {
    this.#cluster = cluster;
    this.#memory = memory;
    this.#context = context;
  }

  create(request: CreateRequest): Promise<PropertyMap> {
    return this.#preview(request, undefined, "create", (dryRun) => this.#dryCreate(dryRun));
  }

  update(request: UpdateRequest): Promise<PropertyMap> {
    const { live, fieldManager } = readRecorded(request.oldOutputs);
    return this.#preview(request, live, "update", (dryRun) => this.#dryUpdate(dryRun, request, live, fieldManager));
  }

  async #preview(
    request: CreateRequest,
    recorded: JsonMap | undefined,
    action: "create" | "update",
    work: (dryRun: DryRun) => Promise<JsonMap | undefined>,
  ): Promise<PropertyMap> {
    const { inputs, urn } = request;
    const fallback = previewOutputs(inputs, inputs, recorded);
    if (this.#cluster === undefined) this.#goBlind("the cluster does not exist yet");
    if (containsUnknown(inputs)) {
      this.#context.log("debug", "not checked against the API server: some of its inputs are not known yet", urn);
      return fallback;
    }
    const body = toJson(inputs);
    const ref = refOf(body);
    this.#memory.changing(ref);
    if (this.#cluster === undefined || this.#blind) return fallback;
    const mask = new Mask(inputs);
    try {
      const resource = await this.#cluster.discovery.find(ref.apiVersion, ref.kind, PREVIEW_BUDGET);
      const live = await work({ request, cluster: this.#cluster, resource, ref, body, mask });
      return live === undefined ? fallback : previewOutputs(live, inputs, recorded);
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      request.signal.throwIfAborted();
      const verdict = judgeDryRun(error, ref, this.#memory);
      if (verdict.kind === "fail") throw new ProviderError(explain(error, action, ref, mask), { cause: error });
      const reason = mask.hide(verdict.reason);
      if (verdict.scope === "cluster") this.#goBlind(reason);
      else this.#context.log("debug", `${label(ref)}: not checked against the API server: ${reason}`, urn);
      return fallback;
    }
  }

  #goBlind(reason: string): void {
    if (this.#blind) return;
    this.#blind = true;
    this.#context.log("warning", `Kubernetes objects were not checked against the API server: ${reason}`);
  }

  async #dryCreate({ request, cluster, resource, ref, body, mask }: DryRun): Promise<JsonMap | undefined> {
    const manager = fieldManagerOf(request.urn, body, undefined);
    const options = { signal: request.signal, dryRun: true, budget: PREVIEW_BUDGET, manager, force: true };
    if (isPatch(request.type, ref.kind)) {
      // The object it patches may be made by this run, and must not appear to be made by the patch.
      const existing = await cluster.objects.get(resource, ref, options);
      if (existing === undefined) return undefined;
      const force = forcesConflicts(body) || cluster.config.patchForce;
      return (await cluster.objects.apply(resource, ref, body, undefined, { ...options, force })).body;
    }
    try {
      const { body: live, warnings } = await cluster.objects.create(resource, ref, body, options);
      this.#warn(request.urn, warnings, mask);
      return live;
    } catch (error) {
      if (!isConflict(error)) throw error;
      const existing = await cluster.objects.get(resource, ref, options);
      if (existing === undefined) throw error;
      return this.#onExisting({ request, cluster, resource, ref, body, mask }, manager, existing);
    }
  }

  /** An object stands where one is to be created; in a preview, it may only be there because nothing is deleted. */
  async #onExisting(dryRun: DryRun, manager: string, existing: JsonMap): Promise<JsonMap | undefined> {
    const { request, ref } = dryRun;
    if (this.#memory.isRecorded(request.urn, existing) || isBeingDeleted(existing))
      return this.#judgeStandIn(dryRun, manager);
    if (isManagedBy(existing, manager)) {
      const message = "exists already, created for this resource by a run that was interrupted: it would be taken over";
      this.#context.log("info", `${label(ref)} ${message}`, request.urn);
      return undefined;
    }
    if (!managersOf(existing).some(isPulumiManager)) throw new ProviderError(explainExists(ref, existing));
    // Another resource of this stack may give the name up in the same run.
    const message = "exists already, made by Pulumi for another resource: this fails unless the run deletes that first";
    this.#context.log("warning", `${label(ref)} ${message}`, request.urn);
    return undefined;
  }

  async #judgeStandIn(
    { request, cluster, resource, ref, body }: DryRun,
    manager: string,
  ): Promise<JsonMap | undefined> {
    if (!canStandIn(ref)) return undefined;
    const standIn = {
      ...ref,
      name: randomName(ref.name)
        .slice(-63)
        .replace(/^[^a-z0-9]+/, ""),
    };
    const options = { signal: request.signal, dryRun: true, budget: PREVIEW_BUDGET, manager, force: true };
    try {
      const { body: live } = await cluster.objects.create(resource, standIn, body, options);
      return { ...live, metadata: { ...(live.metadata as JsonMap), name: ref.name } };
    } catch (error) {
      if (isFalseForStandIn(error)) return undefined;
      if (error instanceof Error) error.message = error.message.replaceAll(standIn.name, ref.name);
      throw error;
    }
  }

  async #dryUpdate(
    { request, cluster, resource, ref, body, mask }: DryRun,
    update: UpdateRequest,
    recorded: JsonMap,
    recordedManager: string | undefined,
  ): Promise<JsonMap | undefined> {
    const manager = fieldManagerOf(request.urn, body, recordedManager);
    const job = {
      ref,
      inputs: update.inputs,
      manager,
      isPatch: isPatch(request.type, ref.kind),
      timeout: undefined,
      signal: request.signal,
      status: () => {},
      note: () => {},
      warn: () => {},
      recorded,
      recordedManager,
      ignoreChanges: update.ignoreChanges,
    };
    const prepared = job.isPatch
      ? { body, unmanaged: false, legacy: false }
      : await prepareUpdate(cluster, job, resource, body, false);
    // Managers are only migrated by the real run; until then our own older fields would conflict with us.
    const force = forcesConflicts(body) || cluster.config.patchForce || prepared.unmanaged || prepared.legacy;
    const uid = job.isPatch ? undefined : uidOf(recorded);
    const options = { signal: request.signal, dryRun: true, budget: PREVIEW_BUDGET, manager, force };
    try {
      const { body: live, warnings } = await cluster.objects.apply(resource, ref, prepared.body, uid, options);
      this.#warn(request.urn, warnings, mask);
      return live;
    } catch (error) {
      if (uid === undefined || !isOtherObject(error)) throw error;
      const message = "no longer exists as it was recorded (deleted outside of Pulumi): it would be created again";
      this.#context.log("info", `${label(ref)} ${message}`, request.urn);
      return this.#dryCreate({ request, cluster, resource, ref, body, mask });
    }
  }

  #warn(urn: string, warnings: readonly string[], mask: Mask): void {
    for (const warning of warnings) this.#context.log("warning", mask.hide(warning), urn);
  }
}

interface DryRun {
  readonly request: CreateRequest;
  readonly cluster: Cluster;
  readonly resource: ApiResource;
  readonly ref: ObjectRef;
  readonly body: JsonMap;
  readonly mask: Mask;
}
