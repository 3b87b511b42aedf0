/**
 * Labels that more than one room, the policies, or a person with kubectl relies on. Each key appears here and nowhere
 * else; only policies/, which import no room, repeat the one that they look for, and a test compares the two. The `app.kubernetes.io/` ones are the recommended labels of
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
 */
export type Labels = Readonly<Record<string, string>>;

export const LABEL = {
  name: "app.kubernetes.io/name",
  version: "app.kubernetes.io/version",
  component: "app.kubernetes.io/component",
  partOf: "app.kubernetes.io/part-of",
  managedBy: "app.kubernetes.io/managed-by",
  /** The team that owns the object. */
  team: "weft.dev/team",
  /** "true" on the objects of a service whose loss users notice at once, "false" on those of any other service. */
  critical: "weft.dev/critical",
} as const;

/** Value of the managed-by label: what a person should look for before editing an object by hand. */
const MANAGED_BY = "weft";

export interface LabelFacts {
  /** What the object is a part of the making of: a service, a team, a broker. */
  readonly name: string;
  /** The kind of part it plays: "service", "team". */
  readonly component: string;
  /** The larger thing it belongs to. */
  readonly partOf: string;
}

/** The labels that every object carries. They never change with a version, so an upgrade touches only what runs it. */
export function standardLabels(facts: LabelFacts): Labels {
  return {
    [LABEL.name]: facts.name,
    [LABEL.component]: facts.component,
    [LABEL.partOf]: facts.partOf,
    [LABEL.managedBy]: MANAGED_BY,
  };
}

/**
 * What the pods of a service are found by. Immutable in a workload, so it holds no version; it names the team, so that
 * a chart that uses the same application name in the same namespace is not selected with them.
 */
export function selectorLabels(owner: { readonly name: string; readonly team: string }): Labels {
  return { [LABEL.name]: owner.name, [LABEL.team]: owner.team };
}

const LABEL_VALUE = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** The version label of an image: its tag. Empty for a digest, and for a tag that is no valid label value. */
export function versionLabels(image: string): Labels {
  const [reference = ""] = image.split("@");
  const lastPart = reference.slice(reference.lastIndexOf("/") + 1);
  const colon = lastPart.indexOf(":");
  const tag = colon < 0 ? "" : lastPart.slice(colon + 1);
  return LABEL_VALUE.test(tag) ? { [LABEL.version]: tag } : {};
}
