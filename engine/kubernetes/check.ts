import { isMap, type PropertyMap, Unknown, unwrapSecrets } from "../property.ts";
import type { CheckResult } from "../provider.ts";
import { type JsonMap, textAt } from "./json.ts";
import { isPatch } from "./kinds.ts";
import { randomName, withName } from "./naming.ts";
import { normalizeInputs } from "./normalize.ts";
import { markSecrets, reveal } from "./secrets.ts";
import { structureFailures } from "./structure.ts";

export interface CheckFacts {
  readonly type: string;
  /** The resource's name in the program. */
  readonly name: string;
  readonly olds: PropertyMap | undefined;
  readonly news: PropertyMap;
  /** Where objects go that name no namespace; `undefined` while the cluster is not known. */
  readonly defaultNamespace: string | undefined;
  readonly namespaced: boolean;
}

export function checkInputs(facts: CheckFacts): CheckResult {
  const failures = structureFailures(facts.type, facts.news);
  if (failures.length > 0) return { inputs: facts.news, failures };
  const olds = facts.olds === undefined ? undefined : (unwrapSecrets(facts.olds) as JsonMap);
  const named = isPatch(facts.type, String(facts.news.kind))
    ? facts.news
    : withName(facts.news, olds, () => randomName(facts.name));
  const placed = facts.namespaced ? withNamespace(named, olds, facts.defaultNamespace) : named;
  return { inputs: normalizeInputs(markSecrets(placed, undefined)), failures: [] };
}

/** Whether the inputs leave the namespace to the provider. */
export function needsNamespace(inputs: PropertyMap): boolean {
  const metadata = inputs.metadata === undefined ? {} : reveal(inputs.metadata);
  if (metadata instanceof Unknown || !isMap(metadata)) return false;
  const namespace = reveal(metadata.namespace);
  return namespace === undefined || namespace === null || namespace === "";
}

function withNamespace(inputs: PropertyMap, olds: JsonMap | undefined, fallback: string | undefined): PropertyMap {
  if (!needsNamespace(inputs)) return inputs;
  // While the cluster is unknown, its default is too; the recorded one keeps a preview from showing a move.
  const namespace = fallback ?? textAt(olds, "metadata", "namespace");
  if (namespace === undefined) return inputs;
  const metadata = inputs.metadata === undefined ? {} : reveal(inputs.metadata);
  return { ...inputs, metadata: { ...(isMap(metadata) ? metadata : {}), namespace } };
}
