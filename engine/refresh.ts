import pLimit from "p-limit";
import { counting } from "./count.ts";
import { refOf } from "./deletion.ts";
import { MOST_AT_ONCE } from "./dependencies.ts";
import type { Operation } from "./events.ts";
import { Ledger, sameState } from "./ledger.ts";
import { errorText, withSecrets } from "./performer.ts";
import { diffProperties } from "./property-diff.ts";
import type { ReadResult } from "./provider.ts";
import { recordedProviders } from "./provider-resources.ts";
import { providerPackage, type ResourceState, type Snapshot } from "./resource.ts";
import type { Session } from "./session.ts";

export interface RefreshResult {
  readonly ok: boolean;
  readonly snapshot: Snapshot;
  readonly changes: Readonly<Partial<Record<Operation, number>>>;
}

/** Asks the provider of every recorded resource what it is now, many at once, and records the answers. */
export async function refreshResources(
  session: Session,
  base: Snapshot,
  save: (snapshot: Snapshot) => Promise<void>,
): Promise<RefreshResult> {
  const { signal } = session.options;
  const { emit, changes } = counting(session.options.emit);
  emit({ kind: "phase", phase: "apply" });
  const ledger: Ledger = new Ledger(base, () => save(ledger.snapshot()));
  const providers = recordedProviders(session.registry, ledger);
  const end = (
    resource: ResourceState,
    operation: Operation,
    started: number,
    change: { now?: ResourceState; error?: string } = {},
  ): void => {
    emit({
      kind: "resource-end",
      phase: "apply",
      resource: refOf(resource),
      operation,
      duration: Math.round(performance.now() - started),
      changes: change.now === undefined ? {} : Object.fromEntries(diffProperties(resource.inputs, change.now.inputs)),
      ...(change.error === undefined ? {} : { error: change.error }),
    });
  };

  const results = await pLimit(MOST_AT_ONCE).map(base.resources, async (resource) => {
    if (!resource.custom || providerPackage(resource.type) !== undefined) return true;
    // Known to be superseded or gone already: a later run goes on with it.
    if (resource.delete || resource.pendingReplacement) return true;
    if (signal.aborted) return false;
    const started = performance.now();
    try {
      const provider = await providers.provider(resource.provider ?? "");
      const found = await provider.read({
        urn: resource.urn,
        type: resource.type,
        name: refOf(resource).name,
        id: resource.id,
        inputs: resource.inputs,
        outputs: resource.outputs,
      });
      const now = found === undefined ? undefined : recordFound(resource, found);
      if (now !== undefined && sameState(resource, now)) {
        end(resource, "same", started);
        return true;
      }
      ledger.turn(resource, now);
      end(resource, now === undefined ? "delete" : "refresh", started, now === undefined ? {} : { now });
      return true;
    } catch (error) {
      end(resource, "refresh", started, { error: errorText(error) });
      return false;
    }
  });
  await save(ledger.snapshot());
  return { ok: results.every(Boolean), snapshot: ledger.snapshot(), changes };
}

/** What was not ready when it was recorded may still not be; the next run waits for it. */
function recordFound(resource: ResourceState, found: ReadResult): ResourceState {
  const outputs = withSecrets(found.outputs, resource.additionalSecretOutputs);
  return { ...resource, ...found, outputs, modified: new Date().toISOString() };
}
