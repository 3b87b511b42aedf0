import type { Extra } from "../reporter.ts";
import type { Failure } from "../view.ts";
import { renderChanges } from "./changes.ts";
import { renderFailures, renderViolations, renderWarnings } from "./failures.ts";
import { platformOf, renderNext, renderOutputs, renderPlatform } from "./platform.ts";
import type { Style } from "./style.ts";
import { type End, renderSummary, succeeded } from "./summary.ts";
import { indent, safe } from "./text.ts";
import { changesIn } from "./words.ts";

export interface FinalOptions {
  readonly style: Style;
  readonly width: number;
  /** Nothing but failures and the summary. */
  readonly quiet: boolean;
  /** Warnings were told of as they came. */
  readonly warned: boolean;
}

/** All that is left to say when an operation has ended: what went wrong first and in full, then how it ended. */
export function renderEnd(end: End, { caller }: Extra, { style, width, quiet, warned }: FinalOptions): string[] {
  const { view, outcome, problem, command } = end;
  const sections = [
    ...(command === "preview" && changesIn(outcome?.changes ?? {}) > 0 ? [renderChanges(view, style)] : []),
    ...(quiet || warned ? [] : [renderWarnings(view, style)]),
    renderFailures(end.cancelled ? view.failures.filter(isMore) : view.failures, style),
    renderViolations(view.violations, style),
    ...(problem === undefined ? [] : [[indent(safe(problem.message), 0)]]),
    renderSummary(end, style),
  ];
  if (!quiet && succeeded(end) && command === "up" && outcome !== undefined) {
    const platform = platformOf(outcome.outputs);
    sections.push(platform ? renderPlatform(platform, style) : renderOutputs(outcome.outputs, style, width));
    if (caller !== undefined) sections.push(renderNext(caller, end.stack, style));
  }
  return sections.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

/** More than that it was cancelled, which everyone knows by then. */
function isMore({ text }: Failure): boolean {
  return !/^cancell?ed$|context canceled$/.test(text.trim());
}
