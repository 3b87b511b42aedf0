import type { ServiceDocument } from "./document.ts";
import type { Finding } from "./finding.ts";
import { relatedPlace } from "./finding.ts";
import type { CheckFile, Kind } from "./health-schema.ts";
import { kindsOf } from "./health-schema.ts";
import { schemaFindings } from "./issues.ts";
import type { Path } from "./path.ts";
import { valueAt } from "./path.ts";
import { parseBytes, parseCpu } from "./quantity.ts";
import type { ServiceFile } from "./schema.ts";
import { serviceFile } from "./schema.ts";
import type { PortSpec } from "./spec.ts";
import { alternatives, nearMiss } from "./suggest.ts";

/** A service file as far as it is sound: a field with a problem is absent, so that the others can still be checked. */
export interface Service {
  readonly document: ServiceDocument;
  readonly fields: Partial<ServiceFile>;
  /** `undefined` when problems leave it open. */
  readonly ports: readonly PortSpec[] | undefined;
}

/** Checks a document against the schema, field by field. */
export function readService(document: ServiceDocument): { service: Service; findings: readonly Finding[] } {
  const result = serviceFile.safeParse(document.value);
  if (result.success) {
    const service = { document, fields: result.data, ports: resolvePorts(result.data) };
    return { service, findings: serviceFindings(service) };
  }
  const schema = schemaFindings(document.value, result.error.issues);
  const entries = Object.entries(serviceFile.shape).flatMap(([name, field]) => {
    const parsed = field.safeParse(valueAt(document.value, [name]));
    return parsed.success ? [[name, parsed.data] as const] : [];
  });
  const fields = Object.fromEntries(entries) as Partial<ServiceFile>;
  const service = { document, fields, ports: resolvePorts(fields) };
  return { service, findings: [...schema, ...serviceFindings(service)] };
}

/** The ports with all defaults; `undefined` when one can't be named. */
function resolvePorts({ ports, health }: Partial<ServiceFile>): readonly PortSpec[] | undefined {
  if (ports === undefined) return undefined;
  const resolved: PortSpec[] = [];
  for (const entry of ports) {
    const { name, port, targetPort, protocol, appProtocol } =
      typeof entry === "number"
        ? { name: undefined, port: entry, targetPort: entry, protocol: "TCP" as const, appProtocol: undefined }
        : entry;
    const only = ports.length > 1 ? undefined : protocol === "UDP" ? "udp" : (appProtocol ?? checkedAs(health));
    const known = name ?? only;
    if (known === undefined) return undefined;
    const spoken = protocol === "UDP" ? undefined : (appProtocol ?? spokenOn(known));
    resolved.push({ name: known, port, targetPort: targetPort ?? port, protocol, appProtocol: spoken });
  }
  return resolved;
}

function checkedAs(health: ServiceFile["health"] | undefined): "http" | "grpc" | "tcp" | undefined {
  if (health === undefined) return undefined;
  const kind = kindsOf(health.readiness ?? health)[0];
  return kind === "http" || kind === "grpc" ? kind : "tcp";
}

/** Istio's naming convention: the protocol, or the protocol and a hyphen. */
function spokenOn(name: string): PortSpec["appProtocol"] {
  const [first] = name.split("-");
  return first === "http" || first === "grpc" || first === "tcp" ? first : undefined;
}

/** What the fields of one service say against each other. */
function serviceFindings(service: Service): Finding[] {
  return [
    ...portFindings(service),
    ...healthFindings(service),
    ...resourceFindings(service),
    ...variableFindings(service),
    ...mountFindings(service),
  ];
}

function portFindings({ document, fields, ports }: Service): Finding[] {
  const findings: Finding[] = [];
  const entries = fields.ports ?? [];
  entries.forEach((entry, index) => {
    const path = ["ports", index];
    const { name, protocol, appProtocol } =
      typeof entry === "number" ? { name: undefined, protocol: "TCP", appProtocol: undefined } : entry;
    if (name === undefined && entries.length > 1) {
      const message = "A service with several ports names each of them.";
      findings.push({ path, message, fix: "write {name: …, port: …}" });
    }
    if (protocol === "UDP" && appProtocol !== undefined) {
      const message = `${appProtocol} is spoken over TCP, and this port is UDP.`;
      findings.push({ path: [...path, "appProtocol"], message, fix: "remove appProtocol" });
    }
  });
  const numbers = entries.map((entry) =>
    typeof entry === "number" ? `${entry}/TCP` : `${entry.port}/${entry.protocol}`,
  );
  const names = entries.map((entry) => (typeof entry === "number" ? undefined : entry.name));
  findings.push(...repeated(document, numbers, (index) => ["ports", index], "port"));
  findings.push(...repeated(document, names, (index) => ["ports", index, "name"], "port name"));
  if (fields.expose === "load-balancer" && fields.callers !== undefined) {
    const message = "An exposed service is open to everyone, so callers would keep nobody out.";
    const related = [relatedPlace(document, ["expose"], "it is exposed")];
    findings.push({ path: ["callers"], atKey: true, message, fix: "remove callers, or remove expose", related });
  }
  if (ports?.length !== 0) return findings;
  if (fields.expose === "load-balancer") {
    findings.push({ path: ["expose"], message: "There is no port to expose.", fix: "add ports, or remove expose" });
  }
  if (fields.callers !== undefined && fields.callers.length > 0) {
    const message = "Nothing can be called: the service has no ports.";
    findings.push({ path: ["callers"], atKey: true, message, fix: "add ports, or remove callers" });
  }
  return findings;
}

function healthFindings({ fields, ports }: Service): Finding[] {
  const { health } = fields;
  if (health === undefined || ports === undefined) return [];
  const probes: [Path, CheckFile][] =
    health.readiness === undefined || health.liveness === undefined
      ? [[["health"], health]]
      : [
          [["health", "readiness"], health.readiness],
          [["health", "liveness"], health.liveness],
        ];
  return probes.flatMap(([base, check]) => kindsOf(check).flatMap((kind) => checkFindings(base, kind, check, ports)));
}

function checkFindings(base: Path, kind: Kind, check: CheckFile, ports: readonly PortSpec[]): Finding[] {
  if (kind === "exec") return [];
  const path = [...base, kind];
  const name = check[kind]?.port;
  if (ports.length === 0) {
    const fix = "declare the port, or use exec: {command: […]} if the service has none";
    return [{ path, atKey: true, message: "The service has no port that could be asked.", fix }];
  }
  const names = ports.map((port) => port.name);
  const port = name === undefined && ports.length === 1 ? ports[0] : ports.find((each) => each.name === name);
  if (name === undefined && port === undefined) {
    const message = "The service has several ports, and this does not say which one to ask.";
    return [{ path, atKey: true, message, allowed: alternatives(names), fix: "add port" }];
  }
  const at = name === undefined ? path : [...path, "port"];
  if (port === undefined) {
    const suggestion = nearMiss(name ?? "", names);
    return [{ path: at, message: "The service has no port of this name.", allowed: alternatives(names), suggestion }];
  }
  if (port.protocol === "TCP") return [];
  const message = `The port ${port.name} is UDP; Kubernetes asks over TCP only.`;
  return [{ path: at, message, fix: "ask another port, or use exec" }];
}

function resourceFindings({ document, fields }: Service): Finding[] {
  const { resources } = fields;
  if (resources === undefined) return [];
  const { requests, limits } = resources;
  const kinds = [
    ["cpu", parseCpu(String(requests.cpu)), parseCpu(String(limits.cpu))],
    ["memory", parseBytes(String(requests.memory), "0"), parseBytes(String(limits.memory), "0")],
  ] as const;
  return kinds.flatMap(([kind, request, limit]): Finding[] => {
    if (!request.valid || !limit.valid || request.amount <= limit.amount) return [];
    const written = valueAt(document.value, ["resources", "requests", kind]) !== undefined;
    const requested = `the ${written ? "" : "default "}request of ${requests[kind]}`;
    const limited = valueAt(document.value, ["resources", "limits", kind]) !== undefined;
    return [
      {
        path: ["resources", limited ? "limits" : "requests", kind],
        message: `The ${limited ? "" : "default "}limit of ${limits[kind]} is less than ${requested}.`,
        allowed: "requests no more than limits",
        fix: written
          ? `raise the limit to ${requests[kind]}, or lower the request`
          : `also set resources.requests.${kind}`,
      },
    ];
  });
}

function variableFindings({ document, fields }: Service): Finding[] {
  const { environment = {}, secrets = {} } = fields;
  return Object.keys(secrets)
    .filter((name) => Object.hasOwn(environment, name))
    .map((name) => ({
      path: ["secrets", name],
      atKey: true,
      message: "The variable also stands in environment.",
      fix: "keep one of the two",
      related: [relatedPlace(document, ["environment", name], "the other one")],
    }));
}

function mountFindings({ document, fields }: Service): Finding[] {
  const { volumes = [], scratch = [] } = fields;
  const paths = [...volumes, ...scratch].map((mount) => mount.path);
  const at = (index: number): Path =>
    index < volumes.length ? ["volumes", index, "path"] : ["scratch", index - volumes.length, "path"];
  const names = volumes.map((volume) => volume.name);
  return [
    ...repeated(document, paths, at, "path"),
    ...repeated(document, names, (index) => ["volumes", index, "name"], "volume name"),
  ];
}

/** A finding for every value that stood before; `undefined` is no value. */
export function repeated(
  document: ServiceDocument,
  values: readonly (string | undefined)[],
  at: (index: number) => Path,
  what: string,
): Finding[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    if (value === undefined || first === index) return [];
    const places = [relatedPlace(document, at(first), "the first one")];
    return [{ path: at(index), message: `The ${what} ${value} is already taken.`, fix: "keep one", related: places }];
  });
}
