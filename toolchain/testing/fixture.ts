import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { ToolchainContext } from "../installation.ts";
import type { ToolProgress } from "../progress.ts";
import type { Checksum, NoRelease, Release, Tool } from "../tool.ts";

/** A version that no real program on a developer's machine has. */
export const VERSION = "9.8.7";

/** A program that tells its version; a shell script stands for the compiled one. `extra` runs first. */
export function program(name: string, version = VERSION, extra = ""): string {
  return `#!/bin/sh\n${extra}\necho "${name} v${version}"\n`;
}

export function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

export interface FakeTool {
  readonly name: string;
  readonly checksum?: Checksum;
  readonly archive?: Release["archive"];
  readonly release?: NoRelease;
  /** Path of the released file below its host; the tool's name when absent. */
  readonly file?: string;
}

/** A tool released at https://<tool>.test/<file>, which only a mirror can answer for. */
export function fakeTool({ name, checksum, archive, release, file = name }: FakeTool): Tool {
  const found = release ?? {
    url: `https://${name}.test/${file}`,
    archive,
    checksum: checksum ?? { kind: "pinned", sha256: sha256(program(name)) },
  };
  return {
    name,
    version: VERSION,
    ask: { args: ["--version"], answer: new RegExp(`^${name} v(\\S+)$`, "m") },
    releases: { "linux-amd64": found, "linux-arm64": found, "darwin-amd64": found, "darwin-arm64": found },
    go: { package: `example.com/${name}`, variables: { "example.com/version.V": `v${VERSION}` } },
  };
}

/** A native program that is wherever these tests run: Node.js, where its file really lies. */
export const NATIVE = realpathSync(process.execPath);

/** A tool whose program is {@link NATIVE}, under whatever name it is linked. */
export function nativeTool(name: string, ask: Partial<Tool["ask"]> = {}): Tool {
  const { node: version } = process.versions;
  return { ...fakeTool({ name }), version, ask: { args: ["--version"], answer: /^v(\S+)$/m, ...ask } };
}

export interface Sandbox {
  readonly folder: string;
  /** `<cache>/toolchain` */
  readonly root: string;
  /** The only folder on PATH. */
  readonly bin: string;
  readonly events: ToolProgress[];
  readonly context: ToolchainContext & { readonly env: NodeJS.ProcessEnv };
  /** Writes an executable script. */
  script(path: string, text: string): Promise<void>;
  /** What lies in the staging folder. */
  leftovers(): Promise<string[]>;
}

/** A cache and a PATH of its own for one test; nothing of the machine's is found through it. */
export async function sandbox(env: NodeJS.ProcessEnv = {}): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), "weft-toolchain-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const bin = join(folder, "bin");
  const modules = join(folder, "modules");
  await mkdir(bin);
  await mkdir(modules);
  await writeFile(join(modules, "go.mod"), "module example.com/modules\n\ngo 1.26.0\n");
  const root = join(folder, "cache", "toolchain");
  const staging = join(root, ".staging");
  const events: ToolProgress[] = [];
  return {
    folder,
    root,
    bin,
    events,
    context: {
      platform: "linux-amd64",
      env: { PATH: bin, HOME: folder, WEFT_CACHE_DIR: join(folder, "cache"), ...env },
      onProgress: (event) => events.push(event),
      modules,
    },
    script: async (path, text) => {
      await writeFile(path, text);
      await chmod(path, 0o755);
    },
    leftovers: async () => (existsSync(staging) ? await readdir(staging) : []),
  };
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface ReleaseServer {
  /** For WEFT_TOOLCHAIN_MIRROR. */
  readonly url: string;
  /** Every path that was asked for, in order. */
  readonly asked: string[];
  readonly requests: IncomingMessage[];
  /** What a path answers; 404 for all others. */
  serve(path: string, answer: string | Buffer | Answer): void;
}

/** A release server on the loopback address, for one test. */
export async function releaseServer(): Promise<ReleaseServer> {
  const answers = new Map<string, Answer>();
  const asked: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    requests.push(request);
    const answer = answers.get(request.url ?? "");
    if (answer === undefined) response.writeHead(404).end("not here");
    else answer(response, request);
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    requests,
    serve: (path, answer) => {
      answers.set(path, typeof answer === "function" ? answer : (response) => response.end(answer));
    },
  };
}

/** Sends the head and the first bytes of a file that would be longer. */
export function begin(response: ServerResponse, content: string): void {
  response.writeHead(200, { "content-length": content.length + 1000 });
  response.write(content);
}

/** Waits until something is so, or fails after ten seconds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never came: ${what}`);
}

/** Whether a process runs. One that has ended, and that nobody has asked about yet, does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = `/proc/${pid}/stat`;
  return !existsSync(status) || !/\) Z /.test(readFileSync(status, "utf8"));
}
