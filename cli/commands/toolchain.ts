import {
  installToolchain,
  listToolchain,
  type ToolchainOptions,
  type ToolName,
  type ToolProgress,
  verifyToolchain,
} from "../../toolchain/index.ts";
import { EXIT, type ExitCode, problemOf } from "../exit-code.ts";
import type { OperationFlags } from "../flags.ts";
import { interruptible } from "../interrupt.ts";
import { wantsPicture } from "../reporters.ts";
import type { LiveArea } from "../show/live-area.ts";
import { type Style, styleFor, wantsColor } from "../show/style.ts";
import { installHeartbeat, installLine, installScreen, listLines, verdictLines } from "../show/toolchain.ts";
import type { World } from "../world.ts";

/** How long a log may stay silent while something is under way. */
const HEARTBEAT_MS = 10_000;

type Action = "install" | "list" | "verify";

/** What every action is given. */
interface Job {
  readonly options: ToolchainOptions;
  readonly flags: OperationFlags;
  readonly world: World;
  readonly style: Style;
  /** Says how the terminal is given back when all ends early. */
  onRelease(undo: () => void): void;
}

/** `weft toolchain install|list|verify`. */
export async function toolchain(
  action: Action,
  names: readonly string[],
  flags: OperationFlags,
  world: World,
): Promise<ExitCode> {
  const style = styleFor(wantsColor(flags.color, world.env, world.stdout));
  let release = (): void => {};
  const onRelease = (undo: () => void): void => {
    release = undo;
  };
  const handlers = {
    stopping: (signal: string) => void world.stderr.write(`${signal}: stopping\n`),
    leaving: () => release(),
  };
  try {
    return await interruptible(world, handlers, (signal) => {
      // Names that do not exist are refused, all at once, by the toolchain itself.
      const tools = names.length === 0 ? undefined : (names as readonly ToolName[]);
      const options = { env: world.env, signal, ...(tools === undefined ? {} : { tools }) };
      return act(action, { options, flags, world, style, onRelease });
    });
  } finally {
    release();
  }
}

async function act(action: Action, job: Job): Promise<ExitCode> {
  const { options, flags, world, style } = job;
  const print = (lines: readonly string[]): void => void world.stdout.write(lines.map((line) => `${line}\n`).join(""));
  switch (action) {
    case "install":
      return install(job);
    case "list": {
      const tools = await listToolchain(options);
      print(flags.json ? [JSON.stringify(tools)] : listLines(tools, style, flags.verbose === true));
      return tools.every(({ from }) => from !== undefined) ? EXIT.ok : EXIT.failed;
    }
    case "verify": {
      const verdicts = await verifyToolchain(options);
      print(flags.json ? [JSON.stringify(verdicts)] : verdictLines(verdicts, style));
      return verdicts.every(({ state }) => state !== "bad") ? EXIT.ok : EXIT.failed;
    }
  }
}

async function install({ options, flags, world, style, onRelease }: Job): Promise<ExitCode> {
  const line = (object: unknown): void => void world.stdout.write(`${JSON.stringify(object)}\n`);
  const picture = !flags.json && wantsPicture(flags, world);
  const live: LiveArea | undefined = picture ? (await import("../show/live-area.ts")).liveArea(world) : undefined;
  const tools = new Map<string, ToolProgress>();
  const beat = setInterval(() => {
    const text = live === undefined && !flags.json ? installHeartbeat(tools) : undefined;
    if (text !== undefined) world.stdout.write(`${style.dim(text)}\n`);
  }, HEARTBEAT_MS);
  beat.unref();
  const draw = (): void => live?.draw(installScreen(tools, { style, width: live.width, height: live.height }));
  onRelease(() => {
    clearInterval(beat);
    live?.close();
  });
  const onProgress = (event: ToolProgress): void => {
    tools.set(event.tool, event);
    if (flags.json) line({ kind: "tool", ...event });
    else if (live !== undefined) draw();
    else {
      const text = installLine(event, style);
      if (text !== undefined) world.stdout.write(`${text}\n`);
    }
  };
  try {
    const paths = await installToolchain({ ...options, onProgress });
    live?.finish(installScreen(tools, { style, width: live.width, height: tools.size }));
    if (flags.json) line({ kind: "summary", exitCode: EXIT.ok, paths });
    return EXIT.ok;
  } catch (error) {
    if (!flags.json) throw error;
    const { exitCode, details } = problemOf(error, flags.verbose === true);
    line({ kind: "summary", exitCode, problem: details });
    return exitCode;
  }
}
