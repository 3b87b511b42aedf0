import { reasonOf, type Way } from "./errors.ts";

/**
 * What is done for a program. "cache": only when the cached one is damaged; "search": looking on PATH; "wait": another
 * process installs it; "check": reading a published checksum; "try": asking the new program for its version; "ready":
 * the end, with where it came from.
 */
export type ToolStep = "cache" | "search" | "wait" | "download" | "check" | "unpack" | "build" | "try" | "ready";

export interface ToolProgress {
  readonly tool: string;
  readonly version: string;
  readonly step: ToolStep;
  /** "running" repeats once a second while a step lasts. "failed" is no end: the next way is tried. */
  readonly state: "started" | "running" | "succeeded" | "failed";
  /** Milliseconds since the step started; for "ready" since the program was first looked for. */
  readonly elapsedMs: number;
  /** One line for people, without the program's name and the time. */
  readonly message: string;
  /** Downloads: how much has arrived, and how much will, where the server says so. */
  readonly bytes?: number;
  readonly totalBytes?: number;
  /** Go builds: packages compiled so far. Those that Go finds in its own cache don't count. */
  readonly packages?: number;
  /** Only with "ready". */
  readonly from?: Way;
  readonly path?: string;
}

/** The parts of an event that change while a step lasts. */
export type Measure = Partial<Pick<ToolProgress, "message" | "bytes" | "totalBytes" | "packages">>;

const TICK_MS = 1_000;

/** Reports what happens to one program. Every step that starts also ends, as "succeeded" or "failed". */
export class Reporter {
  readonly #tool: string;
  readonly #version: string;
  readonly #report: (event: ToolProgress) => void;
  readonly #since = performance.now();

  constructor(tool: string, version: string, report: (event: ToolProgress) => void) {
    this.#tool = tool;
    this.#version = version;
    this.#report = report;
  }

  /** Runs one step. `done` words its success; a failure is worded by what was thrown. */
  async step<T>(
    step: ToolStep,
    message: string,
    work: (measure: (now: Measure) => void) => Promise<T>,
    done: (result: T) => string,
  ): Promise<T> {
    const since = performance.now();
    let now: Measure = { message };
    const emit = (state: ToolProgress["state"], more: Measure = {}) =>
      this.#emit(step, state, since, { message, ...now, ...more });
    emit("started");
    const ticker = setInterval(() => emit("running"), TICK_MS);
    // A forgotten ticker must not keep the process alive.
    ticker.unref();
    try {
      const result = await work((change) => {
        now = { ...now, ...change };
      });
      emit("succeeded", { message: done(result) });
      return result;
    } catch (error) {
      emit("failed", { message: reasonOf(error) });
      throw error;
    } finally {
      clearInterval(ticker);
    }
  }

  /** A step that could not even start: no release for this platform, no Go, a damaged cache entry. */
  failed(step: ToolStep, message: string): void {
    this.#emit(step, "failed", this.#since, { message });
  }

  ready(from: Way, path: string, message: string): void {
    this.#emit("ready", "succeeded", this.#since, { message, from, path });
  }

  #emit(
    step: ToolStep,
    state: ToolProgress["state"],
    since: number,
    more: Partial<ToolProgress> & { readonly message?: string },
  ): void {
    const elapsedMs = Math.round(performance.now() - since);
    this.#report({
      tool: this.#tool,
      version: this.#version,
      step,
      state,
      elapsedMs,
      ...more,
      message: more.message ?? "",
    });
  }
}
