import { type Item, progressOf, type View } from "../view.ts";
import type { Style } from "./style.ts";
import { count, cut, duration, oneLine, pad, widthOf } from "./text.ts";
import { type Branch, branchesOf } from "./tree.ts";
import { tell, wordsFor } from "./words.ts";

export interface ScreenOptions {
  readonly width: number;
  /** Lines that may be used, at least 1. */
  readonly height: number;
  readonly now: number;
  readonly style: Style;
  /** Set once someone has asked it to stop: what to say about it. */
  readonly stopping: string | undefined;
  /** The last picture: nothing moves any more. */
  readonly still?: boolean;
}

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPINNER_MS = 100;
const WIDEST_NAME = 32;

/** The moving picture of an operation: a line of totals, and below it as much of the tree as there is room for. */
export function screen(view: View, options: ScreenOptions): string[] {
  const { height, style, stopping } = options;
  const lines = [header(view, options)];
  if (stopping !== undefined && height > 1) lines.push(style.warn(cut(stopping, options.width)));
  const room = height - lines.length;
  if (view.phase === "apply" && room > 0) lines.push(...tree(branchesOf(view), room, options));
  return lines;
}

function header(view: View, { width, now, style }: ScreenOptions): string {
  if (width < 3) return spinner(now);
  const { total, done, failed, unchanged, operations } = progressOf(view);
  const planned = total === 0 ? [] : [tell(Object.fromEntries(operations), "plan")];
  const far = {
    start: [],
    plan: [count(total + unchanged, "resource"), ...planned],
    apply: total === 0 ? [] : [`${done + failed} of ${total}`],
  };
  const parts = [
    ...far[view.phase],
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(view.warnings.length > 0 ? [count(view.warnings.length, "warning")] : []),
    duration(now - view.startedAt),
    ...(view.note === undefined ? [] : [oneLine(view.note)]),
  ];
  const doing = { start: "starting", plan: "planning", apply: "applying" }[view.phase];
  const text = cut(parts.join(" · "), width - doing.length - 4);
  return `${style.accent(spinner(now))} ${style.bold(cut(doing, width - 2))}${text === "" ? "" : `  ${text}`}`;
}

function tree(branches: readonly Branch[], room: number, options: ScreenOptions): string[] {
  const { shown, hidden } = choose(branches, room);
  const nameWidth = Math.min(
    WIDEST_NAME,
    Math.max(0, ...shown.map(({ branch, depth }) => widthOf(branch.name) + 2 * depth)),
  );
  const countWidth = Math.max(0, ...shown.map(({ branch }) => `${branch.done}/${branch.total}`.length));
  const lines = shown.map((row) => line(row, nameWidth, countWidth, options));
  return hidden === undefined ? lines : [...lines, options.style.dim(cut(`  ${hidden}`, options.width))];
}

interface Row {
  readonly branch: Branch;
  readonly depth: number;
  /** Its children have lines of their own. */
  readonly open: boolean;
}

type Condition = "failed" | "running" | "waiting" | "done";

function conditionOf(branch: Branch): Condition {
  if (branch.failed > 0) return "failed";
  if (branch.running.length > 0) return "running";
  return branch.done === branch.total ? "done" : "waiting";
}

/** What is told of first when there is no room for all. */
const URGENCY: readonly Condition[] = ["failed", "running", "waiting", "done"];

/** Which branches get a line: all of them if they cut, else the most urgent ones, opened as far as there is room. */
function choose(roots: readonly Branch[], room: number): { shown: Row[]; hidden: string | undefined } {
  const open = new Set<Branch>();
  const rows = (): Row[] => {
    const walk = (branches: readonly Branch[], depth: number): Row[] =>
      branches.flatMap((branch) => {
        const isOpen = open.has(branch);
        return [{ branch, depth, open: isOpen }, ...(isOpen ? walk(branch.children, depth + 1) : [])];
      });
    return walk(roots, 0);
  };
  const openable = (branches: readonly Branch[]): Branch[] =>
    branches.flatMap((branch) => (branch.children.length === 0 ? [] : [branch, ...openable(branch.children)]));
  let lines = roots.length;
  for (const condition of URGENCY) {
    for (const branch of openable(roots).filter((each) => conditionOf(each) === condition)) {
      if (lines + branch.children.length > room) continue;
      open.add(branch);
      lines = rows().length;
    }
  }
  const all = rows();
  if (all.length <= room) return { shown: all, hidden: undefined };

  const ranked = URGENCY.flatMap((condition) => all.filter(({ branch }) => conditionOf(branch) === condition));
  const kept = new Set(ranked.slice(0, Math.max(0, room - 1)));
  const left = all.filter((row) => !kept.has(row));
  const of = (condition: Condition): number => left.filter(({ branch }) => conditionOf(branch) === condition).length;
  const hidden = URGENCY.flatMap((condition) => (of(condition) > 0 ? [`${of(condition)} ${condition}`] : []));
  return { shown: all.filter((row) => kept.has(row)), hidden: `and ${hidden.join(", ")}` };
}

function line({ branch, depth, open }: Row, nameWidth: number, countWidth: number, options: ScreenOptions): string {
  const { width, now, style } = options;
  const condition = conditionOf(branch);
  const name = pad(cut(`${"  ".repeat(depth)}${branch.name}`, nameWidth), nameWidth);
  const counts = `${branch.done}/${branch.total}`.padStart(countWidth);
  const icons: Readonly<Record<Condition, string>> = {
    failed: style.bad("✗"),
    running: options.still ? style.warn("…") : style.accent(spinner(now)),
    waiting: style.dim("·"),
    done: style.good("✓"),
  };
  const start = `${icons[condition]} ${condition === "waiting" || condition === "done" ? style.dim(name) : name}`;
  const left = width - 2 - nameWidth - 1 - countWidth - 2;
  if (left < 0) return cut(`${branch.name} ${counts}`, width);
  const detail = cut(detailOf(branch, open ? branch.own : branch.running, now), left);
  return detail === "" ? `${start} ${counts}` : `${start} ${counts}  ${style.dim(detail)}`;
}

/** What a branch waits for now: the piece of work that has taken longest. */
function detailOf({ name, failed }: Branch, running: readonly Item[], now: number): string {
  const [first, ...others] = running;
  if (first === undefined) return failed > 0 ? `${failed} failed` : "";
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return `${roleOf(first, name)}: ${waitingFor(first)} ${duration(now - first.since)}${more}`;
}

/** A child's name says its component's first; the line has said that already. */
function roleOf({ ref }: Item, branch: string): string {
  return ref.name.startsWith(`${branch}-`) ? ref.name.slice(branch.length + 1) : ref.name;
}

/** What an item that runs waits for. */
export function waitingFor({ operation, status }: Item): string {
  return status === undefined ? wordsFor(operation).now : oneLine(status);
}

function spinner(now: number): string {
  return SPINNER[Math.floor(now / SPINNER_MS) % SPINNER.length] ?? "";
}
