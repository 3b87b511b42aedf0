import type { PropertyMap } from "./property.ts";

/**
 * What the engine asks of a provider: Pulumi's ResourceProvider protocol in plain TypeScript. Two kinds implement it:
 * plugins over gRPC (`plugin.ts`), and the built-in Kubernetes provider (`kubernetes/`).
 *
 * Every method may throw `ProviderError`; anything else thrown is a bug in the provider.
 */
export interface Provider {
  /** Validates a resource's inputs and fills in what only the provider knows (names, defaults). */
  check(request: CheckRequest): Promise<CheckResult>;
  /** Compares the recorded state with checked inputs. Writes nothing. */
  diff(request: DiffRequest): Promise<DiffResult>;
  /** Creates the resource and waits until it is ready. With `preview`, creates nothing and returns what would be. */
  create(request: CreateRequest): Promise<CreateResult>;
  /** Changes the resource in place and waits until it is ready. With `preview`, writes nothing. */
  update(request: UpdateRequest): Promise<UpdateResult>;
  /** Deletes the resource and waits until it is gone. A resource that is already gone is success. */
  delete(request: DeleteRequest): Promise<void>;
  /**
   * Deletes what a create may have left that was interrupted and never answered. Providers that can't tell what is theirs
   * do without it.
   */
  abandon?(request: AbandonRequest): Promise<void>;
  /** The resource as it is now; `undefined` when it no longer exists. */
  read(request: ReadRequest): Promise<ReadResult | undefined>;
  /** Ends the provider's processes, connections and watches. */
  close(): Promise<void>;
}

/** How a provider is made from the inputs of its `pulumi:providers:<package>` resource. */
export interface ProviderFactory {
  /** Validates provider configuration; the result is recorded in state as the provider's inputs. */
  checkConfig(config: PropertyMap, urn: string): Promise<CheckResult>;
  /** Whether a changed configuration means another place altogether, so that all its resources are replaced. */
  diffConfig(olds: PropertyMap, news: PropertyMap, urn: string): Promise<DiffResult>;
  /** `config` may contain unknowns in a preview (a cluster that isn't there yet). */
  configure(config: PropertyMap, context: ProviderContext): Promise<Provider>;
}

export interface ProviderContext {
  readonly urn: string;
  /** Engine-wide cancellation: Ctrl-C, or a failed step. */
  readonly signal: AbortSignal;
  /** Progress of one resource, shown beside it ("3 of 5 replicas ready"); not kept. */
  status(urn: string, message: string): void;
  /** A message the user should see. */
  log(severity: Severity, message: string, urn?: string): void;
}

export type Severity = "debug" | "info" | "warning" | "error";

export interface Target {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
}

export interface CheckRequest extends Target {
  /** The inputs recorded in state, if any: names chosen before are kept. */
  readonly olds: PropertyMap | undefined;
  readonly news: PropertyMap;
}

export interface CheckResult {
  readonly inputs: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

export interface CheckFailure {
  /** Property path in Pulumi's notation: `spec.template.spec.containers[0].image`. */
  readonly property: string;
  readonly reason: string;
}

export interface DiffRequest extends Target {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly news: PropertyMap;
  readonly ignoreChanges: readonly string[];
}

export interface DiffResult {
  /** "unknown" lets the engine compare old and new inputs itself. */
  readonly changes: "none" | "some" | "unknown";
  /** Paths whose change needs a new resource. */
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
  /** Outputs that an update is sure not to change. */
  readonly stables: readonly string[];
  /** Paths of what changed, where the provider knows; empty lets the engine compare old and new inputs itself. */
  readonly changed: readonly string[];
}

export interface CreateRequest extends Target {
  readonly inputs: PropertyMap;
  /** Seconds; `undefined` leaves it to the provider. */
  readonly timeout: number | undefined;
  readonly preview: boolean;
  readonly signal: AbortSignal;
}

export interface CreateResult {
  /** Empty in a preview. */
  readonly id: string;
  readonly outputs: PropertyMap;
}

export interface UpdateRequest extends CreateRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly ignoreChanges: readonly string[];
}

export interface UpdateResult {
  readonly outputs: PropertyMap;
}

export interface DeleteRequest extends Target {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal;
}

export interface AbandonRequest extends Target {
  /** Checked inputs, as the interrupted create had them. */
  readonly inputs: PropertyMap;
}

export interface ReadRequest extends Target {
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

export interface ReadResult {
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

/** A failure the user can act on. The first line is the cause; the rest is detail, most telling first. */
export class ProviderError extends Error {
  override readonly name: string = "ProviderError";
}

/** The provider ended before it answered: nobody knows what was done. The operation stays noted as pending. */
export class UnansweredError extends ProviderError {
  override readonly name = "UnansweredError";
}

/**
 * The object was written but did not become ready. The engine records it (with `reasons` as its init errors), so that
 * the next run updates it and does not create it again.
 */
export class NotReadyError extends ProviderError {
  override readonly name = "NotReadyError";
  readonly id: string;
  readonly outputs: PropertyMap;
  readonly reasons: readonly string[];
  constructor(id: string, outputs: PropertyMap, reasons: readonly string[]) {
    super(reasons.join("\n"));
    this.id = id;
    this.outputs = outputs;
    this.reasons = reasons;
  }
}
