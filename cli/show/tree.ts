import { parseUrn } from "../../engine/resource.ts";
import { type Item, itemsOf, type View } from "../view.ts";

/** A component with all that belongs to it, or a resource that belongs to none. */
export interface Branch {
  readonly urn: string;
  readonly name: string;
  readonly children: readonly Branch[];
  /** Resources below it that change; components, which are only their children's sum, don't count. */
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** Longest first; its children's too. */
  readonly running: readonly Item[];
  /** Without its children's. */
  readonly own: readonly Item[];
}

/** What changes, as a forest in the order in which it was first heard of. What is unchanged is left out. */
export function branchesOf(view: View): Branch[] {
  const items = itemsOf(view);
  const byUrn = new Map(items.map((item) => [item.ref.urn, item]));
  const roots: Draft[] = [];
  const drafts = new Map<string, Draft>();
  const draftOf = (urn: string): Draft => {
    const known = drafts.get(urn);
    if (known !== undefined) return known;
    const draft: Draft = { urn, name: parseUrn(urn).name, children: [], items: [] };
    drafts.set(urn, draft);
    const parent = byUrn.get(urn)?.ref.parent;
    if (parent === undefined || isStack(parent)) roots.push(draft);
    else draftOf(parent).children.push(draft);
    return draft;
  };
  for (const item of items) {
    if (item.state === "unchanged" || isBookkeeping(item.ref.type)) continue;
    if (!item.work && view.families.has(item.ref.urn)) continue;
    const { parent, urn } = item.ref;
    draftOf(parent === undefined || isStack(parent) ? urn : parent).items.push(item);
  }
  return roots.map(finish);
}

interface Draft {
  readonly urn: string;
  readonly name: string;
  readonly children: Draft[];
  readonly items: Item[];
}

function finish(draft: Draft): Branch {
  const children = draft.children.map(finish);
  const sum = (field: "total" | "done" | "failed"): number => children.reduce((all, child) => all + child[field], 0);
  const own = (state: Item["state"]): number => draft.items.filter((item) => item.state === state).length;
  const longestFirst = (items: Item[]): Item[] => items.sort((a, b) => a.since - b.since);
  const running = draft.items.filter(({ state }) => state === "running");
  return {
    urn: draft.urn,
    name: draft.name,
    children,
    total: draft.items.length + sum("total"),
    done: own("done") + sum("done"),
    failed: own("failed") + sum("failed"),
    running: longestFirst([...running, ...children.flatMap((child) => child.running)]),
    own: longestFirst(running),
  };
}

function isStack(urn: string): boolean {
  return isBookkeeping(parseUrn(urn).type);
}

/** The stack and the providers: they exist in the state only, and their turn takes no time. */
function isBookkeeping(type: string): boolean {
  return type.startsWith("pulumi:");
}
