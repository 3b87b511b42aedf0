import { conditionOf, type JsonMap, mapsAt, numberAt, textAt } from "../json.ts";
import { type Finding, RANK, summarize } from "./finding.ts";
import { eventText, newest, podFindings } from "./pod.ts";

/** What was found around an object that does not become ready. */
export interface Evidence {
  readonly object: JsonMap;
  /** Pods of the revision that is being rolled out; older ones say nothing about it. */
  readonly pods: readonly JsonMap[];
  /** The ReplicaSet of that revision, if there is one. */
  readonly replicaSet: JsonMap | undefined;
  /** Claims that its pods use. */
  readonly claims: readonly JsonMap[];
  /** Warnings about any of these. */
  readonly events: readonly JsonMap[];
}

const MOST_EVENTS = 3;

/** Why the object is not ready, the likeliest cause first. Empty when nothing tells. */
export function diagnose(evidence: Evidence): readonly string[] {
  const findings = [
    ...creationFindings(evidence),
    ...evidence.pods.flatMap((pod) => podFindings(pod, eventsAbout(evidence.events, pod))),
    ...evidence.claims.flatMap((claim) => claimFindings(claim, evidence.events)),
  ];
  const causes = summarize(findings);
  const told = causes.join("\n");
  return [...causes, ...objectReasons(evidence, told)];
}

/** Quota, admission and missing accounts keep pods from being created at all. */
function creationFindings({ object, replicaSet, events }: Evidence): Finding[] {
  const owner = replicaSet ?? object;
  const subject = `${textAt(owner, "kind")} ${textAt(owner, "metadata", "name")}`;
  const failure = conditionOf(owner, "ReplicaFailure");
  const wanted = numberAt(owner, "spec", "replicas") ?? 1;
  const exist = numberAt(owner, "status", "replicas") ?? 0;
  const event = newest(eventsAbout(events, owner).filter((item) => item.reason === "FailedCreate"));
  const message =
    failure?.status === "True" ? textAt(failure, "message") : exist < wanted ? textAt(event, "message") : undefined;
  return message === undefined
    ? []
    : [{ rank: RANK.creation, text: `can't create pods: ${message.replace(/^Error creating: /, "")}`, subject }];
}

function claimFindings(claim: JsonMap, events: readonly JsonMap[]): Finding[] {
  const phase = textAt(claim, "status", "phase") ?? "Pending";
  if (phase === "Bound") return [];
  const event = newest(eventsAbout(events, claim));
  const why = event === undefined ? classText(claim) : eventText(event);
  const subject = `claim ${textAt(claim, "metadata", "name")}`;
  return [{ rank: RANK.volume, text: `${phase === "Lost" ? "its volume is lost" : "not bound"}: ${why}`, subject }];
}

function classText(claim: JsonMap): string {
  const name = textAt(claim, "spec", "storageClassName") ?? "";
  return name === ""
    ? "it names no StorageClass, and no volume matches"
    : `StorageClass ${name} has provided no volume`;
}

/** The object's own conditions and warnings, where the causes do not tell the same already. */
function objectReasons({ object, events }: Evidence, told: string): string[] {
  const conditions = mapsAt(object, "status", "conditions").flatMap((condition) => {
    const message = textAt(condition, "message") ?? "";
    const bad = BAD_WHEN_TRUE.has(textAt(condition, "type") ?? "") === (condition.status === "True");
    if (!bad || message === "" || told.includes(message)) return [];
    return [`condition ${textAt(condition, "type")}: ${message}`];
  });
  const warnings = eventsAbout(events, object)
    .map(eventText)
    .filter((text) => !told.includes(text.split(": ").slice(1).join(": ")));
  const silent = isSilent(object)
    ? ["no controller has acted on it: check that the controller manager runs (or the controller of this kind)"]
    : [];
  return [...silent, ...conditions, ...[...new Set(warnings)].slice(0, MOST_EVENTS)];
}

/** Conditions that tell of trouble when they hold; of all others, when they don't. */
const BAD_WHEN_TRUE = new Set([
  "ReplicaFailure",
  "Failed",
  "FailureTarget",
  "Suspended",
  "NamespaceContentRemaining",
  "NamespaceDeletionContentFailure",
  "NamespaceDeletionDiscoveryFailure",
  "NamespaceDeletionGroupVersionParsingFailure",
  "NamespaceFinalizersRemaining",
]);

function isSilent(object: JsonMap): boolean {
  const kinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"];
  if (!kinds.includes(textAt(object, "kind") ?? "")) return false;
  const observed = numberAt(object, "status", "observedGeneration") ?? -1;
  return observed < (numberAt(object, "metadata", "generation") ?? 0);
}

function eventsAbout(events: readonly JsonMap[], object: JsonMap): readonly JsonMap[] {
  const uid = textAt(object, "metadata", "uid");
  return events.filter((event) => textAt(event, "involvedObject", "uid") === uid);
}
