import type { ToolProgress, ToolStatus, ToolVerdict } from "../../toolchain/index.ts";
import { columns } from "./platform.ts";
import type { Style } from "./style.ts";
import { bytes, cut, duration, indent, oneLine, pad, safe } from "./text.ts";

/** The last that was heard of each program, in the order in which they were first heard of. */
export type Installing = ReadonlyMap<string, ToolProgress>;

/** A picture of an installation that moves: a line for each program. */
export function installScreen(
  tools: Installing,
  options: { readonly style: Style; readonly width: number; readonly height: number },
): string[] {
  const { style, width, height } = options;
  const all = [...tools.values()];
  // What is done goes first when there is no room.
  const open = all.filter(({ step }) => step !== "ready");
  const shown = all.length <= height ? all : open.slice(0, height);
  const names = Math.max(0, ...shown.map(({ tool, version }) => tool.length + version.length + 1));
  return shown.map((event) => {
    const { tool, version, step, state } = event;
    const icon = step === "ready" ? style.good("✓") : state === "failed" ? style.warn("!") : style.accent("›");
    return `${icon} ${pad(`${tool} ${version}`, names)}  ${style.dim(cut(progressText(event), Math.max(10, width - names - 5)))}`;
  });
}

/** One line of a log; nothing while a step just goes on. */
export function installLine(event: ToolProgress, style: Style): string | undefined {
  const { tool, step, state } = event;
  if (step === "ready")
    return `${style.good("✓")} ${tool}: ${event.path ?? ""} (${event.from}, ${duration(event.elapsedMs)})`;
  if (state === "failed") return `${style.warn("!")} ${tool}: ${step}: ${oneLine(event.message)}`;
  // Of a search that ends at once there is nothing to say before it ends.
  return state === "started" && step !== "search" ? `  ${tool}: ${oneLine(event.message)}` : undefined;
}

/** A sign of life: the step that has lasted longest. */
export function installHeartbeat(tools: Installing): string | undefined {
  const running = [...tools.values()].filter(({ state }) => state === "running");
  const [longest, ...others] = running.sort((a, b) => b.elapsedMs - a.elapsedMs);
  if (longest === undefined) return undefined;
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return `  ${longest.tool}: ${progressText(longest)}${more}`;
}

function progressText({ message, bytes: have, totalBytes, packages, elapsedMs, step }: ToolProgress): string {
  const amount =
    have !== undefined
      ? [totalBytes === undefined ? bytes(have) : `${bytes(have)} of ${bytes(totalBytes)}`]
      : packages !== undefined
        ? [`${packages} packages`]
        : [];
  const time = elapsedMs >= 1000 && step !== "ready" ? [duration(elapsedMs)] : [];
  return [oneLine(message), ...amount, ...time].join(", ");
}

/** `weft toolchain list` */
export function listLines(tools: readonly ToolStatus[], style: Style, verbose: boolean): string[] {
  const rows = columns(
    tools.map(({ tool, version, from, ways }) => {
      const way = ways.find((each) => each.way === from);
      return [tool, version, from ?? "missing", oneLine(way?.detail ?? "no way leads to it")];
    }),
  );
  return tools.flatMap(({ from, ways }, index) => {
    const icon =
      from === undefined
        ? style.bad("✗")
        : from === "cache" || from === "installed"
          ? style.good("✓")
          : style.warn("↓");
    const row = `${icon} ${rows[index] ?? ""}`;
    if (from !== undefined && !verbose) return [row];
    return [row, ...ways.map(({ way, open, detail }) => indent(`${open ? "+" : "-"} ${way}: ${safe(detail)}`, 4))];
  });
}

/** `weft toolchain verify` */
export function verdictLines(verdicts: readonly ToolVerdict[], style: Style): string[] {
  const icons = { sound: style.good("✓"), bad: style.bad("✗"), absent: style.dim("·") };
  const rows = columns(
    verdicts.map(({ tool, version, state, path }) => [tool, version, state, path ?? "not installed"]),
  );
  return verdicts.flatMap(({ state, problems }, index) => [
    `${icons[state]} ${rows[index] ?? ""}`,
    ...problems.map((problem) => indent(safe(problem), 4)),
  ]);
}
