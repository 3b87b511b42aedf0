import type { Finding } from "./finding.ts";
import { relatedPlace } from "./finding.ts";
import type { Path } from "./path.ts";
import type { Service } from "./service.ts";
import { repeated } from "./service.ts";
import type { CallSpec, EnvironmentValue } from "./spec.ts";
import { alternatives, nearMiss } from "./suggest.ts";

/** The services of a catalog by name. */
export interface Names {
  readonly services: ReadonlyMap<string, Service>;
  /** Names that a file too broken to read may have: nothing is said against a call to one of them. */
  readonly possible: ReadonlySet<string>;
}

/** What a service says about others, with all defaults, as far as it is sound. */
export interface Relations {
  readonly calls: readonly CallSpec[];
  readonly environment: Readonly<Record<string, EnvironmentValue>>;
  readonly findings: readonly Finding[];
}

export function resolveRelations(service: Service, names: Names): Relations {
  const findings: Finding[] = [];
  const calls = resolveCalls(service, names, findings);
  const environment = resolveEnvironment(service, names, calls, findings);
  findings.push(...callerFindings(service, names));
  return { calls, environment, findings };
}

type Target = { readonly port: string } | { readonly finding: Omit<Finding, "path">; readonly at: "service" | "port" };

/** The port that a service and an optional port name mean; `undefined` when other problems leave it open. */
function target(from: Service, name: string, port: string | undefined, names: Names): Target | undefined {
  if (name === from.fields.name) {
    const message = "A service does not call itself through its own address.";
    return { at: "service", finding: { message, fix: "use localhost inside the process, or remove it" } };
  }
  const service = names.services.get(name);
  if (service === undefined) {
    return names.possible.has(name) ? undefined : { at: "service", finding: missing(from, name, names) };
  }
  const { ports } = service;
  if (ports === undefined) return undefined;
  const known = ports.map((each) => each.name);
  if (known.length === 0) {
    const places = [relatedPlace(service.document, ["name"], `${name} has no ports`)];
    return { at: "service", finding: { message: `${name} has no port that could be called.`, related: places } };
  }
  if (port === undefined) {
    const [only, ...more] = known;
    if (only !== undefined && more.length === 0) return { port: only };
    const message = `${name} has several ports, and this does not say which one.`;
    return {
      at: "service",
      finding: { message, allowed: alternatives(known), fix: `write {service: ${name}, port: …}` },
    };
  }
  if (known.includes(port)) return { port };
  const places = [relatedPlace(service.document, ["ports"], `the ports of ${name}`)];
  const suggestion = nearMiss(port, known);
  const message = `${name} has no port named ${port}.`;
  return { at: "port", finding: { message, allowed: alternatives(known), suggestion, related: places } };
}

/** More than these would bury the rest of the message. */
const mostListed = 20;

function missing(from: Service, name: string, names: Names): Omit<Finding, "path"> {
  const others = [...names.services.keys()].filter((each) => each !== from.fields.name).sort();
  const listed = others.length > mostListed ? `one of the ${others.length} other services` : alternatives(others);
  return {
    message: "There is no service of this name in the catalog.",
    allowed: others.length === 0 ? undefined : listed,
    suggestion: nearMiss(name, others),
    fix: `correct the name, or add a service file for ${name}`,
  };
}

function resolveCalls(service: Service, names: Names, findings: Finding[]): CallSpec[] {
  const { calls = [], name } = service.fields;
  const resolved: (CallSpec | undefined)[] = calls.map((call, index) => {
    const path: Path = ["calls", index];
    if (typeof call !== "string" && "cidr" in call) {
      return { kind: "cidr", cidr: call.cidr, port: call.port, protocol: call.protocol };
    }
    const { service: to, port } = typeof call === "string" ? { service: call, port: undefined } : call;
    const found = target(service, to, port, names);
    if (found === undefined) return undefined;
    if ("finding" in found) {
      findings.push({ path: typeof call === "string" ? path : [...path, found.at], ...found.finding });
      return undefined;
    }
    const callee = names.services.get(to);
    const { callers, expose } = callee?.fields ?? {};
    // Callers of an exposed service are a problem there, and not the caller's.
    const closed = expose !== "load-balancer" && name !== undefined && callers?.includes(name) === false;
    if (callee !== undefined && callers !== undefined && closed) {
      findings.push({
        path: typeof call === "string" ? path : [...path, "service"],
        message: `${to} does not name ${name} among its callers.`,
        allowed: callers.length === 0 ? `nothing may call ${to}` : `only ${alternatives(callers)} may call it`,
        fix: `add ${name} to the callers of ${to}, or remove the call`,
        related: [relatedPlace(callee.document, ["callers"], `the callers of ${to}`)],
      });
    }
    return { kind: "service", service: to, port: found.port };
  });
  const keys = resolved.map((call) => {
    if (call === undefined) return undefined;
    return call.kind === "service" ? `${call.service}:${call.port}` : `${call.cidr}:${call.port}/${call.protocol}`;
  });
  findings.push(...repeated(service.document, keys, (index) => ["calls", index], "call"));
  return resolved.filter((call) => call !== undefined);
}

function resolveEnvironment(
  service: Service,
  names: Names,
  calls: readonly CallSpec[],
  findings: Finding[],
): Record<string, EnvironmentValue> {
  const { environment = {}, calls: declared } = service.fields;
  const entries = Object.entries(environment).flatMap(([variable, value]): [string, EnvironmentValue][] => {
    if (typeof value !== "object") return [[variable, { kind: "value", value: String(value) }]];
    const path: Path = ["environment", variable];
    const found = target(service, value.service, value.port, names);
    if (found === undefined) return [];
    if ("finding" in found) {
      findings.push({ path: [...path, found.at], ...found.finding });
      return [];
    }
    const called = calls.some(
      (call) => call.kind === "service" && call.service === value.service && call.port === found.port,
    );
    // A call with a slip in its name is told once, at the call.
    const slipped = findings.some(({ path, suggestion }) => path[0] === "calls" && suggestion === value.service);
    if (!called && !slipped && declared !== undefined) {
      const several = names.services.get(value.service)?.ports?.length !== 1;
      const call = several ? `{service: ${value.service}, port: ${found.port}}` : value.service;
      const message = `${call} is not in calls, so the network would refuse the connection.`;
      findings.push({ path: [...path, "service"], message, fix: `add to calls: - ${call}` });
    }
    return [[variable, { kind: "address", service: value.service, port: found.port, scheme: value.scheme }]];
  });
  return Object.fromEntries(entries);
}

function callerFindings(service: Service, names: Names): Finding[] {
  const { callers = [], name } = service.fields;
  const findings = callers.flatMap((caller, index): Finding[] => {
    const path = ["callers", index];
    if (caller === name) return [{ path, message: "A service is not its own caller.", fix: "remove it" }];
    if (names.services.has(caller) || names.possible.has(caller)) return [];
    return [{ path, ...missing(service, caller, names) }];
  });
  return [...findings, ...repeated(service.document, callers, (index) => ["callers", index], "caller")];
}
