import type { EngineEvent, Operation } from "../engine/index.ts";
import type { EngineChoice } from "./engine-choice.ts";
import type { Caller } from "./show/next-command.ts";
import type { Command, End } from "./show/summary.ts";
import type { Expected, View } from "./view.ts";

/** What is known when an operation begins. */
export interface Start {
  readonly command: Command;
  readonly stack: string;
  readonly project: string;
  readonly engine: EngineChoice;
}

/** Tells someone of an operation: a person at a terminal, a log, or a program. */
export interface Reporter {
  /** All that has been told so far. */
  readonly view: View;
  begin(start: Start): void;
  /** What is going to happen, where no plan tells. */
  foresee(resources: readonly Expected[], operation: Operation): void;
  event(event: EngineEvent): void;
  /** It was asked to stop, and does as soon as it can. */
  stopping(signal: string): void;
  /** Gives the terminal back, as it was. Safe to call at any time and more than once. */
  release(): void;
  /** Everything that is to be said at the end. */
  end(end: Omit<End, "view">, extra: Extra): void;
}

export interface Extra {
  readonly exitCode: number;
  /** For the hints on what to do next; `undefined` for no hints. */
  readonly caller: Caller | undefined;
}
