import type { Style } from "../show/style.ts";
import { count, indent, safe } from "../show/text.ts";

/** What a check found. A warning is worth knowing; a problem keeps an `up` from working. */
export interface Check {
  readonly name: string;
  readonly level: "ok" | "warning" | "problem";
  readonly detail: string;
  /** What to do about it, unless the detail says so. */
  readonly fix?: string;
}

export function ok(name: string, detail: string): Check {
  return { name, level: "ok", detail };
}

export function warning(name: string, detail: string, fix: string): Check {
  return { name, level: "warning", detail, fix };
}

export function problem(name: string, detail: string, fix?: string): Check {
  return { name, level: "problem", detail, ...(fix === undefined ? {} : { fix }) };
}

/** All checks in order, each with its fix, and the sum at the end. */
export function renderChecks(checks: readonly Check[], style: Style): string[] {
  const icons = { ok: style.good("✓"), warning: style.warn("!"), problem: style.bad("✗") };
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, level, detail, fix }) => {
    const [first = "", ...rest] = safe(detail).trim().split("\n");
    return [
      `${icons[level]} ${name.padEnd(width)}  ${first}`,
      ...rest.map((line) => indent(line, width + 4)),
      ...(fix === undefined ? [] : [`${" ".repeat(width + 4)}${style.accent("fix:")} ${fix}`]),
    ];
  });
  const of = (level: Check["level"]): number => checks.filter((check) => check.level === level).length;
  const [problems, warnings] = [of("problem"), of("warning")];
  const sum = problems === 0 && warnings === 0 ? "nothing is in the way" : "";
  const counts = [
    ...(problems > 0 ? [count(problems, "problem")] : []),
    ...(warnings > 0 ? [count(warnings, "warning")] : []),
  ].join(", ");
  return [
    ...lines,
    "",
    style.bold(problems > 0 ? style.bad(counts) : warnings > 0 ? style.warn(counts) : style.good(sum)),
  ];
}
