import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import type { Driver } from "../driver.ts";
import type { Output, World } from "../world.ts";

/** A world that remembers what was said in it, and in which time passes only when it is told to. */
export interface TestWorld extends World {
  readonly stdin: PassThrough & { isTTY?: boolean };
  readonly stdout: Recorder;
  readonly stderr: Recorder;
  readonly signals: EventEmitter;
  /** The code that the process was ended with, at once. */
  exited: number | undefined;
  /** Lets milliseconds pass. */
  pass(milliseconds: number): void;
}

/** An emitter, because a terminal tells of its size. */
export class Recorder extends EventEmitter implements Output {
  text = "";
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  constructor(terminal?: { readonly columns: number; readonly rows: number }) {
    super();
    if (terminal === undefined) return;
    this.isTTY = true;
    this.columns = terminal.columns;
    this.rows = terminal.rows;
  }
  write(text: string, taken?: () => void): boolean {
    this.text += text;
    taken?.();
    return true;
  }
}

export interface WorldOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly engine?: Driver;
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

export function testWorld({ cwd = "/", env = {}, engine, terminal }: WorldOptions = {}): TestWorld {
  let now = 0;
  const stdin: TestWorld["stdin"] = new PassThrough();
  if (terminal !== undefined) stdin.isTTY = true;
  return {
    env: { PATH: "", NO_COLOR: "1", ...env },
    cwd,
    stdin,
    stdout: new Recorder(terminal),
    stderr: new Recorder(),
    signals: new EventEmitter(),
    exited: undefined,
    now: () => now,
    pass(milliseconds) {
      now += milliseconds;
    },
    exit(code) {
      this.exited = code;
    },
    builtinEngine: async () => {
      if (engine === undefined) throw new Error("this test has no engine");
      return engine;
    },
  };
}
