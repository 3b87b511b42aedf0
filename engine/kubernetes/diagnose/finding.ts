/** Why something is not ready, as far as one object tells. The lower the rank, the nearer to the cause. */
export interface Finding {
  readonly rank: number;
  /** "container app: CrashLoopBackOff: …", without the object's name. */
  readonly text: string;
  /** "pod orders-5d9f-x2x": the object that shows it. */
  readonly subject: string;
}

export const RANK = {
  /** Pods are not even created. */
  creation: 0,
  /** A container can't start or does not stay up. */
  container: 1,
  /** No node takes the pod. */
  scheduling: 2,
  /** A volume is missing. */
  volume: 3,
  /** It runs, and a probe fails. */
  probe: 4,
  /** It is under way, or gives no reason. */
  unready: 5,
} as const;

const MOST_NAMES = 3;
const MOST_LINES = 6;

/** One line for each cause, the nearest first; objects with the same cause share a line. */
export function summarize(findings: readonly Finding[]): readonly string[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.rank} ${finding.text}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  const sorted = [...groups.values()].sort((a, b) => (a[0]?.rank ?? 0) - (b[0]?.rank ?? 0) || b.length - a.length);
  const lines = sorted.slice(0, MOST_LINES).map((group) => `${subjectsOf(group)}: ${group[0]?.text}`);
  return sorted.length > MOST_LINES ? [...lines, `and ${sorted.length - MOST_LINES} more causes`] : lines;
}

function subjectsOf(group: readonly Finding[]): string {
  const subjects = [...new Set(group.map((finding) => finding.subject))];
  if (subjects.length <= 1) return subjects[0] ?? "";
  const [kind = ""] = (subjects[0] ?? "").split(" ");
  const names = subjects.map((subject) => subject.slice(kind.length + 1));
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return `${subjects.length} ${kind}s (${shown}${names.length > MOST_NAMES ? ", …" : ""})`;
}
