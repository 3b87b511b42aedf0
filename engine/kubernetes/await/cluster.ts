import { conditionOf, type JsonMap, mapAt, mapsAt, textAt } from "../json.ts";
import { sameQuantity } from "../quantity.ts";
import { READY, type Status, waiting } from "./status.ts";

/** Ready when its kinds are served: a custom resource right after it would otherwise find no such kind. */
export function definitionStatus(definition: JsonMap): Status {
  if (conditionOf(definition, "Established")?.status === "True") return READY;
  const names = conditionOf(definition, "NamesAccepted");
  if (names?.status === "False") return waiting(`its names are taken: ${textAt(names, "message") ?? ""}`);
  return waiting("waiting for its kind to be served");
}

/** Ready when the server behind it answers. */
export function apiServiceStatus(service: JsonMap): Status {
  const available = conditionOf(service, "Available");
  if (available?.status === "True") return READY;
  return waiting(`not available${available === undefined ? "" : `: ${textAt(available, "message") ?? ""}`}`);
}

export function namespaceStatus(namespace: JsonMap): Status {
  const phase = textAt(namespace, "status", "phase");
  return phase === "Active" ? READY : waiting(`its phase is ${phase ?? "unknown"}`);
}

/** Ready when the limits are in force: pods created before count, but are not refused. */
export function quotaStatus(quota: JsonMap): Status {
  const wanted = Object.entries(mapAt(quota, "spec", "hard"));
  const inForce = mapAt(quota, "status", "hard");
  const ready = wanted.every(([name, value]) => inForce[name] === value || sameQuantity(inForce[name], value));
  return ready ? READY : waiting("waiting for its limits to be in force");
}

/** A token Secret is filled in by a controller; any other Secret is ready as it is. */
export function secretStatus(secret: JsonMap): Status {
  if (textAt(secret, "type") !== "kubernetes.io/service-account-token") return READY;
  return Object.keys(mapAt(secret, "data")).length > 0 ? READY : waiting("waiting for its token");
}

/** Ready when its controller has given it an address. */
export function ingressStatus(ingress: JsonMap): Status {
  return mapsAt(ingress, "status", "loadBalancer", "ingress").length > 0
    ? READY
    : waiting("waiting for its controller to give it an address");
}
