import { parseUrn } from "../../engine/resource.ts";
import type { Failure, View, Violation } from "../view.ts";
import type { Style } from "./style.ts";
import { count, firstLine, indent, safe } from "./text.ts";
import { wordsFor } from "./words.ts";

/** What an engine says at the end of a run that failed for reasons it has told of already. */
export function isEcho(text: string): boolean {
  return /^(the program|preview|update|destroy|refresh) failed$/.test(text.trim());
}

/** Every failure once: a resource's own error, not its echo in the program that waited for it. */
export function distinctFailures(failures: readonly Failure[]): Failure[] {
  const causes = failures.flatMap(({ resource, text }) => (resource === undefined ? [] : [firstLine(text)]));
  const seen = new Set<string>();
  const distinct = failures.filter(({ resource, text }) => {
    const key = `${resource?.urn ?? ""}\n${text.trim()}`;
    const echo = resource === undefined && causes.some((cause) => cause.length > 8 && text.includes(cause));
    if (echo || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const told = distinct.filter(({ resource, text }) => resource !== undefined || !isEcho(text));
  return told.length > 0 ? told : distinct;
}

/** All failures in full, grouped by the component that they happened in. */
export function renderFailures(failures: readonly Failure[], style: Style): string[] {
  const groups = Map.groupBy(distinctFailures(failures), ({ resource }) => groupOf(resource?.parent));
  if (groups.size === 0) return [];
  const lines = [style.bold(style.bad(`Failures (${distinctFailures(failures).length})`))];
  for (const [group, members] of groups) {
    lines.push("");
    if (group !== "") lines.push(`  ${style.bold(group)}`);
    for (const { resource, operation, text } of members) {
      const verb = operation === undefined || operation === "same" ? "" : `${operation} `;
      const what = resource === undefined ? "" : `${verb}${resource.name}  ${style.dim(resource.type)}`;
      if (what !== "") lines.push(`  ${style.bad("✗")} ${what}`);
      lines.push(indent(safe(text).trim(), 4));
    }
  }
  return lines;
}

/** How binding a violation is. "undecided": a mandatory rule met what is not known yet, and is asked again later. */
export type Weight = "mandatory" | "undecided" | "advisory";

export function weightOf({ level, undecided }: Violation): Weight {
  return undecided ? "undecided" : level;
}

const WEIGHTS: readonly Weight[] = ["mandatory", "undecided", "advisory"];

/** "2 mandatory, 1 advisory" */
export function weigh(violations: readonly Violation[]): string {
  const parts = WEIGHTS.flatMap((weight) => {
    const number = violations.filter((violation) => weightOf(violation) === weight).length;
    return number === 0 ? [] : [`${number} ${weight}`];
  });
  return parts.join(", ");
}

/** All violations, by rule: which resources, what is wrong with each, and once how to fix it. The binding ones first. */
export function renderViolations(violations: readonly Violation[], style: Style): string[] {
  if (violations.length === 0) return [];
  const sorted = WEIGHTS.flatMap((weight) => violations.filter((violation) => weightOf(violation) === weight));
  const binding = sorted.some((violation) => weightOf(violation) === "mandatory");
  const heading = `Policy violations (${weigh(violations)})`;
  const lines = [style.bold(binding ? style.bad(heading) : style.warn(heading))];
  const rules = Map.groupBy(sorted, (each) => [weightOf(each), each.pack, each.policy, each.fix].join("\n"));
  for (const members of rules.values()) {
    const [first] = members;
    if (first === undefined) continue;
    const weight = weightOf(first);
    const icon = weight === "mandatory" ? style.bad("✗") : style.warn("!");
    const note = weight === "undecided" ? "undecided until it is applied" : weight;
    lines.push("", `  ${icon} ${style.bold(first.policy)}  ${style.dim(`${note}, ${first.pack}`)}`);
    for (const { resource, message } of members) {
      if (resource !== undefined) lines.push(`    ${resource.name}  ${style.dim(resource.type)}`);
      lines.push(indent(safe(message).trim(), 6));
    }
    if (first.fix !== "") lines.push(indent(`${style.accent("fix:")} ${safe(first.fix).trim()}`, 4));
  }
  return lines;
}

/** Warnings, each once. */
export function renderWarnings({ warnings }: Pick<View, "warnings">, style: Style): string[] {
  if (warnings.length === 0) return [];
  const lines = [style.bold(style.warn(`${count(warnings.length, "Warning")}`))];
  for (const { text, urn } of warnings) {
    const about = urn === undefined ? "" : `${parseUrn(urn).name}: `;
    lines.push(indent(`${style.warn("!")} ${about}${safe(text).trim()}`, 2));
  }
  return lines;
}

/** One line for a failure, for when it happens; all of it is told at the end. */
export function failureLine({ resource, operation, text }: Failure, style: Style): string {
  const verb = operation === undefined || operation === "same" ? "" : `${wordsFor(operation).now} `;
  const what = resource === undefined ? "" : `${verb}${resource.name}: `;
  return `${style.bad("✗")} ${what}${firstLine(text)}`;
}

function groupOf(parent: string | undefined): string {
  if (parent === undefined) return "";
  const { type, name } = parseUrn(parent);
  return type.startsWith("pulumi:") ? "" : name;
}
