import { parseDocument } from "./document.ts";
import type { Finding } from "./finding.ts";
import { relatedPlace, toProblem } from "./finding.ts";
import type { CheckFile } from "./health-schema.ts";
import { valueAt } from "./path.ts";
import type { Problem } from "./problem.ts";
import { compareProblems } from "./problem.ts";
import type { Names, Relations } from "./relations.ts";
import { resolveRelations } from "./relations.ts";
import type { ServiceFile } from "./schema.ts";
import { scaleDefaults } from "./schema.ts";
import type { Service } from "./service.ts";
import { readService } from "./service.ts";
import type { SourceFile } from "./source.ts";
import type { Catalog, PortSpec, ProbeCheck, ScaleSpec, ServiceSpec } from "./spec.ts";

export type ParsedCatalog =
  | { readonly catalog: Catalog; readonly problems: readonly [] }
  | { readonly catalog: undefined; readonly problems: readonly Problem[] };

/**
 * The catalog that files make together, or every problem of every file. Pure; never throws. `unreadable` are files that
 * belong to it and could not be read: a call to what one of them may describe is not held against the caller.
 */
export function parseCatalog(files: readonly SourceFile[], unreadable: readonly string[] = []): ParsedCatalog {
  const problems: Problem[] = [];
  const services: Service[] = [];
  const possible = new Set(unreadable.map(stem));
  for (const file of files) {
    const { document, problems: found } = parseDocument(file);
    problems.push(...found);
    if (document === undefined) {
      possible.add(stem(file.file));
      continue;
    }
    const { service, findings } = readService(document);
    services.push(service);
    problems.push(...findings.map((finding) => toProblem(document, finding)));
    if (service.fields.name === undefined) {
      const written = valueAt(document.value, ["name"]);
      possible.add(typeof written === "string" ? written : stem(file.file)).add(stem(file.file));
    }
  }

  const names: Names = { services: byName(services), possible };
  const related = services.map((service) => ({ service, relations: resolveRelations(service, names) }));
  for (const { service, relations } of related) {
    const findings = [...duplicateName(service, names), ...relations.findings];
    problems.push(...findings.map((finding) => toProblem(service.document, finding)));
  }
  if (problems.length > 0) return { catalog: undefined, problems: distinct(problems.sort(compareProblems)) };

  const specs = related.map(({ service, relations }) => serviceSpec(service, relations));
  return { catalog: { services: specs.sort((a, b) => (a.name < b.name ? -1 : 1)) }, problems: [] };
}

function stem(file: string): string {
  return (file.split("/").at(-1) ?? file).replace(/\.ya?ml$/i, "");
}

/** Of several services with one name, the first. */
function byName(services: readonly Service[]): Map<string, Service> {
  const map = new Map<string, Service>();
  for (const service of services) {
    const { name } = service.fields;
    if (name !== undefined && !map.has(name)) map.set(name, service);
  }
  return map;
}

function duplicateName(service: Service, names: Names): Finding[] {
  const { name } = service.fields;
  const first = name === undefined ? undefined : names.services.get(name);
  if (first === undefined || first === service) return [];
  const places = [relatedPlace(first.document, ["name"], `the other ${name}`)];
  return [
    { path: ["name"], message: `Another file describes a service named ${name}.`, fix: "rename one", related: places },
  ];
}

/** One problem for a place and path: a second one would only follow from the first. */
function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ file, path, position }) => {
    const key = JSON.stringify([file, path, position?.line, position?.column]);
    return position === undefined || (!seen.has(key) && seen.add(key));
  });
}

function serviceSpec({ document, fields, ports }: Service, { calls, environment }: Relations): ServiceSpec {
  const file = fields as ServiceFile;
  const known = ports ?? [];
  const { health, resources, runAs } = file;
  return {
    name: file.name,
    team: file.team,
    image: file.image,
    command: file.command,
    args: file.args,
    critical: file.critical,
    ports: known,
    expose: file.expose,
    health: {
      readiness: probe(health.readiness ?? health, known),
      liveness: probe(health.liveness ?? health, known),
      startupSeconds: health.startupSeconds,
      timeoutSeconds: health.timeoutSeconds,
    },
    resources: {
      requests: { cpu: String(resources.requests.cpu), memory: String(resources.requests.memory) },
      limits: { cpu: String(resources.limits.cpu), memory: String(resources.limits.memory) },
    },
    scale: scaleSpec(file.scale),
    environment,
    secrets: file.secrets,
    calls,
    callers: file.callers,
    volumes: file.volumes.map((volume) => ({
      name: volume.name,
      path: volume.path,
      size: String(volume.size),
      storageClass: volume.storageClass,
    })),
    scratch: file.scratch.map((scratch) => ({ path: scratch.path, size: String(scratch.size) })),
    runAs: { user: runAs.user, group: runAs.group ?? runAs.user },
    terminationSeconds: file.terminationSeconds,
    file: document.file,
  };
}

function scaleSpec({ replicas, min, max, cpu }: ServiceFile["scale"]): ScaleSpec {
  if (replicas !== undefined) return { kind: "fixed", replicas };
  return {
    kind: "auto",
    min: min ?? scaleDefaults.min,
    max: max ?? scaleDefaults.max,
    cpu: cpu ?? scaleDefaults.cpu,
  };
}

function probe({ http, grpc, tcp, exec }: CheckFile, ports: readonly PortSpec[]): ProbeCheck {
  const port = (name: string | undefined): string => name ?? ports[0]?.name ?? "";
  if (http !== undefined) return { kind: "http", path: http.path, port: port(http.port), headers: http.headers };
  if (grpc !== undefined) return { kind: "grpc", port: port(grpc.port), service: grpc.service };
  if (tcp !== undefined) return { kind: "tcp", port: port(tcp.port) };
  return { kind: "exec", command: exec?.command ?? [] };
}
