import analyzer_pb from "@pulumi/pulumi/proto/analyzer_pb.js";
import struct_pb from "google-protobuf/google/protobuf/struct_pb.js";
import { UnsupportedError } from "./errors.ts";
import type {
  AnalyzedProvider,
  AnalyzedResource,
  AnalyzedStackResource,
  PolicyInfo,
  PolicyReport,
  PolicySeverity,
  Violation,
} from "./policy.ts";
import { isMap, type PropertyMap, type PropertyValue, Secret } from "./property.ts";
import { toWire } from "./wire.ts";

/* The messages of Pulumi's Analyzer protocol, from and to plain objects. */

const Level = analyzer_pb.EnforcementLevel;
const Severity = analyzer_pb.PolicySeverity;

const SEVERITIES: ReadonlyMap<number, PolicySeverity> = new Map([
  [Severity.POLICY_SEVERITY_LOW, "low"],
  [Severity.POLICY_SEVERITY_MEDIUM, "medium"],
  [Severity.POLICY_SEVERITY_HIGH, "high"],
  [Severity.POLICY_SEVERITY_CRITICAL, "critical"],
]);

/** Throws `UnsupportedError` for a pack that wants more than to judge. */
export function readPolicies(info: analyzer_pb.AnalyzerInfo, pack: string): PolicyInfo[] {
  if (info.getInitialconfigMap().getLength() > 0) throw new UnsupportedError(`${pack} configures its own rules`);
  return info.getPoliciesList().map((policy) => {
    const rule = `rule ${policy.getName()} of ${pack}`;
    if (policy.getConfigschema() !== undefined) throw new UnsupportedError(`${rule} takes configuration`);
    const level = policy.getEnforcementlevel();
    if (level === Level.REMEDIATE) throw new UnsupportedError(`${rule} remediates: it changes what it judges`);
    return {
      name: policy.getName(),
      description: policy.getDescription(),
      enforcementLevel: level === Level.DISABLED ? "disabled" : readLevel(level, rule),
      severity: SEVERITIES.get(policy.getSeverity()),
      remediation: policy.getRemediationSteps(),
    };
  });
}

/** `urn`: what was judged, for violations that name no resource of their own. */
export function readReport(
  response: analyzer_pb.AnalyzeResponse,
  policies: ReadonlyMap<string, PolicyInfo>,
  urn: string,
): PolicyReport {
  return {
    violations: response
      .getDiagnosticsList()
      .map((diagnostic) => readViolation(diagnostic, policies.get(diagnostic.getPolicyname()), urn)),
    notApplicable: response
      .getNotApplicableList()
      .map((entry) => ({ rule: entry.getPolicyName(), reason: entry.getReason() })),
  };
}

function readViolation(
  diagnostic: analyzer_pb.AnalyzeDiagnostic,
  policy: PolicyInfo | undefined,
  urn: string,
): Violation {
  const rule = diagnostic.getPolicyname();
  const description = diagnostic.getDescription();
  const message = diagnostic.getMessage();
  const enforcementLevel = readLevel(diagnostic.getEnforcementlevel(), `a violation of rule ${rule}`);
  return {
    rule,
    enforcementLevel,
    severity: SEVERITIES.get(diagnostic.getSeverity()) ?? policy?.severity,
    // The SDK puts the description before what the rule said.
    message: message.startsWith(`${description}\n`) ? message.slice(description.length + 1) : message,
    description,
    remediation: policy?.remediation ?? "",
    urn: diagnostic.getUrn() || urn,
    // Only for a rule that met an unknown does the SDK lower the level.
    undecided: enforcementLevel === "advisory" && policy?.enforcementLevel === "mandatory",
  };
}

function readLevel(level: number, what: string): "advisory" | "mandatory" {
  if (level === Level.ADVISORY) return "advisory";
  if (level !== Level.MANDATORY) throw new UnsupportedError(`${what} has the enforcement level ${level}`);
  return "mandatory";
}

export function writeResource(resource: AnalyzedResource): analyzer_pb.AnalyzeRequest {
  return fill(new analyzer_pb.AnalyzeRequest(), resource);
}

export function writeStackResource(resource: AnalyzedStackResource): analyzer_pb.AnalyzerResource {
  const message = fill(new analyzer_pb.AnalyzerResource(), resource);
  message.setParent(resource.parent ?? "");
  message.setDependenciesList([...resource.dependencies]);
  for (const [key, urns] of Object.entries(resource.propertyDependencies)) {
    if (urns.length === 0) continue;
    const dependencies = new analyzer_pb.AnalyzerPropertyDependencies();
    dependencies.setUrnsList([...urns]);
    message.getPropertydependenciesMap().set(key, dependencies);
  }
  return message;
}

function fill<T extends analyzer_pb.AnalyzeRequest | analyzer_pb.AnalyzerResource>(
  message: T,
  resource: AnalyzedResource,
): T {
  message.setUrn(resource.urn);
  message.setType(resource.type);
  message.setName(resource.name);
  message.setProperties(writeProperties(resource.properties));
  message.setOptions(writeOptions(resource));
  if (resource.provider !== undefined) message.setProvider(writeProvider(resource.provider));
  return message;
}

function writeOptions(resource: AnalyzedResource): analyzer_pb.AnalyzerResourceOptions {
  const options = new analyzer_pb.AnalyzerResourceOptions();
  options.setProtect(resource.protect);
  options.setIgnorechangesList([...resource.ignoreChanges]);
  options.setDeletebeforereplace(resource.deleteBeforeReplace ?? false);
  options.setDeletebeforereplacedefined(resource.deleteBeforeReplace !== undefined);
  options.setAdditionalsecretoutputsList([...resource.additionalSecretOutputs]);
  options.setAliasesList([...resource.aliases]);
  options.setParent(resource.parent ?? "");
  const timeouts = new analyzer_pb.AnalyzerResourceOptions.CustomTimeouts();
  timeouts.setCreate(resource.customTimeouts?.create ?? 0);
  timeouts.setUpdate(resource.customTimeouts?.update ?? 0);
  timeouts.setDelete(resource.customTimeouts?.delete ?? 0);
  options.setCustomtimeouts(timeouts);
  return options;
}

function writeProvider(provider: AnalyzedProvider): analyzer_pb.AnalyzerProviderResource {
  const message = new analyzer_pb.AnalyzerProviderResource();
  message.setUrn(provider.urn);
  message.setType(provider.type);
  message.setName(provider.name);
  message.setProperties(writeProperties(provider.properties));
  return message;
}

function writeProperties(properties: PropertyMap): struct_pb.Struct {
  return struct_pb.Struct.fromJavaScript(toWire(withoutInternals(properties), { secrets: true }));
}

/** Keys that begin with "__" are notes of the engine and the providers; packs are not shown them. */
function withoutInternals(map: PropertyMap): PropertyMap {
  const shown = Object.entries(map).filter(([key]) => !key.startsWith("__"));
  return Object.fromEntries(shown.map(([key, value]) => [key, innerWithoutInternals(value)]));
}

function innerWithoutInternals(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return new Secret(innerWithoutInternals(value.value));
  if (Array.isArray(value)) return value.map(innerWithoutInternals);
  return isMap(value) ? withoutInternals(value) : value;
}
