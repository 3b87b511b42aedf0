import { refOf } from "./deletion.ts";
import type { EventSink, Phase } from "./events.ts";
import type { Ledger } from "./ledger.ts";
import { errorText } from "./performer.ts";
import type { ProviderResources } from "./provider-resources.ts";

/**
 * Deletes what earlier runs had begun to create and were killed over, and what this one has not made after all: the state
 * does not have it, but it may exist. In the plan it only tells of it.
 * What went with another resource is gone with that; where a provider can't tell, the user is told where to look.
 *
 * @returns what went wrong, told of already.
 */
export async function deleteAbandoned(
  ledger: Ledger,
  providers: ProviderResources,
  emit: EventSink,
  phase: Phase,
): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  for (const operation of ledger.unresolved()) {
    const { resource } = operation;
    if (resource.deletedWith === undefined || ledger.isThere(resource.deletedWith)) {
      const started = performance.now();
      const ref = refOf(resource);
      try {
        // Its provider may have gone since.
        const reference = resource.provider ?? "";
        const provider = providers.knows(reference) ? await providers.provider(reference) : undefined;
        if (provider?.abandon === undefined) {
          const text = `an earlier run was killed while it created ${resource.urn}, and nothing is known of it since: if it exists, delete it by hand`;
          emit({ kind: "message", severity: "warning", text, urn: resource.urn });
        } else {
          emit({ kind: "resource-begin", phase, resource: ref, operation: "delete" });
          if (phase === "apply") await provider.abandon({ ...ref, inputs: resource.inputs });
          const duration = Math.round(performance.now() - started);
          emit({ kind: "resource-end", phase, resource: ref, operation: "delete", duration, changes: {} });
        }
      } catch (error) {
        errors.push(error);
        const end = { phase, resource: ref, operation: "delete", duration: 0, changes: {} } as const;
        emit({ kind: "resource-end", ...end, error: errorText(error) });
        continue;
      }
    }
    ledger.resolve(operation);
  }
  return errors;
}
