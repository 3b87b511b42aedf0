import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { UnsupportedError } from "./errors.ts";
import type { PropertyMap } from "./property.ts";
import type { CustomTimeouts } from "./resource.ts";
import { fromWire, type WireObject } from "./wire.ts";

/** What the program asks a resource to be: a RegisterResource request, decoded. */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string | undefined;
  readonly inputs: PropertyMap;
  /** `urn::id` of an explicit provider. */
  readonly provider: string | undefined;
  /** Version of the SDK that asks; default providers are kept apart by it. */
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly aliases: readonly Alias[];
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deletedWith: string | undefined;
  /** `undefined` leaves it to the provider. */
  readonly deleteBeforeReplace: boolean | undefined;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly customTimeouts: CustomTimeouts | undefined;
}

/** A resource with no inputs, no dependencies and no options but those that are named. */
export function plainGoal(type: string, name: string, options: Partial<Goal> = {}): Goal {
  return {
    type,
    name,
    custom: false,
    parent: undefined,
    inputs: {},
    provider: undefined,
    version: "",
    dependencies: [],
    propertyDependencies: {},
    aliases: [],
    protect: false,
    retainOnDelete: false,
    deletedWith: undefined,
    deleteBeforeReplace: undefined,
    ignoreChanges: [],
    replaceOnChanges: [],
    additionalSecretOutputs: [],
    customTimeouts: undefined,
    ...options,
  };
}

/** Another URN that the resource may be recorded under; whatever is absent is as in the resource itself. */
export type Alias =
  | { readonly urn: string }
  | {
      readonly name: string | undefined;
      readonly type: string | undefined;
      readonly project: string | undefined;
      readonly stack: string | undefined;
      /** `null`: it had no parent but the stack. */
      readonly parent: string | null | undefined;
    };

/** Throws `UnsupportedError` naming every option in the request that this engine does not honour. */
export function readGoal(request: RegisterResourceRequest): Goal {
  refuseUnsupported(request);
  const name = request.getName();
  const type = request.getType();
  return {
    type,
    name,
    custom: request.getCustom(),
    parent: request.getParent() || undefined,
    inputs: fromWire((request.getObject()?.toJavaScript() ?? {}) as WireObject, `${name} (${type})`),
    provider: request.getProvider() || undefined,
    version: request.getVersion(),
    dependencies: [...new Set(request.getDependenciesList())],
    propertyDependencies: readPropertyDependencies(request),
    aliases: [...request.getAliasurnsList().map((urn) => ({ urn })), ...request.getAliasesList().map(readAlias)],
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deletedWith: request.getDeletedwith() || undefined,
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    customTimeouts: readTimeouts(request),
  };
}

function refuseUnsupported(request: RegisterResourceRequest): void {
  const used: string[] = [];
  if (request.getRemote()) used.push("remote components");
  if (request.getImportid() !== "") used.push("import");
  if (request.getTransformsList().length > 0) used.push("transforms");
  if (request.getStateMigrationsList().length > 0) used.push("stateMigrations");
  if (request.getReplaceWithList().length > 0) used.push("replaceWith");
  if (request.hasReplacementTrigger()) used.push("replacementTrigger");
  if (request.getHidediffsList().length > 0) used.push("hideDiffs");
  if (request.getPlugindownloadurl() !== "") used.push("pluginDownloadURL");
  if (request.getPluginchecksumsMap().getLength() > 0) used.push("pluginChecksums");
  if (request.getEnvvarmappingsMap().getLength() > 0) used.push("envVarMappings");
  if (request.getPackageref() !== "") used.push("parameterized packages");
  const hooks = request.getHooks()?.toObject();
  if (hooks !== undefined && Object.values(hooks).some((names) => names.length > 0)) used.push("hooks");
  if (used.length > 0) {
    throw new UnsupportedError(`resource ${request.getName()} (${request.getType()}) uses ${used.join(", ")}`);
  }
}

function readPropertyDependencies(request: RegisterResourceRequest): Record<string, readonly string[]> {
  const dependencies: [string, readonly string[]][] = [];
  request.getPropertydependenciesMap().forEach((urns, key) => {
    dependencies.push([key, urns.getUrnsList()]);
  });
  return Object.fromEntries(dependencies.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readAlias(alias: ReturnType<RegisterResourceRequest["getAliasesList"]>[number]): Alias {
  if (alias.hasUrn()) return { urn: alias.getUrn() };
  const spec = alias.getSpec();
  return {
    name: spec?.getName() || undefined,
    type: spec?.getType() || undefined,
    project: spec?.getProject() || undefined,
    stack: spec?.getStack() || undefined,
    parent: spec?.getNoparent() ? null : spec?.getParenturn() || undefined,
  };
}

function readTimeouts(request: RegisterResourceRequest): CustomTimeouts | undefined {
  const timeouts = request.getCustomtimeouts();
  const given = [
    ["create", timeouts?.getCreate()],
    ["update", timeouts?.getUpdate()],
    ["delete", timeouts?.getDelete()],
  ] as const;
  const seconds = given.flatMap(([key, text]) =>
    text ? [[key, parseDuration(text, `customTimeouts.${key} of ${request.getName()}`)] as const] : [],
  );
  return seconds.length === 0 ? undefined : Object.fromEntries(seconds);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Seconds of a Go duration such as `1h30m` or `90s`, which is how Pulumi writes them. */
function parseDuration(text: string, what: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/gy)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    throw new Error(`${what} is ${JSON.stringify(text)}; it must be a duration such as "90s", "10m" or "1h30m"`);
  }
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_SECONDS[unit ?? ""] ?? 0), 0);
}
