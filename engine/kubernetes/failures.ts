import type { PropertyMap } from "../property.ts";
import { NotReadyError, ProviderError } from "../provider.ts";
import { UnreadyError } from "./await/waiter.ts";
import { type Action, explain } from "./explain.ts";
import type { JsonMap } from "./json.ts";
import { idOf, label, type ObjectRef, refOf } from "./kinds.ts";
import type { Mask } from "./secrets.ts";

/** What a failure is about, and who must not see what in it. */
export interface Undertaking {
  readonly action: Action;
  readonly ref: ObjectRef;
  readonly mask: Mask;
  readonly signal: AbortSignal;
}

/** Turns whatever goes wrong into a `ProviderError` that a user can act on. */
export async function explaining<T>({ action, ref, mask, signal }: Undertaking, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotReadyError) throw error;
    if (error instanceof ProviderError) throw new ProviderError(mask.hide(error.message), { cause: error });
    if (signal.aborted) {
      throw new ProviderError(`${label(ref)}: the run was cancelled before it was done`, { cause: error });
    }
    throw new ProviderError(explain(error, action, ref, mask), { cause: error });
  }
}

/** Turns an object that is there but not ready into what the engine records of it. */
export async function recordingUnready<T>(
  mask: Mask,
  outputs: (live: JsonMap) => PropertyMap,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnreadyError)) throw error;
    const { object, reasons } = error;
    const hidden = reasons.map((reason) => mask.hide(reason));
    throw new NotReadyError(idOf(refOf(object)), outputs(object), hidden);
  }
}
