import weft from "../../package.json" with { type: "json" };
import type { Extra, Reporter, Start } from "../reporter.ts";
import { emptyView, foresee, reduce, type View } from "../view.ts";
import type { World } from "../world.ts";
import { weightOf } from "./failures.ts";
import { masked } from "./platform.ts";
import type { End } from "./summary.ts";

/** One JSON object a line: a start, every event of the engine as it is, and a summary. Secrets never are in it. */
export function jsonReporter(world: Pick<World, "stdout" | "now">): Reporter {
  let view: View = emptyView(world.now());
  const line = (object: unknown): void => void world.stdout.write(`${JSON.stringify(object)}\n`);
  return {
    get view() {
      return view;
    },
    begin: (start) => line(startLine(start)),
    foresee: (resources, operation) => {
      view = foresee(view, resources, operation);
    },
    event: (event) => {
      view = reduce(view, event, world.now());
      line(event);
    },
    stopping: (signal) => line({ kind: "stopping", signal }),
    release: () => {},
    end: (end, extra) => line(summaryLine({ ...end, view }, extra)),
  };
}

function startLine({ command, stack, project, engine }: Start) {
  return { kind: "start", weft: weft.version, command, project, stack, engine };
}

function summaryLine(end: End, { exitCode }: Pick<Extra, "exitCode">) {
  const { outcome, view } = end;
  const violations = { mandatory: 0, undecided: 0, advisory: 0 };
  for (const violation of view.violations) violations[weightOf(violation)]++;
  return {
    kind: "summary",
    command: end.command,
    stack: end.stack,
    result: end.cancelled ? "cancelled" : (outcome?.result ?? "failed"),
    exitCode,
    phase: outcome?.phase ?? view.phase,
    changes: outcome?.changes ?? {},
    duration: { total: Math.round(end.elapsed), ...outcome?.duration },
    policies: view.packs,
    violations,
    outputs: masked(outcome?.outputs ?? {}),
    ...(end.problem === undefined ? {} : { problem: end.problem.details }),
  };
}
