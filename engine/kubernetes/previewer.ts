import { containsUnknown, type PropertyMap } from "../property.ts";
import {
  type CreateRequest,
  type ProviderContext,
  ProviderError,
  type Severity,
  type UpdateRequest,
} from "../provider.ts";
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
import { applyOver } from "./ownership.ts";
import { canStandIn, isFalseForStandIn, judgeDryRun } from "./preview.ts";
import { PREVIEW_BUDGET } from "./retry.ts";
import { Mask } from "./secrets.ts";
import { prepareUpdate } from "./write.ts";

type Warn = (urn: string, warnings: readonly string[], mask: Mask) => void;

/** Every object there is. */
const ALL = "Kubernetes";

/**
 * Previews by server-side dry run: admission, validation, quota and policies judge the object as they would in the real
 * run, and nothing is stored. Where the server can't judge, the inputs are what is known, and it is said why.
 */
export class Previewer {
  readonly #cluster: Cluster | undefined;
  readonly #memory: RunMemory;
  readonly #context: ProviderContext;
  readonly #warn: Warn;
  /** What can't be judged, and has been said to be so. */
  readonly #unchecked = new Set<string>();

  /** `warn` tells what the API server warns of. */
  constructor(cluster: Cluster | undefined, memory: RunMemory, context: ProviderContext, warn: Warn) {
    this.#cluster = cluster;
    this.#memory = memory;
    this.#context = context;
    this.#warn = warn;
  }

  create(request: CreateRequest): Promise<PropertyMap> {
    return this.#preview(request, undefined, "create", (dryRun) => this.#dryCreate(dryRun));
  }

  update(request: UpdateRequest): Promise<PropertyMap> {
    const { live, fieldManager } = readRecorded(request.oldOutputs);
    return this.#preview(request, live, "update", (dryRun) => this.#dryUpdate(dryRun, request, live, fieldManager));
  }

  async #preview(
    request: CreateRequest | UpdateRequest,
    recorded: JsonMap | undefined,
    action: "create" | "update",
    work: (dryRun: DryRun) => Promise<JsonMap | undefined>,
  ): Promise<PropertyMap> {
    const { inputs, urn } = request;
    const fallback = previewOutputs(inputs, inputs, recorded);
    // The first run makes the cluster: nobody has to do anything about it.
    if (this.#cluster === undefined) this.#tellUnchecked("info", ALL, "the cluster does not exist yet");
    if (containsUnknown(inputs)) {
      this.#context.log("debug", "not checked against the API server: some of its inputs are not known yet", urn);
      return fallback;
    }
    const body = toJson(inputs);
    const ref = refOf(body);
    this.#memory.changing(ref);
    if (this.#cluster === undefined || this.#unchecked.has(ALL)) return fallback;
    // A message may quote the object as it is now.
    const mask = new Mask(inputs, "oldInputs" in request ? request.oldInputs : undefined);
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
      if (verdict.scope === "cluster") this.#tellUnchecked("warning", ALL, reason);
      else if (verdict.scope === "kind") this.#tellUnchecked("warning", ref.kind, reason);
      else this.#context.log("debug", `${label(ref)}: not checked against the API server: ${reason}`, urn);
      return fallback;
    }
  }

  /** Once: what keeps one from being judged keeps the others too. */
  #tellUnchecked(severity: Severity, what: string, reason: string): void {
    if (this.#unchecked.has(what)) return;
    this.#unchecked.add(what);
    this.#context.log(severity, `${what} objects were not checked against the API server: ${reason}`);
  }

  async #dryCreate(dryRun: DryRun): Promise<JsonMap | undefined> {
    const { request, cluster, resource, ref, body, mask } = dryRun;
    if (isPatch(request.type, ref.kind)) return this.#dryPatch(dryRun, undefined);
    const manager = fieldManagerOf(request.urn, body, undefined);
    const options = { signal: request.signal, dryRun: true, budget: PREVIEW_BUDGET, manager, force: true };
    try {
      const { body: live, warnings } = await cluster.objects.create(resource, ref, body, options);
      this.#warn(request.urn, warnings, mask);
      return live;
    } catch (error) {
      if (!isConflict(error)) throw error;
      const existing = await cluster.objects.get(resource, ref, options);
      if (existing === undefined) throw error;
      return this.#onExisting(dryRun, manager, existing);
    }
  }

  /** The object that is patched may be made by this run, and must not appear to be made by the patch. */
  async #dryPatch(dryRun: DryRun, former: string | undefined): Promise<JsonMap | undefined> {
    const { request, cluster, resource, ref, body, mask } = dryRun;
    const manager = fieldManagerOf(request.urn, body, former);
    const force = forcesConflicts(body) || cluster.config.patchForce;
    const options = { signal: request.signal, dryRun: true, budget: PREVIEW_BUDGET, manager, force };
    const existing = await cluster.objects.get(resource, ref, options);
    if (existing === undefined) return undefined;
    const answer = await applyOver(cluster, resource, ref, body, uidOf(existing), former, options);
    this.#warn(request.urn, answer.warnings, mask);
    return answer.body;
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
    dryRun: DryRun,
    update: UpdateRequest,
    recorded: JsonMap,
    recordedManager: string | undefined,
  ): Promise<JsonMap | undefined> {
    const { request, cluster, resource, ref, body, mask } = dryRun;
    if (isPatch(request.type, ref.kind)) return this.#dryPatch(dryRun, recordedManager);
    const manager = fieldManagerOf(request.urn, body, recordedManager);
    const job = {
      ref,
      inputs: update.inputs,
      manager,
      isPatch: false,
      timeout: undefined,
      signal: request.signal,
      budget: PREVIEW_BUDGET,
      status: () => {},
      note: () => {},
      warn: () => {},
      recorded,
      recordedManager,
      ignoreChanges: update.ignoreChanges,
    };
    const prepared = await prepareUpdate(cluster, job, resource, body, false);
    // Managers are only migrated by the real run; until then our own older fields would conflict with us.
    const force = forcesConflicts(body) || cluster.config.patchForce || prepared.unmanaged || prepared.legacy;
    const options = { signal: request.signal, dryRun: true, budget: PREVIEW_BUDGET, manager, force };
    const uid = uidOf(recorded);
    try {
      const answer = await applyOver(cluster, resource, ref, prepared.body, uid, recordedManager, options);
      this.#warn(request.urn, answer.warnings, mask);
      return answer.body;
    } catch (error) {
      if (!isOtherObject(error)) throw error;
      const message = "no longer exists as it was recorded (deleted outside of Pulumi): it would be created again";
      this.#context.log("info", `${label(ref)} ${message}`, request.urn);
      return this.#dryCreate(dryRun);
    }
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
