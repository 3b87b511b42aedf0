import { counting } from "./count.ts";
import { Deployment } from "./deployment.ts";
import type { EventSink, Operation, Phase } from "./events.ts";
import type { Judge } from "./judge.ts";
import { errorText } from "./performer.ts";
import { runProgram } from "./program.ts";
import { containsUnknown, type PropertyMap } from "./property.ts";
import { isRootStack, type ResourceState, type Snapshot } from "./resource.ts";
import type { Session } from "./session.ts";

export interface PhaseResult {
  readonly ok: boolean;
  readonly snapshot: Snapshot;
  /** The recorded state differs from what it was, in anything. */
  readonly differs: boolean;
  readonly changes: Readonly<Partial<Record<Operation, number>>>;
  readonly registered: readonly ResourceState[];
  /** Outputs of the stack. */
  readonly outputs: PropertyMap;
  /** Something is known only once things have been done. */
  readonly unknowns: boolean;
  /** Milliseconds. */
  readonly duration: number;
}

/** Runs the program once, as a plan or for real, on the state `base`. */
export async function runPhase(
  session: Session,
  phase: Phase,
  base: Snapshot,
  judge: Judge | undefined,
  save: (snapshot: Snapshot) => Promise<void>,
): Promise<PhaseResult> {
  const started = performance.now();
  const { signal } = session.options;
  const { emit, changes } = counting(session.options.emit);
  emit({ kind: "phase", phase });
  const deployment: Deployment = new Deployment({
    ...session.reference,
    phase,
    base,
    registry: session.registry,
    emit,
    changed: () => (phase === "apply" ? save(deployment.ledger.snapshot()) : Promise.resolve()),
    judge,
    defaultProviderConfig: (packageName) => session.defaultProviderConfig(packageName),
    disabledDefaultProviders: session.disabledDefaultProviders,
    signal,
  });
  const ended = await runToItsEnd(session, phase, deployment, emit);
  if (ended && deployment.failures.length === 0) await deployment.finish();

  const registered = deployment.ledger.registered();
  const outputs = registered.find(({ type }) => isRootStack(type))?.outputs ?? {};
  return {
    ok: ended && deployment.failures.length === 0 && !signal.aborted,
    snapshot: deployment.ledger.snapshot(),
    differs: deployment.ledger.differs(),
    changes,
    registered,
    outputs,
    unknowns: registered.some((resource) => containsUnknown(resource.outputs) || containsUnknown(resource.inputs)),
    duration: Math.round(performance.now() - started),
  };
}

/** True when the program has ended well and nothing that it registered has failed. */
async function runToItsEnd(session: Session, phase: Phase, deployment: Deployment, emit: EventSink): Promise<boolean> {
  const { project, server, options } = session;
  const info = session.info(phase === "plan");
  let stopping = false;
  server.serve({
    info,
    async register(goal) {
      try {
        return await deployment.register(goal);
      } catch (error) {
        stop();
        throw error;
      }
    },
    registerOutputs: (urn, outputs) => deployment.registerOutputs(urn, outputs),
    programEnded: async () => {},
  });
  const program = runProgram({
    rootDirectory: project.directory,
    directory: project.program.directory,
    entryPoint: project.program.entry,
    info,
    serverAddress: server.address,
    env: session.childEnvironment,
    onOutput: (text) => emit({ kind: "message", severity: "info", text }),
  });
  // It could only go on to be told that everything is stopping; what is under way does not need it.
  const stop = (): void => {
    stopping = true;
    program.kill();
  };
  if (options.signal.aborted) stop();
  options.signal.addEventListener("abort", stop, { once: true });
  try {
    await program.ended;
    return true;
  } catch (error) {
    if (!stopping) emit({ kind: "message", severity: "error", text: errorText(error) });
    return false;
  } finally {
    options.signal.removeEventListener("abort", stop);
    await deployment.settle();
    server.serve(undefined);
  }
}
