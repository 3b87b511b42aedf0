import { parseUrn } from "../../engine/resource.ts";
import { type Item, itemsOf, type View } from "../view.ts";
import type { Style } from "./style.ts";
import { count, cutMiddle, oneLine } from "./text.ts";
import { wordsFor } from "./words.ts";

/** Paths told of for one resource; a longer list hides more than it shows. */
const PATHS = 40;
/** Columns of a value beside another. */
const VALUE = 60;

/** What a plan would do: every resource that changes, and which of its properties, before → after. */
export function renderChanges(view: View, style: Style): string[] {
  const items = itemsOf(view).filter(isChange);
  const groups = Map.groupBy(items, ({ ref }) => ref.parent ?? "");
  const lines: string[] = [];
  for (const [parent, members] of groups) {
    const group = groupName(parent);
    if (lines.length > 0) lines.push("");
    if (group !== "") lines.push(style.bold(group));
    const by = group === "" ? "" : "  ";
    for (const item of members) lines.push(...renderItem(item, style).map((line) => by + line));
  }
  return lines;
}

/**
 * Components and the stack come and go with what they hold, and an original with its replacement; telling of them would
 * double the list.
 */
function isChange({ state, work, operation }: Item): boolean {
  if (operation === "delete-original") return false;
  return (work && state !== "unchanged" && state !== "failed") || operation === "discard";
}

function renderItem({ ref, operation, changes }: Item, style: Style): string[] {
  const { sign, tone } = wordsFor(operation);
  const head = `${style[tone](sign)} ${operation} ${style.bold(ref.name)}  ${style.dim(ref.type)}`;
  const paths = Object.entries(changes).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = paths.slice(0, PATHS).map(([path, change]) => {
    const before = "before" in change ? style.bad(value(change.before)) : "";
    const after = "after" in change ? style.good(value(change.after)) : "";
    return `    ${path}: ${before === "" ? after || "(changed)" : `${before} → ${after || "(removed)"}`}`;
  });
  const more = paths.length - shown.length;
  return [
    head,
    ...shown,
    ...(more > 0 ? [style.dim(`    and ${count(more, "property", "properties")} more (--json shows all)`)] : []),
  ];
}

/** In one line; text that could be mistaken for something else stands in quotes. */
function value(of: unknown): string {
  const bare = typeof of === "string" && (of === "[secret]" || of === "[unknown]" || BARE.test(of));
  return cutMiddle(oneLine(bare ? of : (JSON.stringify(of) ?? "undefined")), VALUE);
}

/** Neither empty nor with spaces, nor what is a number, a boolean or null without quotes. */
const BARE = /^(?!(?:true|false|null|[-+]?[\d.]+)$)[^\s"'{[\]}]+$/;

function groupName(parent: string): string {
  if (parent === "") return "";
  const { type, name } = parseUrn(parent);
  return type.startsWith("pulumi:") ? "" : name;
}
