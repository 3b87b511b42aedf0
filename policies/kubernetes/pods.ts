import type { ResourceValidation } from "@pulumi/policy";
import { Field } from "./field.ts";
import { collectFindings, type Findings } from "./findings.ts";

/** A pod, or the template of pods, in a resource of any kind that holds one. */
export interface Pod {
  /** Kind of the object that holds it, without "Patch" and "List": "Deployment". */
  readonly kind: string;
  /** The object for messages: "Deployment shop/orders". */
  readonly label: string;
  /** From a `…Patch` resource, which states only a part of its object: what it leaves out says nothing. */
  readonly partial: boolean;
  /** The object itself. */
  readonly object: Field;
  /** What has the pod's `metadata` and `spec`: the template, or the object itself when that is a Pod. */
  readonly template: Field;
  readonly spec: Field;
}

/** What rules need of a resource; the SDK's arguments of both kinds of rule have it. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly props: unknown;
}

const TEMPLATE = ["spec", "template"];
/** Where each kind keeps its pod template. */
const TEMPLATES: ReadonlyMap<string, readonly string[]> = new Map([
  ["Pod", []],
  ["PodTemplate", ["template"]],
  ["ReplicationController", TEMPLATE],
  ["Deployment", TEMPLATE],
  ["StatefulSet", TEMPLATE],
  ["DaemonSet", TEMPLATE],
  ["ReplicaSet", TEMPLATE],
  ["Job", TEMPLATE],
  ["CronJob", ["spec", "jobTemplate", "spec", "template"]],
]);
const GROUPS: ReadonlySet<string> = new Set(["core", "apps", "extensions", "batch"]);

export interface KindToken {
  /** API group; "core" for the one without a name. */
  readonly group: string;
  /** As objects state it: "v1", "apps/v1". */
  readonly apiVersion: string;
  readonly kind: string;
  /** As the type has it, "Patch" and "List" included. */
  readonly kindInType: string;
  readonly form: "object" | "patch" | "list";
}

/** Reads a type token such as `kubernetes:apps/v1:DeploymentPatch`; `undefined` for what is no Kubernetes object. */
export function kindOf(type: string): KindToken | undefined {
  // A custom resource of the group without a name has no "core/" in its token.
  const [, group = "core", version, kindInType] = /^kubernetes:(?:([^/:]+)\/)?(v\w+):(\w+)$/.exec(type) ?? [];
  if (version === undefined || kindInType === undefined) return undefined;
  const apiVersion = group === "core" ? version : `${group}/${version}`;
  const [, kind = kindInType, suffix] = /^(\w+?)(Patch|List)$/.exec(kindInType) ?? [];
  const form = suffix === "Patch" ? "patch" : suffix === "List" ? "list" : "object";
  return { group, apiVersion, kind, kindInType, form };
}

/** The pods in a resource; `undefined` when its kind holds none. */
export function podsIn({ type, name, props }: Resource): Pod[] | undefined {
  const token = kindOf(type);
  if (token === undefined || !GROUPS.has(token.group)) return undefined;
  const path = TEMPLATES.get(token.kind);
  if (path === undefined) return undefined;
  return objectsIn(token, props).map((object) => {
    const template = object.at(path);
    const shown = `${token.kind}${token.form === "patch" ? "Patch" : ""}`;
    return {
      kind: token.kind,
      label: labelOf(shown, object, name),
      partial: token.form === "patch",
      object,
      template,
      spec: template.get("spec"),
    };
  });
}

/** The objects of a resource: itself, or the items of a list. */
export function objectsIn(token: KindToken, props: unknown): Field[] {
  const root = Field.of(props);
  if (token.form !== "list") return [root];
  const list = root.get("items");
  // Of a list that is not known yet, one object stands for all: everything about it is unknown.
  return list.unknown ? [list] : list.items();
}

/** "Deployment shop/orders", with the resource's Pulumi name where the object's own name is not known. */
export function labelOf(kind: string, object: Field, resourceName: string): string {
  const metadata = object.get("metadata");
  const namespace = metadata.get("namespace").text;
  const name = metadata.get("name").text ?? resourceName;
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** Kinds that a rule says nothing about, and why. */
export interface Exception {
  readonly kinds: readonly string[];
  readonly reason: string;
}

/** A rule about pods: `judge` is called for each. */
export function judgePods(judge: (pod: Pod, findings: Findings) => void, except?: Exception): ResourceValidation {
  return (args, report) => {
    const pods = podsIn(args);
    if (pods === undefined) return args.notApplicable("it holds no pods");
    if (except !== undefined && pods.some((pod) => except.kinds.includes(pod.kind))) {
      return args.notApplicable(except.reason);
    }
    collectFindings(report, (findings) => {
      for (const pod of pods) judge(pod, findings);
    });
  };
}
