import type { Registered } from "../custom-resources.ts";
import { Deployment } from "../deployment.ts";
import type { EngineEvent, Operation, Phase } from "../events.ts";
import { type Goal, plainGoal } from "../goal.ts";
import type { Judge } from "../judge.ts";
import type { PropertyMap } from "../property.ts";
import { ProviderRegistry } from "../registry.ts";
import { EMPTY_SNAPSHOT, type Snapshot } from "../resource.ts";
import { integrityProblems } from "../state/integrity.ts";
import { FakeCloud } from "./fake-cloud.ts";

export interface RunResult {
  readonly snapshot: Snapshot;
  readonly events: readonly EngineEvent[];
  readonly failures: readonly string[];
  /** `operation name` of everything that was not the same, in the order of its end. */
  readonly operations: readonly string[];
}

export interface RunOptions {
  readonly phase?: Phase;
  readonly base?: Snapshot;
  readonly signal?: AbortSignal;
  readonly judge?: Judge;
  readonly onChange?: (snapshot: Snapshot) => void;
  readonly defaultProviderConfig?: PropertyMap;
  readonly disabled?: readonly string[];
}

/** Runs a "program", which is a function that registers resources, against a cloud in memory. */
export class Harness {
  readonly cloud = new FakeCloud();
  #snapshot: Snapshot = EMPTY_SNAPSHOT;

  async run(program: (deployment: Program) => Promise<unknown>, options: RunOptions = {}): Promise<RunResult> {
    const events: EngineEvent[] = [];
    const signal = options.signal ?? new AbortController().signal;
    const registry = new ProviderRegistry(
      () => this.cloud.factory,
      (urn) => ({ urn, signal, status: () => {}, log: () => {} }),
    );
    const broken: string[] = [];
    const deployment: Deployment = new Deployment({
      stack: "test",
      project: "weft",
      phase: options.phase ?? "apply",
      base: options.base ?? this.#snapshot,
      registry,
      emit: (event) => events.push(event),
      changed: async () => {
        const now = deployment.ledger.snapshot();
        // What could not be read again must never be written, not even for a moment.
        broken.push(...integrityProblems(now));
        options.onChange?.(now);
      },
      judge: options.judge,
      defaultProviderConfig: () => options.defaultProviderConfig ?? {},
      disabledDefaultProviders: new Set(options.disabled ?? []),
      signal,
    });
    const ended = await program(new Program(deployment)).then(
      () => true,
      () => false,
    );
    await deployment.settle();
    if (ended && deployment.failures.length === 0) await deployment.finish();
    await registry.close();
    const snapshot = deployment.ledger.snapshot();
    if (options.phase !== "plan") this.#snapshot = snapshot;
    const operations = events.flatMap((event) =>
      event.kind === "resource-end" && event.operation !== "same" && event.error === undefined
        ? [`${event.operation} ${event.resource.name}`]
        : [],
    );
    const failures = deployment.failures.map((failure) =>
      failure instanceof Error ? failure.message : String(failure),
    );
    if (options.phase !== "plan" && broken.length > 0) throw new Error(broken.join("\n"));
    return { snapshot, events, failures, operations };
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }
}

/** Registers things the way the SDK does. */
export class Program {
  readonly #deployment: Deployment;
  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  thing(name: string, inputs: PropertyMap = {}, options: Partial<Goal> = {}): Promise<Registered> {
    return this.#deployment.register(plainGoal("fake:index:Thing", name, { custom: true, inputs, ...options }));
  }

  component(name: string, options: Partial<Goal> = {}): Promise<Registered> {
    return this.#deployment.register(plainGoal("weft:test:Group", name, options));
  }

  provider(name: string, inputs: PropertyMap = {}, options: Partial<Goal> = {}): Promise<Registered> {
    return this.#deployment.register(plainGoal("pulumi:providers:fake", name, { custom: true, inputs, ...options }));
  }

  outputs(urn: string, outputs: PropertyMap): void {
    this.#deployment.registerOutputs(urn, outputs);
  }
}

export function countOperations(events: readonly EngineEvent[]): Partial<Record<Operation, number>> {
  const counts: Partial<Record<Operation, number>> = {};
  for (const event of events) {
    if (event.kind === "resource-end") counts[event.operation] = (counts[event.operation] ?? 0) + 1;
  }
  return counts;
}
