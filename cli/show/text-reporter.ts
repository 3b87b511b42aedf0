import type { EngineEvent } from "../../engine/index.ts";
import type { Reporter, Start } from "../reporter.ts";
import { emptyView, foresee, progressOf, reduce, type View } from "../view.ts";
import type { World } from "../world.ts";
import { renderEnd } from "./final.ts";
import type { LiveArea } from "./live-area.ts";
import { heartbeat, plainLines } from "./plain.ts";
import { screen } from "./screen.ts";
import type { Style } from "./style.ts";
import { duration } from "./text.ts";

export interface TextOptions {
  readonly style: Style;
  /** The moving picture, on a terminal; without it, plain lines. */
  readonly live: LiveArea | undefined;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Starts each line with the time since the start. */
  readonly timestamps: boolean;
}

/** How long a log may stay silent while something is under way. */
const HEARTBEAT_MS = 10_000;
const FRAME_MS = 120;
/** Width of a log, where there is no terminal to ask. */
const LOG_WIDTH = 120;

/** Tells a person: by a picture that moves, or by lines. */
export function textReporter(world: World, options: TextOptions): Reporter {
  const { style, live, quiet, verbose } = options;
  const startedAt = world.now();
  let view: View = emptyView(startedAt);
  // An up may begin with a refresh: what it tells of before the plan was found, not done.
  let refreshing = false;
  let stopping: string | undefined;
  let timer: NodeJS.Timeout | undefined;

  const textOf = (lines: readonly string[]): string => {
    const stamp = options.timestamps ? `${duration(world.now() - startedAt).padStart(11)}  ` : "";
    const each = lines.flatMap((line) => line.split("\n"));
    return each.map((line) => `${line === "" ? stamp.trimEnd() : stamp + line}\n`).join("");
  };
  const write = (lines: readonly string[]): void => {
    if (lines.length === 0) return;
    if (live === undefined) world.stdout.write(textOf(lines));
    else live.above(textOf(lines));
    if (live === undefined && timer !== undefined) timer.refresh();
  };
  const draw = (): void => {
    if (live === undefined) return;
    const { width, height } = live;
    live.draw(screen(view, { width, height, now: world.now(), style, stopping }));
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };

  return {
    get view() {
      return view;
    },
    begin(start) {
      refreshing = start.command === "refresh" || start.command === "up";
      if (quiet) return;
      const head = `${style.bold(`weft ${start.command} ${start.stack}`)}  ${style.dim(engineLine(start))}`;
      world.stdout.write(textOf([head]));
      timer =
        live === undefined
          ? setInterval(() => write([style.dim(heartbeat(view, world.now()))]), HEARTBEAT_MS)
          : setInterval(draw, FRAME_MS);
      timer.unref();
      draw();
    },
    foresee(resources, operation) {
      view = foresee(view, resources, operation);
    },
    event(event: EngineEvent) {
      const before = view;
      view = reduce(view, event, world.now());
      if (event.kind === "phase" && event.phase === "plan") refreshing = false;
      if (quiet) return;
      // On a terminal the picture tells all but what the program prints.
      if (live !== undefined && !(event.kind === "message" && event.severity === "info")) return;
      write(plainLines(event, before, view, { style, verbose, refreshing, now: world.now() }));
    },
    stopping(signal) {
      const { running } = progressOf(view);
      const names = running.slice(0, 3).map(({ ref }) => ref.name);
      const more = running.length > names.length ? ` and ${running.length - names.length} more` : "";
      const waits = names.length === 0 ? "" : `; waiting for ${names.join(", ")}${more}`;
      const cause = signal === "SIGINT" ? "Ctrl-C" : signal;
      stopping = `${cause}: stopping, nothing new is begun${waits}. What is done is saved. Again: leave at once`;
      if (live === undefined) write([style.warn(stopping)]);
      else draw();
    },
    release() {
      stop();
      live?.close();
    },
    end(end, extra) {
      stop();
      // What was done stays to be seen, but for the line that moves.
      const worked = view.applying && progressOf(view).total > 0;
      if (live !== undefined) {
        const { width, height } = live;
        const picture = { width, height, now: world.now(), style, stopping: undefined, still: true };
        live.finish(worked ? screen(view, picture).slice(1) : []);
      }
      const width = world.stdout.columns ?? LOG_WIDTH;
      const lines = renderEnd({ ...end, view }, extra, { style, width, quiet, warned: live === undefined });
      world.stdout.write(textOf(worked && !quiet ? ["", ...lines] : lines));
    },
  };
}

function engineLine({ engine }: Start): string {
  const name = engine.name === "pulumi" ? `Pulumi CLI ${engine.version}` : "built-in engine";
  return `${name} (${engine.reason})`;
}
