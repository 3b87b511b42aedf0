import type { Catalog, PortSpec, ServiceSpec } from "../../catalog/spec.ts";

/** One service may open connections to a port of another. The only place where that is decided. */
export interface Flow {
  readonly caller: ServiceSpec;
  readonly callee: ServiceSpec;
  readonly port: PortSpec;
}

/**
 * Every flow inside the cluster: the caller declares the call, and the callee does not exclude the caller. In the order
 * of the catalog, each once.
 *
 * @throws Error when a call names a service or port that the catalog lacks.
 */
export function serviceFlows(catalog: Catalog): readonly Flow[] {
  return catalog.services.flatMap((caller) => {
    const seen = new Set<string>();
    return caller.calls.flatMap((call) => {
      if (call.kind !== "service") return [];
      const flow = { caller, ...findPort(catalog, call.service, call.port) };
      const key = `${call.service}:${call.port}`;
      const open = flow.callee.callers === undefined || flow.callee.callers.includes(caller.name);
      if (!open || seen.has(key)) return [];
      seen.add(key);
      return [flow];
    });
  });
}

/**
 * Finds a port of another service. A validated catalog has everything that it names.
 *
 * @throws Error when there is no such service or port.
 */
export function findPort(
  catalog: Catalog,
  service: string,
  port: string,
): { readonly callee: ServiceSpec; readonly port: PortSpec } {
  const callee = catalog.services.find((candidate) => candidate.name === service);
  if (callee === undefined) throw new Error(`The catalog has no service "${service}".`);
  return { callee, port: portNamed(callee, port) };
}

/** @throws Error when the service has no port of that name. */
export function portNamed(service: ServiceSpec, name: string): PortSpec {
  const port = service.ports.find((candidate) => candidate.name === name);
  if (port === undefined) {
    const names = service.ports.map((candidate) => candidate.name).join(", ");
    throw new Error(`The service "${service.name}" has no port "${name}"; it has ${names || "none"}.`);
  }
  return port;
}
