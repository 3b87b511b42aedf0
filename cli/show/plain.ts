import type { EngineEvent } from "../../engine/index.ts";
import { keyOf, progressOf, type View } from "../view.ts";
import { failureLine, isEcho } from "./failures.ts";
import { waitingFor } from "./screen.ts";
import type { Style } from "./style.ts";
import { count, duration, firstLine, safe } from "./text.ts";
import { foundWord, tell, tellUnchanged, wordsFor } from "./words.ts";

type Ended = Extract<EngineEvent, { kind: "resource-end" }>;
type Message = Extract<EngineEvent, { kind: "message" }>;

export interface PlainOptions {
  readonly style: Style;
  readonly verbose: boolean;
  readonly now: number;
  /** Nothing but a refresh yet: what it tells of was found, not done. */
  readonly refreshing: boolean;
}

/**
 * What a log gets to read of one event: nothing of what stays as it is, no progress, which would fill it, and nothing
 * that only plans, for that is told at the end.
 */
export function plainLines(event: EngineEvent, before: View, after: View, options: PlainOptions): string[] {
  const { style, now } = options;
  switch (event.kind) {
    case "phase":
      if (before.phase !== "plan" || event.phase !== "apply") return [];
      return [`planned in ${duration(now - before.phaseStartedAt)}: ${planned(before)}`];
    case "resource-end":
      return event.phase === "apply" ? ended(event, after, options) : [];
    case "resource-status":
      return options.verbose ? [style.dim(`  ${safe(event.message).trim()}`)] : [];
    case "message":
      return message(event, before, after, style);
    case "policy-loaded":
      return options.verbose ? [style.dim(`policies: ${event.pack} ${event.version}`)] : [];
    case "resource-begin":
    case "policy-violation":
      return [];
  }
}

function ended(event: Ended, after: View, { style, verbose, refreshing }: PlainOptions): string[] {
  const { resource, operation, error } = event;
  if (error !== undefined) return [failureLine({ resource, operation, text: error }, style)];
  // Components and providers "are created" when they are named, before anything of theirs is.
  const item = after.families.get(resource.parent ?? "")?.get(keyOf(resource, operation));
  const tells = operation !== "same" && (refreshing || item?.work === true) && operation !== "discard";
  if (!tells && !verbose) return [];
  const { sign, tone } = wordsFor(operation);
  const done = refreshing ? foundWord(operation) : wordsFor(operation).done;
  const time = event.duration >= 1000 ? `  ${style.dim(duration(event.duration))}` : "";
  return [`${style[tone](sign)} ${done} ${resource.name}  ${style.dim(resource.type)}${time}`];
}

/** A sign of life while nothing ends: how far it is, and what it waits for. */
export function heartbeat(view: View, now: number): string {
  const { total, done, failed, unchanged, running } = progressOf(view);
  const elapsed = duration(now - view.startedAt);
  if (view.phase === "start") return `starting (${elapsed})`;
  const far =
    view.phase === "plan"
      ? `planning, ${count(total + unchanged, "resource")} so far`
      : `${done + failed} of ${total} done`;
  const [first, ...others] = running;
  if (first === undefined) return `${far} (${elapsed})${view.note === undefined ? "" : `: ${firstLine(view.note)}`}`;
  const more = others.length === 0 ? "" : `, and ${count(others.length, "other")}`;
  return `${far} (${elapsed}); ${first.ref.name}: ${waitingFor(first)} for ${duration(now - first.since)}${more}`;
}

function planned(view: View): string {
  const { operations, unchanged } = progressOf(view);
  return `${tell(Object.fromEntries(operations), "plan")}${tellUnchanged(unchanged)}`;
}

/**
 * A warning is told of now, once; an error in full at the end, and now only if that may be far; what a program prints
 * has no other place than here.
 */
function message(event: Message, before: View, after: View, style: Style): string[] {
  const text = safe(event.text).trimEnd();
  if (event.severity === "info") return text.split("\n");
  if (event.severity === "error")
    return after.applying && !isEcho(text) ? [`${style.bad("✗")} ${firstLine(text)}`] : [];
  return after.warnings === before.warnings ? [] : [`${style.warn("!")} ${text}`];
}
