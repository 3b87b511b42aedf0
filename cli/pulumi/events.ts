import type { EngineEvent as PulumiEvent, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import type { EventSink, Operation, Phase, ResourceRef } from "../../engine/index.ts";
import { isRootStack, parseUrn } from "../../engine/resource.ts";
import { changesOf } from "./changes.ts";

export interface Translation {
  readonly phase: Phase;
  /** A refresh and nothing else: only then are its findings told of. */
  readonly refreshing: boolean;
  readonly emit: EventSink;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

/** What a step of the CLI is called here. Those without a name are bookkeeping: their work is told of by other steps. */
const OPERATIONS: Readonly<Record<string, Operation | undefined>> = {
  same: "same",
  create: "create",
  import: "create",
  update: "update",
  delete: "delete",
  "create-replacement": "replace",
  "import-replacement": "replace",
  "delete-replaced": "delete-original",
  read: "read",
  "read-replacement": "read",
  discard: "discard",
  "discard-replaced": "discard",
};

/** What the CLI says at the end of a run that failed for reasons it has told of already. */
const ECHO = /^(preview|update|destroy|refresh) (failed|canceled)$/;

/** Events of the Pulumi CLI (those of one run) in the words of ours. Events that it does not know are left out. */
export class Translator {
  readonly #options: Translation;
  /** Steps that began: when, by URN. */
  readonly #begun = new Map<string, { readonly at: number; readonly step: StepEventMetadata }>();
  readonly #reading = new Set<string>();
  readonly #ended = new Set<string>();
  /** What was said to be wrong with a resource, until the end of its step. */
  readonly #errors = new Map<string, string[]>();
  readonly #packs = new Set<string>();
  /** Errors and failures told of. */
  failures = 0;
  mandatoryViolations = 0;
  /** As the CLI counts them; once it has ended. */
  changes: Readonly<Partial<Record<Operation, number>>> = {};

  constructor(options: Translation) {
    this.#options = options;
  }

  handle(event: PulumiEvent & PolicySummaries): void {
    if (event.resourcePreEvent) this.#begin(event.resourcePreEvent.metadata);
    else if (event.resOutputsEvent) this.#end(event.resOutputsEvent.metadata);
    else if (event.resOpFailedEvent) this.#fail(event.resOpFailedEvent.metadata);
    else if (event.diagnosticEvent) this.#diagnose(event.diagnosticEvent);
    else if (event.policyEvent) this.#violation(event.policyEvent);
    else if (event.summaryEvent) this.changes = countsOf(event.summaryEvent.resourceChanges);
    const judged = event.policyAnalyzeSummaryEvent ?? event.policyAnalyzeStackSummaryEvent;
    if (judged) this.#loaded(judged.policyPackName, judged.policyPackVersion);
  }

  /** For when the CLI has ended: tells of errors whose step never did. */
  finish(): void {
    for (const [urn, texts] of this.#errors) {
      const step = this.#begun.get(urn)?.step;
      if (step !== undefined) this.#fail(step);
      else this.#message("error", texts.join("\n"), urn);
    }
    this.#errors.clear();
  }

  #begin(step: StepEventMetadata): void {
    if (step.op === "refresh") {
      this.#reading.add(step.urn);
      return;
    }
    const operation = OPERATIONS[step.op];
    if (operation === undefined || isDefaultProvider(step)) return;
    this.#ended.delete(keyOf(step));
    this.#begun.set(step.urn, { at: this.#options.now(), step });
    if (operation === "same" || !isWork(step)) return;
    this.#options.emit({ kind: "resource-begin", phase: this.#options.phase, resource: refOf(step), operation });
  }

  #end(step: StepEventMetadata): void {
    if (this.#reading.delete(step.urn)) {
      if (this.#options.refreshing && !isDefaultProvider(step)) this.#tell(step, refreshed(step), undefined);
      return;
    }
    // A component ends twice: when it is registered, and when its outputs are.
    const operation = OPERATIONS[step.op];
    if (operation === undefined || isDefaultProvider(step) || this.#ended.has(keyOf(step))) return;
    this.#tell(step, operation, undefined);
  }

  #fail(step: StepEventMetadata): void {
    const reading = this.#reading.delete(step.urn);
    const operation = reading ? "refresh" : OPERATIONS[step.op];
    const error = this.#errors.get(step.urn)?.join("\n") ?? "it failed, and the Pulumi CLI does not say why";
    this.#errors.delete(step.urn);
    if (operation === undefined) {
      this.#message("error", error, step.urn);
    } else {
      this.failures++;
      this.#tell(step, operation, error);
    }
  }

  #tell(step: StepEventMetadata, operation: Operation, error: string | undefined): void {
    const { phase, emit, now } = this.#options;
    const begun = this.#begun.get(step.urn);
    this.#begun.delete(step.urn);
    this.#ended.add(keyOf(step));
    emit({
      kind: "resource-end",
      phase,
      resource: refOf(step),
      operation,
      duration: begun === undefined || phase === "plan" ? 0 : Math.round(now() - begun.at),
      changes: operation === "same" ? {} : changesOf(step),
      ...(error === undefined ? {} : { error }),
    });
  }

  #diagnose({ severity, message, urn = "", ephemeral }: NonNullable<PulumiEvent["diagnosticEvent"]>): void {
    const text = message.trim();
    // The CLI has a severity more than its types say: that of its own log.
    if (text === "" || (severity as string) === "debug") return;
    if (ephemeral) {
      if (urn !== "") this.#options.emit({ kind: "resource-status", urn, message: text });
      return;
    }
    if (severity === "error" && urn !== "" && !isRootStack(parseUrn(urn).type)) {
      this.#errors.set(urn, [...(this.#errors.get(urn) ?? []), text]);
      return;
    }
    if (severity === "error" && ECHO.test(text)) return;
    this.#message(severity === "info#err" ? "info" : severity, text, urn);
  }

  #message(severity: "info" | "warning" | "error", text: string, urn: string): void {
    if (severity === "error") this.failures++;
    const about = urn === "" || isRootStack(parseUrn(urn).type) ? {} : { urn };
    this.#options.emit({ kind: "message", severity, text, ...about });
  }

  #loaded(pack: string, version: string): void {
    if (this.#packs.has(pack)) return;
    this.#packs.add(pack);
    // How many rules a pack has, the CLI does not say.
    this.#options.emit({ kind: "policy-loaded", pack, version, policies: 0 });
  }

  #violation(violation: NonNullable<PulumiEvent["policyEvent"]>): void {
    const { policyPackName: pack, policyPackVersion, policyName: policy, message, resourceUrn } = violation;
    this.#loaded(pack, policyPackVersion);
    const mandatory = violation.enforcementLevel === "mandatory";
    if (mandatory) this.mandatoryViolations++;
    const resource = resourceUrn ? { urn: resourceUrn, ...named(resourceUrn), parent: undefined } : undefined;
    this.#options.emit({
      kind: "policy-violation",
      pack,
      policy,
      level: mandatory ? "mandatory" : "advisory",
      resource: resource !== undefined && isRootStack(resource.type) ? undefined : resource,
      message: message.trim(),
      // The CLI hands on neither a rule's advice nor that an unknown made it lower its level; the text says the latter.
      fix: "",
      undecided: !mandatory && /^can't run policy .* during preview/m.test(message),
    });
  }
}

/** Events that newer CLIs send and the SDK's types lack. */
interface PolicySummaries {
  readonly policyAnalyzeSummaryEvent?: { readonly policyPackName: string; readonly policyPackVersion: string };
  readonly policyAnalyzeStackSummaryEvent?: { readonly policyPackName: string; readonly policyPackVersion: string };
}

function refreshed({ op }: StepEventMetadata): Operation {
  return op === "same" || op === "delete" ? op : "refresh";
}

function countsOf(counts: Readonly<Record<string, number | undefined>>): Partial<Record<Operation, number>> {
  const result: Partial<Record<Operation, number>> = {};
  for (const [op, number = 0] of Object.entries(counts)) {
    // In totals a replacement is counted once, under the name of the step that stands for the whole.
    const operation = op === "replace" ? "replace" : OPERATIONS[op];
    if (operation !== undefined) result[operation] = (result[operation] ?? 0) + number;
  }
  return result;
}

function keyOf({ urn, op }: StepEventMetadata): string {
  return OPERATIONS[op] === "delete-original" ? `${urn} (original)` : urn;
}

function refOf(step: StepEventMetadata): ResourceRef {
  const parent = (step.new ?? step.old)?.parent;
  return { urn: step.urn, ...named(step.urn), parent: parent || undefined };
}

function named(urn: string): { readonly type: string; readonly name: string } {
  const { type, name } = parseUrn(urn);
  return { type, name };
}

/** Components and providers exist in the state only. */
function isWork(step: StepEventMetadata): boolean {
  return (step.new ?? step.old)?.custom === true && !step.type.startsWith("pulumi:");
}

/** The CLI makes them for itself and counts them nowhere. */
function isDefaultProvider({ type, urn }: StepEventMetadata): boolean {
  return type.startsWith("pulumi:providers:") && parseUrn(urn).name.startsWith("default");
}
