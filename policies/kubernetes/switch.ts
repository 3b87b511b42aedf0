import { type Field, found } from "./field.ts";
import type { Findings } from "./findings.ts";

/** Judges a switch that must be off: left out, or false. What is neither true nor false counts as on. */
export function judgeOff(label: string, field: Field, findings: Findings): void {
  if (findings.leftOpen(label, field) || field.absent || field.value === false) return;
  findings.violation(`${label}: ${field.path} is ${found(field)}.\nFix: remove ${field.path}, or set it to false`);
}
