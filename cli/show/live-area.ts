import { createLogUpdate } from "log-update";
import type { World } from "../world.ts";

/** The part of the terminal that is drawn again and again, below everything that was printed. */
export interface LiveArea {
  readonly width: number;
  /** Lines that fit; one less than the terminal has, because the cursor stands below. */
  readonly height: number;
  draw(lines: readonly string[]): void;
  /** Prints text above it, for good. */
  above(text: string): void;
  /** Draws it a last time, for good, and gives the cursor back. */
  finish(lines: readonly string[]): void;
  /** Gives the cursor back; what was drawn last stays. Safe to call more than once. */
  close(): void;
}

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

/**
 * The cursor comes back however the process ends, save by SIGKILL: with an error that nobody catches, and with an exit
 * in the middle, too.
 */
export function liveArea({ stdout, signals }: Pick<World, "stdout" | "signals">): LiveArea {
  // The cursor is ours to hide: the library would listen to the signals that mean an orderly stop here.
  const update = createLogUpdate(stdout as NodeJS.WriteStream, { showCursor: true });
  let hidden = false;
  const show = (): void => {
    signals.off("exit", show);
    if (hidden) stdout.write(SHOW_CURSOR);
    hidden = false;
  };
  return {
    get width() {
      return stdout.columns ?? 80;
    },
    get height() {
      return Math.max(1, (stdout.rows ?? 24) - 1);
    },
    draw(lines) {
      if (!hidden) {
        signals.on("exit", show);
        stdout.write(HIDE_CURSOR);
        hidden = true;
      }
      update(lines.join("\n"));
    },
    above(text) {
      update.clear();
      stdout.write(text);
    },
    finish(lines) {
      update.clear();
      if (lines.length > 0) stdout.write(`${lines.join("\n")}\n`);
      update.done();
      show();
    },
    close() {
      update.done();
      show();
    },
  };
}
