import type { Outcome } from "../../engine/index.ts";
import type { Problem } from "../exit-code.ts";
import { progressOf, type View } from "../view.ts";
import { distinctFailures, weigh } from "./failures.ts";
import type { Style } from "./style.ts";
import { count, duration } from "./text.ts";
import { changesIn, tell, tellUnchanged } from "./words.ts";

export type Command = "up" | "preview" | "destroy" | "refresh";

/** All that is known when an operation has ended. */
export interface End {
  readonly command: Command;
  readonly stack: string;
  readonly view: View;
  /** Milliseconds, all in all. */
  readonly elapsed: number;
  /** `undefined` when it was thrown out of its course. */
  readonly outcome: Outcome | undefined;
  readonly problem: Problem | undefined;
  readonly cancelled: boolean;
  /** A refresh came before the plan, and recorded what it found. */
  readonly refreshed: boolean;
  /** The stack's state was forgotten as well. */
  readonly removed: boolean;
}

/** The last lines of every operation but the addresses: how it ended, what was changed, how long it took. */
export function renderSummary(end: End, style: Style): string[] {
  const { outcome, view } = end;
  const icon = succeeded(end) ? style.good("✓") : style.bad("✗");
  const lines = [`${icon} ${style.bold(headline(end))}`, `  ${time(end)}`];
  if (succeeded(end) && (outcome?.changes.discard ?? 0) > 0) {
    lines.push(
      "  released: out of the state without being deleted, because they went with what held them or are retained",
    );
  }
  if (succeeded(end) && end.removed) lines.push("  the stack is forgotten, its history and backups with it");
  if (succeeded(end) && view.packs.length > 0) lines.push(`  ${policies(view)}`);
  if (!succeeded(end)) lines.push(...wayOn(end).map((line) => `  ${line}`));
  if (end.command === "preview" && succeeded(end) && changesIn(outcome?.changes ?? {}) > 0) {
    lines.push(`  ${untouched(end)}`);
  }
  return lines;
}

export function succeeded({ outcome, problem }: End): boolean {
  return problem === undefined && outcome?.result === "succeeded";
}

const TENSE = { preview: "plan", up: "done", destroy: "done", refresh: "found" } as const;

function headline(end: End): string {
  const { command, stack, outcome, view } = end;
  if (end.cancelled) return `${stack}: cancelled`;
  if (!succeeded(end)) return `${stack}: ${failure(end)}`;
  const counts = outcome?.changes ?? {};
  const changes = tell(counts, TENSE[command]);
  const unchanged = counts.same ?? progressOf(view).unchanged;
  return `${stack}: ${changes}${command === "destroy" ? "" : tellUnchanged(unchanged)}`;
}

function failure(end: End): string {
  const { view, outcome, command } = end;
  const mandatory = outcome?.mandatoryViolations ?? 0;
  const failures = distinctFailures(view.failures).length;
  if (mandatory > 0) return `${count(mandatory, "policy violation")}`;
  if (wrote(end) && command !== "refresh") {
    const { done, total, failed } = progressOf(view);
    return `${done} of ${total} done, ${failed > 0 ? failed : failures} failed`;
  }
  return failures > 0 ? count(failures, "failure") : `${command} failed`;
}

function untouched({ refreshed }: End): string {
  return refreshed ? "nothing was applied; the state holds what the refresh found" : "nothing was written";
}

/** What became of what was begun, and how to go on. */
function wayOn(end: End): string[] {
  const { command, cancelled } = end;
  if (!wrote(end)) return [untouched(end)];
  if (command === "refresh") return ["what could be read is recorded; nothing but the state was changed"];
  const again = cancelled
    ? "the same command goes on from here"
    : "once the cause is gone, the same command goes on from here";
  return [`what was done is recorded in the stack's state; ${again}`];
}

/** Whether anything may have been written. An engine that was refused the stack has entered the phase, and no more. */
function wrote({ command, view, outcome }: End): boolean {
  const { done, failed, running, unchanged } = progressOf(view);
  if (outcome === undefined) return view.applying && done + failed + running.length + unchanged > 0;
  return command === "destroy" || command === "refresh" ? view.applying : outcome.phase === "apply";
}

function time({ outcome, elapsed }: End): string {
  const parts = [
    ...(outcome !== undefined && outcome.duration.plan > 0 ? [`plan ${duration(outcome.duration.plan)}`] : []),
    ...(outcome !== undefined && outcome.duration.apply > 0 ? [`apply ${duration(outcome.duration.apply)}`] : []),
  ];
  return `took ${duration(elapsed)}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`;
}

function policies({ packs, violations }: View): string {
  const names = packs.map(({ pack, version, policies }) => {
    return `${pack} ${version}${policies > 0 ? ` (${count(policies, "policy", "policies")})` : ""}`;
  });
  return `judged by ${names.join(", ")}: ${violations.length === 0 ? "no violations" : `violations: ${weigh(violations)}`}`;
}
