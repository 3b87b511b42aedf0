import { hostname } from "node:os";
import { deleteAbandoned } from "./abandoned.ts";
import { counting } from "./count.ts";
import { deleteResources } from "./deletion.ts";
import { PULUMI_INSTALL, UserError } from "./errors.ts";
import { Ledger } from "./ledger.ts";
import type { Outcome } from "./outcome.ts";
import { type PhaseResult, runPhase } from "./phase.ts";
import { forgetUnused } from "./project/index.ts";
import { recordedProviders } from "./provider-resources.ts";
import { refreshResources } from "./refresh.ts";
import { EMPTY_SNAPSHOT, isRootStack, type Snapshot } from "./resource.ts";
import { Session, type SessionOptions } from "./session.ts";
import { refuseFeatures, type StackState, type UpdateRecord } from "./state/index.ts";

export type OperationOptions = Omit<SessionOptions, "applying">;

export interface ChangeOptions extends OperationOptions {
  /** Look at what is really there first, and take it as the state. */
  readonly refresh: boolean;
}

export interface DestroyOptions extends OperationOptions {
  /** Afterwards forget the stack: its state, history and backups. */
  readonly remove: boolean;
}

const NO_TIME = { plan: 0, apply: 0 } as const;

/** Says what `up` would do. Writes nothing but what the stack's own secrets need. */
export async function preview(options: OperationOptions): Promise<Outcome> {
  await using session = await Session.open({ ...options, applying: false });
  const recorded = await session.backend.readStack(session.reference, keysOf(session));
  if (recorded !== undefined) refuseFeatures(recorded.stack, recorded.features);
  await using judge = session.judge();
  const plan = await runPhase(session, "plan", recorded?.snapshot ?? EMPTY_SNAPSHOT, judge, nothing);
  if (plan.ok) await judge.stack("plan", plan.registered);
  const ok = plan.ok && judge.mandatoryViolations === 0;
  return {
    ...planOutcome(plan, options, judge.mandatoryViolations),
    result: ok ? "succeeded" : options.signal.aborted ? "cancelled" : "failed",
  };
}

/**
 * Makes the stack what the program says. First a plan of all of it is made and judged; only if nothing is wrong with
 * any part of it, the first thing is written.
 */
export async function up(options: ChangeOptions): Promise<Outcome> {
  return change("update", options, async (session, state, save) => {
    let base = state.snapshot;
    if (options.refresh || session.project.alwaysRefresh) {
      const refreshed = await refreshResources(session, base, save);
      base = refreshed.snapshot;
      if (!refreshed.ok) return { ...failed(options), changes: refreshed.changes };
    }
    await using judge = session.judge();
    const plan = await runPhase(session, "plan", base, judge, nothing);
    if (plan.ok) await judge.stack("plan", plan.registered);
    const planned = planOutcome(plan, options, judge.mandatoryViolations);
    if (!plan.ok || judge.mandatoryViolations > 0 || options.signal.aborted) return planned;

    if (isSettled(plan)) {
      // A plan in which everything stays as it is has all the answers already.
      if (plan.differs || state.isNew) await save(plan.snapshot);
      return { ...planned, result: "succeeded" };
    }
    const applied = await runPhase(session, "apply", base, judge, save);
    await save(applied.snapshot);
    if (applied.ok) await judge.stack("apply", applied.registered);
    const ok = applied.ok && judge.mandatoryViolations === 0;
    return {
      result: ok ? "succeeded" : options.signal.aborted ? "cancelled" : "failed",
      phase: "apply",
      changes: applied.changes,
      outputs: applied.outputs,
      duration: { plan: plan.duration, apply: applied.duration },
      mandatoryViolations: judge.mandatoryViolations,
    };
  });
}

/** Deletes everything that the stack has recorded. */
export async function destroy(options: DestroyOptions): Promise<Outcome> {
  const work: Change = async (session, state, save) => {
    const started = performance.now();
    const { emit, changes } = counting(options.emit);
    emit({ kind: "phase", phase: "apply" });
    const ledger: Ledger = new Ledger(state.snapshot, () => save(ledger.snapshot()));
    const providers = recordedProviders(session.registry, ledger);
    const deleted = await deleteResources(ledger.leftovers(), {
      phase: "apply",
      ledger,
      emit,
      signal: options.signal,
      provider: (resource) => providers.provider(resource.provider ?? ""),
    });
    // Afterwards, because what went with a cluster needs no look any more.
    const goesOn = deleted.length === 0 && !options.signal.aborted;
    const errors = goesOn ? await deleteAbandoned(ledger, providers, emit, "apply") : deleted;
    await save(ledger.snapshot());
    const left = ledger.snapshot().resources.length;
    return {
      result: errors.length === 0 && left === 0 ? "succeeded" : options.signal.aborted ? "cancelled" : "failed",
      phase: "apply",
      changes,
      outputs: {},
      duration: { plan: 0, apply: Math.round(performance.now() - started) },
      mandatoryViolations: 0,
    };
  };
  return change("destroy", options, work, options.remove);
}

/** Takes what is really there as the state; changes nothing but the state. */
export async function refresh(options: OperationOptions): Promise<Outcome> {
  return change("refresh", options, async (session, state, save) => {
    const started = performance.now();
    const refreshed = await refreshResources(session, state.snapshot, save);
    return {
      result: refreshed.ok ? "succeeded" : options.signal.aborted ? "cancelled" : "failed",
      phase: "apply",
      changes: refreshed.changes,
      outputs: outputsOf(refreshed.snapshot),
      duration: { plan: 0, apply: Math.round(performance.now() - started) },
      mandatoryViolations: 0,
    };
  });
}

type Change = (session: Session, state: StackState, save: (snapshot: Snapshot) => Promise<void>) => Promise<Outcome>;

/** What every operation that writes has in common: the lock, the state, and the entry in the stack's history. */
async function change(
  kind: UpdateRecord["kind"],
  options: OperationOptions,
  work: Change,
  remove = false,
): Promise<Outcome> {
  await using session = await Session.open({ ...options, applying: true });
  const outcome = await changeLocked(session, kind, options, work, remove);
  if (remove && outcome.result === "succeeded")
    await forgetUnused(session.project, session.backend, session.passphrase);
  return outcome;
}

async function changeLocked(
  session: Session,
  kind: UpdateRecord["kind"],
  options: OperationOptions,
  work: Change,
  remove: boolean,
): Promise<Outcome> {
  const started = new Date();
  await using lock = await session.backend.lockStack(session.reference);
  if (lock.notice !== undefined) options.emit({ kind: "message", severity: "warning", text: lock.notice });
  await session.passphrase.requireUnforgotten();
  const state = await session.backend.openStack(lock, keysOf(session));
  refuseForeign(session, state.snapshot);
  const outcome = await work(session, state, (snapshot) => state.writer.save(snapshot)).finally(() =>
    // What is still being written must not outlive the lock. That it failed is told by whoever waits for it.
    state.writer.flush().catch(() => {}),
  );
  await state.record({
    kind,
    started,
    ended: new Date(),
    succeeded: outcome.result === "succeeded",
    message: "",
    environment: { "exec.kind": "weft", "weft.host": hostname() },
    config: session.config.recorded,
    resourceChanges: historyCounts(outcome),
  });
  if (remove && outcome.result === "succeeded") {
    await session.backend.removeStack(lock, { backups: true });
  }
  return outcome;
}

/** A stack that the Pulumi CLI has made with other providers can be looked at here, not changed. */
function refuseForeign(session: Session, snapshot: Snapshot): void {
  const packages = snapshot.resources.flatMap(({ type, custom }) => {
    const name = type.split(":")[0] ?? "";
    return custom && name !== "pulumi" && !session.hasProvider(name) ? [name] : [];
  });
  if (packages.length === 0) return;
  throw new UserError(
    `this stack has resources of ${[...new Set(packages)].join(", ")}, for which the built-in engine has no provider. ` +
      `Use the Pulumi CLI: ${PULUMI_INSTALL}`,
  );
}

function keysOf(session: Session) {
  return { passphrase: session.passphrase, encryptionSalt: session.config.encryptionSalt };
}

async function nothing(): Promise<void> {}

function isSettled(plan: PhaseResult): boolean {
  return !plan.unknowns && Object.keys(plan.changes).every((operation) => operation === "same");
}

function planOutcome(plan: PhaseResult, options: OperationOptions, mandatoryViolations: number): Outcome {
  return {
    result: options.signal.aborted ? "cancelled" : "failed",
    phase: "plan",
    changes: plan.changes,
    outputs: plan.outputs,
    duration: { plan: plan.duration, apply: 0 },
    mandatoryViolations,
  };
}

function failed(options: OperationOptions): Outcome {
  const result = options.signal.aborted ? "cancelled" : "failed";
  return { result, phase: "plan", changes: {}, outputs: {}, duration: NO_TIME, mandatoryViolations: 0 };
}

function outputsOf(snapshot: Snapshot) {
  return snapshot.resources.find(({ type }) => isRootStack(type))?.outputs ?? {};
}

/** Counted as the Pulumi CLI counts: a replacement is one change. */
function historyCounts({ changes }: Outcome): Record<string, number> {
  const { "delete-original": _, discard, ...counted } = changes;
  return discard === undefined ? counted : { ...counted, delete: (counted.delete ?? 0) + discard };
}
