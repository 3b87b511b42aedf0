import type { EventSink, Operation, Phase, ResourceRef } from "./events.ts";
import type { Ledger } from "./ledger.ts";
import { type PropertyMap, type PropertyValue, Secret } from "./property.ts";
import type { PropertyChange } from "./property-diff.ts";
import { NotReadyError, UnansweredError } from "./provider.ts";
import type { PendingOperation, ResourceState } from "./resource.ts";

export type Changes = ReadonlyMap<string, PropertyChange>;
export const NO_CHANGES: Changes = new Map();

/** One call of a provider that changes something, and what it means for the state. */
export interface Task {
  readonly ref: ResourceRef;
  readonly operation: Operation;
  readonly changes: Changes;
  readonly pending: PendingOperation["type"];
  /** The state as it will be, but for what the provider answers. */
  readonly planned: ResourceState;
  /** The recorded state whose place it takes. */
  readonly takesPlaceOf: ResourceState | undefined;
  /** Also recorded, but only once the task is done: the original of a replacement, which then has to be deleted. */
  readonly condemns: ResourceState | undefined;
  call(): Promise<{ readonly id: string; readonly outputs: PropertyMap }>;
}

/** Carries out tasks: tells of them, notes them as pending while they run, and records what came of them. */
export class Performer {
  readonly #phase: Phase;
  readonly #ledger: Ledger;
  readonly #emit: EventSink;

  constructor(phase: Phase, ledger: Ledger, emit: EventSink) {
    this.#phase = phase;
    this.#ledger = ledger;
    this.#emit = emit;
  }

  async perform(task: Task): Promise<ResourceState> {
    const started = performance.now();
    this.#emit({ kind: "resource-begin", phase: this.#phase, resource: task.ref, operation: task.operation });
    // Noted before the provider is asked: if the engine dies in between, the next run knows what may exist.
    let settled = await this.#begin(task);
    try {
      const { id, outputs } = await task.call();
      const state = this.#record(task, id, outputs, []);
      this.end(task.ref, task.operation, started, task.changes);
      return state;
    } catch (error) {
      // It exists, but isn't ready: recorded as such, so that the next run goes on with it.
      if (error instanceof NotReadyError) this.#record(task, error.id, error.outputs, error.reasons);
      if (error instanceof UnansweredError) settled = () => {};
      this.end(task.ref, task.operation, started, task.changes, errorText(error));
      throw new ReportedError(error);
    } finally {
      settled();
    }
  }

  #begin(task: Task): Promise<() => void> | (() => void) {
    if (this.#phase === "plan") return () => {};
    return this.#ledger.begin({ type: task.pending, resource: task.planned });
  }

  end(ref: ResourceRef, operation: Operation, started: number | undefined, changes: Changes, error?: string): void {
    this.#emit({
      kind: "resource-end",
      phase: this.#phase,
      resource: ref,
      operation,
      duration: started === undefined || this.#phase === "plan" ? 0 : Math.round(performance.now() - started),
      changes: Object.fromEntries(changes),
      ...(error === undefined ? {} : { error }),
    });
  }

  #record(task: Task, id: string, outputs: PropertyMap, initErrors: readonly string[]): ResourceState {
    const now = new Date().toISOString();
    const state: ResourceState = {
      ...task.planned,
      id,
      outputs: withSecrets(outputs, task.planned.additionalSecretOutputs),
      initErrors,
      created: task.planned.created ?? now,
      modified: now,
    };
    if (task.condemns !== undefined) this.#ledger.turn(task.condemns, { ...task.condemns, delete: true });
    this.#ledger.put(state, task.takesPlaceOf);
    this.#ledger.redone(state.urn, task.pending);
    return state;
  }
}

/** A failure that has been told of already; `cause` is the failure itself. */
export class ReportedError extends Error {
  override readonly name = "ReportedError";
  constructor(cause: unknown) {
    super(errorText(cause), { cause });
  }
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function withSecrets(outputs: PropertyMap, secretKeys: readonly string[]): PropertyMap {
  const marked = secretKeys.filter((key) => Object.hasOwn(outputs, key) && !(outputs[key] instanceof Secret));
  if (marked.length === 0) return outputs;
  return { ...outputs, ...Object.fromEntries(marked.map((key) => [key, new Secret(outputs[key] as PropertyValue)])) };
}
