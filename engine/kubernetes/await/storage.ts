import { type JsonMap, textAt } from "../json.ts";
import { READY, readyWith, type Status, waiting } from "./status.ts";

/**
 * Ready when bound. A class that binds only for a first consumer leaves the claim pending until a pod uses it, which this
 * can't wait for: the pod comes later. `bindingMode` is that of its StorageClass, `undefined` where there is none.
 */
export function claimStatus(claim: JsonMap, bindingMode: string | undefined): Status {
  const phase = textAt(claim, "status", "phase") ?? "Pending";
  if (phase === "Bound") return READY;
  if (phase === "Pending" && bindingMode === "WaitForFirstConsumer") {
    return readyWith("it is bound when a pod first uses it");
  }
  return waiting(phase === "Lost" ? "its volume is lost" : "waiting for a volume");
}

export function volumeStatus(volume: JsonMap): Status {
  const phase = textAt(volume, "status", "phase") ?? "Pending";
  return phase === "Available" || phase === "Bound" ? READY : waiting(`its phase is ${phase}`);
}
