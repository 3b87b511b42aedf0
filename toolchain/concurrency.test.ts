import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, utimes } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { entryFolder } from "./cache.ts";
import { installTools } from "./install.ts";
import type { ToolProgress } from "./progress.ts";
import { verdictsOn } from "./status.ts";
import {
  begin,
  eventually,
  fakeTool,
  program,
  releaseServer,
  type Sandbox,
  sandbox,
  sha256,
  VERSION,
} from "./testing/fixture.ts";
import type { Tool } from "./tool.ts";

type Line = ToolProgress & { readonly done?: string };

interface Installer {
  readonly child: ChildProcess;
  readonly lines: Line[];
  readonly ended: Promise<number | null>;
}

/** A process of its own that installs the tool into the sandbox's cache. */
function installer(tool: Tool, { context }: Sandbox): Installer {
  const script = join(import.meta.dirname, "testing", "installer.ts");
  const { env, modules = "" } = context;
  const child = spawn(process.execPath, [script, JSON.stringify(tool), JSON.stringify(env), modules], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: Line[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) lines.push(JSON.parse(part));
  });
  return { child, lines, ended };
}

const done = ({ lines }: Installer) => lines.find((line) => line.done !== undefined)?.done;

async function killHard({ child, ended }: Installer): Promise<void> {
  child.kill("SIGKILL");
  await ended;
}

/** Shell code that, the first time only, notes its process number and then sleeps for ever. */
function hangOnce(file: string): string {
  return `if [ ! -e ${file} ]; then echo $$ > ${file}.new; /bin/mv ${file}.new ${file}; exec /bin/sleep 300; fi`;
}

/** What a killed installer had started lives on; the test ends it by its number. */
async function endHanging(file: string): Promise<void> {
  process.kill(Number(await readFile(file, "utf8")), "SIGKILL");
}

/** Spares the test the seconds after which a lock without a sign of life is taken over. */
async function ageLock(box: Sandbox, tool: Tool): Promise<void> {
  const long = new Date(Date.now() - 60_000);
  await utimes(join(box.root, ".locks", `${tool.name}.lock`), long, long);
}

describe("two processes that install the same tool", () => {
  it("download it once: the second waits and takes what the first has made", async () => {
    const server = await releaseServer();
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
    const held: ServerResponse[] = [];
    server.serve("/alpha.test/alpha", (response) => held.push(response));
    const tool = fakeTool({ name: "alpha" });

    const first = installer(tool, box);
    await eventually("the first one's request", () => held.length === 1);
    const second = installer(tool, box);
    await eventually("the second one's waiting", () => second.lines.some(({ step }) => step === "wait"));
    await eventually("a sign of life of the second", () =>
      second.lines.some(({ step, state }) => step === "wait" && state === "running"),
    );
    held[0]?.end(program("alpha"));

    expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
    expect(server.asked).toEqual(["/alpha.test/alpha"]);
    expect(done(first)).toBe(join(entryFolder(box.root, tool, "linux-amd64"), "alpha"));
    expect(done(second)).toBe(done(first));
    expect(first.lines.at(-2)).toMatchObject({ step: "ready", from: "release" });
    expect(second.lines.at(-2)).toMatchObject({ step: "ready", from: "cache" });
  }, 20_000);

  it("don't depend on each other: when the first is killed, the second takes over by itself", async () => {
    const server = await releaseServer();
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
    server.serve("/alpha.test/alpha", (response) => {
      if (server.asked.length === 1) begin(response, "the rest never comes");
      else response.end(program("alpha"));
    });
    const tool = fakeTool({ name: "alpha" });
    const first = installer(tool, box);
    await eventually("the first one's request", () => server.asked.length === 1);
    const second = installer(tool, box);
    await eventually("the second one's waiting", () => second.lines.some(({ step }) => step === "wait"));

    await killHard(first);

    expect(await second.ended).toBe(0);
    expect(second.lines.at(-2)).toMatchObject({ step: "ready", from: "release" });
    // The second was there before the first died, so the first one's leftovers are for the run after it.
    await installTools([tool], box.context);
    expect(await box.leftovers()).toEqual([]);
  }, 30_000);

  it("may both be in one process", async () => {
    const server = await releaseServer();
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
    server.serve("/alpha.test/alpha", program("alpha"));
    const tool = fakeTool({ name: "alpha" });
    const [one, other] = await Promise.all([installTools([tool], box.context), installTools([tool], box.context)]);
    expect(one).toEqual(other);
    expect(server.asked).toHaveLength(1);
  });

  it("can be cancelled while they wait", async () => {
    const server = await releaseServer();
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
    server.serve("/alpha.test/alpha", (response) => begin(response, "the rest never comes"));
    const tool = fakeTool({ name: "alpha" });
    const first = installer(tool, box);
    await eventually("the first one's request", () => server.asked.length === 1);
    const controller = new AbortController();
    const waiting = installTools([tool], { ...box.context, signal: controller.signal }).catch(
      (error: unknown) => error,
    );
    await eventually("waiting", () => box.events.some(({ step }) => step === "wait"));
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    await killHard(first);
  }, 20_000);
});

// Not proven: a kill between the two renames that replace a damaged entry, and a power cut.
describe("an installation that is killed with SIGKILL", () => {
  async function killedAt(point: "download" | "try" | "build") {
    const server = await releaseServer();
    const box = await sandbox({ WEFT_TOOLCHAIN_MIRROR: server.url });
    const hanging = join(box.folder, "hanging");
    const content = program("alpha", VERSION, point === "try" ? hangOnce(hanging) : "");
    const tool = fakeTool({
      name: "alpha",
      checksum: { kind: "pinned", sha256: sha256(content) },
      release: point === "build" ? { unavailable: "none" } : undefined,
    });
    server.serve("/alpha.test/alpha", (response) => {
      if (point === "download" && server.asked.length === 1) begin(response, "the rest never comes");
      else response.end(content);
    });
    await box.script(
      join(box.bin, "go"),
      `#!/bin/sh
if [ "$1" = env ]; then echo go1.26.8; exit 0; fi
${hangOnce(hanging)}
while [ $# -gt 0 ]; do if [ "$1" = -o ]; then out=$2; fi; shift; done
printf '#!/bin/sh\\necho alpha v${VERSION}\\n' > "$out"`,
    );
    const first = installer(tool, box);
    await eventually(`the ${point}`, () => (point === "download" ? server.asked.length === 1 : existsSync(hanging)));
    await killHard(first);
    if (point !== "download") await endHanging(hanging);
    return { box, tool };
  }

  it.each([
    "download",
    "try",
    "build",
  ] as const)("during the %s leaves nothing in the cache that could be taken for the program, and the next run succeeds", async (point) => {
    const { box, tool } = await killedAt(point);
    expect(existsSync(entryFolder(box.root, tool, "linux-amd64"))).toBe(false);
    expect(await box.leftovers()).toHaveLength(1);

    await ageLock(box, tool);
    await installTools([tool], box.context);

    expect(await box.leftovers()).toEqual([]);
    expect(await verdictsOn([tool], box.context)).toMatchObject([{ state: "sound", from: "cache" }]);
  }, 20_000);
});
