import { closest, distance } from "fastest-levenshtein";
import { equal, isMap, type PropertyMap, type PropertyValue, Unknown } from "../property.ts";
import type { CheckFailure, CheckResult, DiffResult } from "../provider.ts";
import {
  activeCluster,
  activeContext,
  contextNamespace,
  type Kubeconfig,
  type Overrides,
  readKubeconfig,
} from "./kubeconfig.ts";
import { reveal } from "./secrets.ts";

/** The provider's configuration, understood. */
export interface ProviderConfig {
  /** `undefined` while it is unknown: the cluster is not there yet. */
  readonly kubeconfig: Kubeconfig | undefined;
  readonly overrides: Overrides;
  /** Where objects go that name no namespace; `undefined` while unknown. */
  readonly defaultNamespace: string | undefined;
  readonly configMapsMutable: boolean;
  readonly secretsMutable: boolean;
  readonly patchForce: boolean;
  readonly deleteUnreachable: boolean;
  readonly suppressDeprecationWarnings: boolean;
  /** Milliseconds a request may take. */
  readonly requestTimeout: number | undefined;
  /** Client settings that have no meaning here, for a note. */
  readonly unused: readonly string[];
}

const TEXTS = ["cluster", "clusterIdentifier", "context", "namespace"];
const FLAGS = [
  "deleteUnreachable",
  "enableConfigMapMutable",
  "enablePatchForce",
  "enableSecretMutable",
  "enableServerSideApply",
  "strictMode",
  "suppressDeprecationWarnings",
  "suppressHelmHookWarnings",
];
/** Options of the official provider that this one lacks, with what to do instead. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  alwaysRender: "this engine renders no YAML",
  enableReplaceCRD: "definitions are always changed in place",
  helmReleaseSettings: "this engine installs no Helm releases",
  renderYamlToDirectory: "this engine renders no YAML",
  skipUpdateUnreachable: "a cluster that can't be reached is an error",
  upsertExistingObjects: "an object that exists has to be imported",
};
/** Of `kubeClientSettings`. */
const SETTINGS = ["burst", "qps", "timeout"];
/** What the engine itself keeps beside the configuration. */
const ENGINE_KEYS = [
  "version",
  "pluginDownloadURL",
  "pluginChecksums",
  "parameterization",
  "kubeClientSettings",
  "kubeconfig",
];

export function checkConfig(config: PropertyMap, environment: NodeJS.ProcessEnv): CheckResult {
  const failures = [
    ...keyFailures(config),
    ...valueFailures(config),
    ...settingsFailures(config),
    ...kubeconfigFailures(config, environment),
  ];
  return { inputs: config, failures };
}

function keyFailures(config: PropertyMap): CheckFailure[] {
  const known = [...TEXTS, ...FLAGS, ...ENGINE_KEYS];
  return Object.entries(config).flatMap(([property, value]): CheckFailure[] => {
    if (property.startsWith("__") || known.includes(property) || !isSet(value)) return [];
    const reason = Object.hasOwn(UNSUPPORTED, property) ? UNSUPPORTED[property] : undefined;
    // Saying that it is off asks for nothing.
    if (reason !== undefined && [false, "false"].includes(reveal(value) as boolean | string)) return [];
    if (reason !== undefined) {
      return [
        { property, reason: `is not supported by the built-in engine: ${reason}. Remove it, or use the Pulumi CLI` },
      ];
    }
    const near = closest(property, known);
    const hint = distance(property, near) <= 3 ? `; did you mean ${near}?` : "";
    return [{ property, reason: `is no option of the Kubernetes provider${hint}` }];
  });
}

function valueFailures(config: PropertyMap): CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const property of TEXTS) {
    const value = reveal(config[property]);
    if (isSet(value) && !(value instanceof Unknown) && typeof value !== "string") {
      failures.push({ property, reason: "has to be a text" });
    }
  }
  for (const property of FLAGS) {
    const value = reveal(config[property]);
    if (
      isSet(value) &&
      !(value instanceof Unknown) &&
      !["true", "false", true, false].includes(value as string | boolean)
    ) {
      failures.push({ property, reason: "has to be true or false" });
    }
  }
  if (reveal(config.enableServerSideApply) === "false" || reveal(config.enableServerSideApply) === false) {
    const reason = "the built-in engine applies on the server only. Remove it, or use the Pulumi CLI";
    failures.push({ property: "enableServerSideApply", reason });
  }
  if (isTrue(config.strictMode) && text(config.context) === undefined && !(reveal(config.context) instanceof Unknown)) {
    failures.push({ property: "context", reason: "is missing: strictMode asks for it" });
  }
  return failures;
}

function settingsFailures({ kubeClientSettings }: PropertyMap): CheckFailure[] {
  const property = "kubeClientSettings";
  const given = reveal(kubeClientSettings);
  if (!isSet(given) || given instanceof Unknown) return [];
  const settings = settingsOf(given);
  if (settings === undefined) {
    return [{ property, reason: 'has to be an object, or one as JSON text: {"timeout": 30}' }];
  }
  return SETTINGS.filter((key) => !["number", "undefined"].includes(typeof reveal(settings[key]))).map((key) => ({
    property: `${property}.${key}`,
    reason: "has to be a number",
  }));
}

function kubeconfigFailures(config: PropertyMap, environment: NodeJS.ProcessEnv): CheckFailure[] {
  const property = "kubeconfig";
  const value = reveal(config.kubeconfig);
  if (value instanceof Unknown) return [];
  if (!isSet(value)) {
    const reason =
      "is missing: the built-in engine never uses an ambient kubeconfig (KUBECONFIG, ~/.kube/config). Create a kubernetes.Provider with kubeconfig set, and pass it to the resources";
    return [{ property, reason }];
  }
  // The SDK fills in $KUBECONFIG by itself. That a file is there by chance must not decide which cluster is changed.
  if (value === environment.KUBECONFIG && text(config.context) === undefined) {
    const reason =
      "comes from the environment variable KUBECONFIG: name the context as well, so that it can't be another cluster by chance";
    return [{ property, reason }];
  }
  if ([config.context, config.cluster].some((item) => reveal(item) instanceof Unknown)) return [];
  try {
    const read = readKubeconfig(value);
    activeCluster(read, overridesOf(config));
    return [];
  } catch (error) {
    return [{ property, reason: error instanceof Error ? error.message : String(error) }];
  }
}

/**
 * Whether a changed configuration means another cluster. A cluster has no name of its own, so `clusterIdentifier`
 * decides where both sides have one; otherwise the cluster's entry in the kubeconfig does. What is unknown replaces
 * nothing: most often it is the same cluster, about to be repaired.
 */
export function diffConfig(olds: PropertyMap, news: PropertyMap): DiffResult {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter((key) => !key.startsWith("__"));
  const changed = keys.filter((key) => key !== "version" && !equal(olds[key] ?? null, news[key] ?? null));
  const replaces = replacingKeys(olds, news, changed);
  return { changes: changed.length > 0 ? "some" : "none", replaces, deleteBeforeReplace: false, stables: [], changed };
}

function replacingKeys(olds: PropertyMap, news: PropertyMap, changed: readonly string[]): readonly string[] {
  const [before, after] = [text(olds.clusterIdentifier), text(news.clusterIdentifier)];
  if (before !== undefined && after !== undefined) return before === after ? [] : ["clusterIdentifier"];
  const places = ["kubeconfig", "context", "cluster"];
  if (places.some((key) => reveal(news[key]) instanceof Unknown)) return [];
  const [oldCluster, newCluster] = [clusterOf(olds), clusterOf(news)];
  if (oldCluster === undefined || newCluster === undefined || equal(oldCluster, newCluster)) return [];
  return places.filter((key) => changed.includes(key));
}

function clusterOf(config: PropertyMap): PropertyMap | undefined {
  try {
    return activeCluster(readKubeconfig(config.kubeconfig ?? null), overridesOf(config));
  } catch {
    // An old kubeconfig that can't be read any more (its file is gone) says nothing about the cluster.
    return undefined;
  }
}

/** Understands a checked configuration. Throws an Error where `checkConfig` would have failed. */
export function parseConfig(config: PropertyMap): ProviderConfig {
  const overrides = overridesOf(config);
  const places = [config.kubeconfig, config.context, config.cluster].map((value) => reveal(value));
  const known = !places.some((value) => value instanceof Unknown);
  const kubeconfig = known ? readKubeconfig(config.kubeconfig ?? null) : undefined;
  if (kubeconfig !== undefined) activeContext(kubeconfig, overrides);
  const settings = settingsOf(reveal(config.kubeClientSettings) ?? null) ?? {};
  const timeout = reveal(settings.timeout);
  return {
    kubeconfig,
    overrides,
    defaultNamespace:
      text(config.namespace) ?? (kubeconfig === undefined ? undefined : contextNamespace(kubeconfig, overrides)),
    configMapsMutable: isTrue(config.enableConfigMapMutable),
    secretsMutable: isTrue(config.enableSecretMutable),
    patchForce: isTrue(config.enablePatchForce),
    deleteUnreachable: isTrue(config.deleteUnreachable),
    suppressDeprecationWarnings: isTrue(config.suppressDeprecationWarnings),
    requestTimeout: typeof timeout === "number" ? timeout * 1000 : undefined,
    unused: SETTINGS.filter((key) => key !== "timeout" && Object.hasOwn(settings, key)),
  };
}

/** The SDK sends nested options as JSON text. `undefined`: they are none. */
function settingsOf(given: PropertyValue): PropertyMap | undefined {
  try {
    const parsed = typeof given === "string" ? (JSON.parse(given) as PropertyValue) : given;
    return isMap(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function overridesOf(config: PropertyMap): Overrides {
  return { context: text(config.context), cluster: text(config.cluster) };
}

function text(value: PropertyValue | undefined): string | undefined {
  const given = reveal(value);
  return typeof given === "string" && given !== "" ? given : undefined;
}

function isTrue(value: PropertyValue | undefined): boolean {
  const given = reveal(value);
  return given === true || given === "true";
}

/** Whether an option was given at all; an SDK sends empty texts and objects for some that were not. */
function isSet(value: PropertyValue | undefined): value is PropertyValue {
  const given = reveal(value);
  if (given === undefined || given === null || given === "") return false;
  return !(isMap(given) && Object.keys(given).length === 0);
}
