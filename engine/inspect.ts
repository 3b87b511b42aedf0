import pLimit from "p-limit";
import { refOf } from "./deletion.ts";
import { MOST_AT_ONCE } from "./dependencies.ts";
import { Ledger } from "./ledger.ts";
import { errorText } from "./performer.ts";
import type { ReadResult } from "./provider.ts";
import { recordedProviders } from "./provider-resources.ts";
import { EMPTY_SNAPSHOT, type ResourceState, type Snapshot } from "./resource.ts";
import { Session, type SessionOptions } from "./session.ts";

export interface Inspected {
  readonly resource: ResourceState;
  /** As it is now; `undefined` when it is gone, or when it could not be asked (then there is an `error`). */
  readonly now: ReadResult | undefined;
  readonly error?: string;
}

export interface Inspection {
  /** `undefined` when there is no such stack yet. */
  readonly snapshot: Snapshot | undefined;
  readonly resources: readonly Inspected[];
}

/** The recorded state of a stack, and what became of the resources that `wanted` picks. Writes nothing. */
export async function inspect(
  options: Omit<SessionOptions, "applying">,
  wanted: (resource: ResourceState) => boolean,
): Promise<Inspection> {
  await using session = await Session.open({ ...options, applying: false });
  const keys = { passphrase: session.passphrase, encryptionSalt: session.config.encryptionSalt };
  const snapshot = (await session.backend.readStack(session.reference, keys))?.snapshot;
  const providers = recordedProviders(session.registry, new Ledger(snapshot ?? EMPTY_SNAPSHOT, async () => {}));
  const resources = (snapshot?.resources ?? []).filter((resource) => resource.custom && wanted(resource));
  return {
    snapshot,
    resources: await pLimit(MOST_AT_ONCE).map(resources, async (resource): Promise<Inspected> => {
      try {
        const provider = await providers.provider(resource.provider ?? "");
        return { resource, now: await provider.read({ ...refOf(resource), ...resource }) };
      } catch (error) {
        return { resource, now: undefined, error: errorText(error) };
      }
    }),
  };
}
