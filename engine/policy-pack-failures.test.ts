import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, vi } from "vitest";
import { UnsupportedError, UserError } from "./errors.ts";
import type { PolicyPack } from "./policy.ts";
import { output, packOf, resource, root, rule, start, writePack } from "./testing/policy-packs.ts";
import { gone } from "./testing/processes.ts";

describe("a pack that can't be started", () => {
  const failure = async (directory: string): Promise<Error> => {
    const started = start(directory);
    await expect(started).rejects.toThrow(UserError);
    return started.then(
      () => new Error("it started"),
      (error: Error) => error,
    );
  };

  it.each([
    ["without PulumiPolicy.yaml", "docs", /^there is no policy pack in .*docs: it has no PulumiPolicy.yaml$/],
    ["in a folder that is not there", "nowhere", /^there is no policy pack in .*nowhere/],
  ])("rejects one %s", async (_, directory, message) => {
    expect((await failure(directory)).message).toMatch(message);
  });

  it.each([
    [
      "of another runtime",
      "python",
      "runtime: python\n",
      /has the runtime "python", which the built-in engine does not do/,
    ],
    ["without a runtime", "none", "name: x\n", /has the runtime undefined, which/],
    [
      "with runtime options",
      "options",
      "runtime:\n  name: nodejs\n  options:\n    nodeargs: --trace-gc\n",
      /has the runtime options nodeargs, which/,
    ],
  ])("rejects one %s", async (_, name, yaml, message) => {
    const error = await failure(writePack(name, "", { yaml }));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toMatch(message);
  });

  it.each([
    ["an empty runtime", "null-runtime", "runtime:\n", /has the runtime undefined, which/],
    ["an empty file", "empty", "", /has the runtime undefined, which/],
  ])("rejects one with %s", async (_, name, yaml, message) => {
    expect((await failure(writePack(name, "", { yaml }))).message).toMatch(message);
  });

  it("rejects one whose PulumiPolicy.yaml is no YAML", async () => {
    const directory = writePack("no-yaml", "", { yaml: "runtime: [\n" });
    expect((await failure(directory)).message).toMatch(new RegExp(`^${directory}/PulumiPolicy.yaml is no YAML: `));
  });

  it("rejects one whose packages are not installed", async () => {
    const directory = writePack("bare", packOf("[]"), { installed: false });
    expect((await failure(directory)).message).toBe(
      `the packages of policy pack ${directory} are not installed; run "npm install" there`,
    );
  });

  it("rejects one that fails to load, with what it printed", async () => {
    const directory = writePack("broken", 'throw new Error("no such luck");');
    const { message } = await failure(directory);
    expect(message).toMatch(new RegExp(`^policy pack ${directory} did not start: it ended with exit code 32\\n`));
    expect(message).toContain("no such luck");
  });

  it.each([
    [
      "remediates",
      rule("", "remediateResource: () => {},").replace("mandatory", "remediate"),
      /rule a-rule of policy pack .* remediates/,
    ],
    [
      "takes configuration",
      rule("", "configSchema: { properties: { max: { type: 'integer' } } },"),
      /rule a-rule of policy pack .* takes configuration/,
    ],
  ])("rejects one with a rule that %s, and ends its process", async (name, text, message) => {
    const directory = writePack(name.replace(" ", "-"), `console.log("pid", process.pid);\n${packOf(`[${text}]`)}`);
    const error = await failure(directory);
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toMatch(message);
    await gone(Number(output[0]?.split(" ")[1]));
  });
});

describe("a pack that ends or hangs", () => {
  const fatal = packOf(
    `[${rule(`
    if (args.type === "test:exits") process.exit(7);
    if (args.type === "test:hangs") return new Promise(() => {});
    console.log("pid", process.pid);
  `)}]`,
  );
  const pidOf = async (pack: PolicyPack): Promise<number> => {
    await pack.analyze(resource("test:tells", {}));
    await vi.waitFor(() => expect(output).toHaveLength(1));
    return Number(output[0]?.split(" ")[1]);
  };

  it("rejects the call in which it ends, and every call after", async () => {
    const directory = writePack("exits", fatal);
    const pack = await start(directory);
    await expect(pack.analyze(resource("test:exits", {}))).rejects.toThrow(
      `policy pack ${directory} ended while judging urn:pulumi:local::shop::test:exits::orders (exit code 7). ` +
        "The run stops, because its rules can't be skipped",
    );
    await expect(pack.analyze(resource("test:tells", {}))).rejects.toThrow("(exit code 7)");
    await expect(pack.analyzeStack([])).rejects.toThrow("ended while judging the stack (exit code 7)");
  });

  it("rejects calls that wait, and those that come after, when it is killed", async () => {
    const pack = await start(writePack("killed", fatal));
    const pid = await pidOf(pack);
    const waiting = expect(pack.analyze(resource("test:hangs", {}))).rejects.toThrow("(signal SIGKILL)");
    process.kill(pid, "SIGKILL");
    await waiting;
    await expect(pack.analyze(resource("test:tells", {}))).rejects.toThrow("(signal SIGKILL)");
  });

  it("rejects calls that wait with the reason of an abort, and is gone once closed", async () => {
    const controller = new AbortController();
    const pack = await start(writePack("aborted", fatal), { signal: controller.signal });
    const pid = await pidOf(pack);
    const waiting = expect(pack.analyze(resource("test:hangs", {}))).rejects.toThrow("interrupted");
    controller.abort(new Error("interrupted"));
    await waiting;
    await expect(pack.analyze(resource("test:tells", {}))).rejects.toThrow("interrupted");
    await pack.close();
    await gone(pid);
    await pack.close();
  });

  it("keeps what Node compiled for the next start, once closed", async () => {
    const cache = join(writePack("compiled", fatal), "cache");
    const pack = await start(join(cache, ".."), { env: { ...process.env, NODE_COMPILE_CACHE: cache } });
    await pack.close();
    const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(100);
  });

  it("rejects to start for a run that is aborted already", async () => {
    const signal = AbortSignal.abort(new Error("interrupted"));
    await expect(start("policies", { signal })).rejects.toThrow("interrupted");
  });

  it("is ended while it starts when the run is aborted, and rejected with the reason", async () => {
    const controller = new AbortController();
    const directory = writePack("endless", 'console.log("pid", process.pid); setInterval(() => {}, 1000);');
    const rejected = expect(start(directory, { signal: controller.signal })).rejects.toThrow("interrupted");
    await vi.waitFor(() => expect(output).toHaveLength(1), 20_000);
    controller.abort(new Error("interrupted"));
    await rejected;
    await gone(Number(output[0]?.split(" ")[1]));
  });

  it("ends with an engine that is killed", async () => {
    const directory = writePack("leashed", `console.log("pid", process.pid);\n${packOf(`[${rule("")}]`)}`);
    const script = `
      import { startPolicyPack } from ${JSON.stringify(new URL("./policy-pack.ts", import.meta.url).href)};
      await startPolicyPack({
        directory: ${JSON.stringify(directory)}, projectDirectory: "/", project: "p", stack: "s", organization: "o",
        dryRun: false, config: {}, configSecretKeys: [], env: process.env, signal: new AbortController().signal,
        onOutput: (line) => console.log(line),
      });
      console.log("ready");
      setInterval(() => {}, 1000);`;
    const engine: ChildProcess = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    if (engine.stdout === null) throw new Error("no stdout");
    const reader = createInterface({ input: engine.stdout }).on("line", (line) => lines.push(line));
    await vi.waitFor(() => expect(lines).toContain("ready"), { timeout: 20_000 });
    const pid = Number(lines.find((line) => line.startsWith("pid"))?.split(" ")[1]);
    process.kill(pid, 0);
    engine.kill("SIGKILL");
    await once(engine, "exit");
    reader.close();
    await gone(pid);
  });
});

describe("a pack that does not speak the protocol as the SDK does", () => {
  /** A server of its own: `methods` are the methods that it implements. */
  const server = (methods: string) => `
    import { Server, ServerCredentials } from "@grpc/grpc-js";
    import rpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
    import pb from "@pulumi/pulumi/proto/analyzer_pb.js";
    const info = new pb.AnalyzerInfo();
    info.setName("own");
    info.setVersion("9");
    const rule = new pb.PolicyInfo();
    rule.setName("odd");
    rule.setEnforcementlevel(pb.EnforcementLevel.MANDATORY);
    info.addPolicies(rule);
    const server = new Server();
    server.addService(rpc.AnalyzerService, { ${methods} });
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => console.log(String(port)));`;
  const answersInfo = "getAnalyzerInfo: (call, done) => done(null, info)";
  const level = (number: number) => `${answersInfo}, analyze: (call, done) => {
    const answer = new pb.AnalyzeResponse();
    const diagnostic = new pb.AnalyzeDiagnostic();
    diagnostic.setPolicyname("odd");
    diagnostic.setMessage("just so");
    diagnostic.setEnforcementlevel(${number});
    answer.addDiagnostics(diagnostic);
    done(null, answer);
  }`;

  it("may leave out what a pack need not implement", async () => {
    const pack = await start(writePack("minimal", server(level(1))));
    expect(pack).toMatchObject({ name: "own", version: "9" });
    expect((await pack.analyze(resource("test:any", {}))).violations).toMatchObject([
      { rule: "odd", enforcementLevel: "mandatory", message: "just so", severity: undefined, remediation: "" },
    ]);
  });

  it("rejects a verdict of a level that is not known", async () => {
    const pack = await start(writePack("level", server(level(9))));
    await expect(pack.analyze(resource("test:any", {}))).rejects.toThrow(
      "a violation of rule odd has the enforcement level 9, which the built-in engine does not do",
    );
  });

  it.each([
    ["lists no rules", "", "failed while listing its rules: The server does not implement the method"],
    [
      "can't list its rules",
      'getAnalyzerInfo: (call, done) => done(new Error("lost them"))',
      "failed while listing its rules: lost them",
    ],
    [
      "refuses the stack",
      `${answersInfo}, configureStack: (call, done) => done(new Error("not this one"))`,
      "failed while starting: not this one",
    ],
  ])("rejects one that %s", async (name, methods, message) => {
    const directory = writePack(name.replaceAll(/\W/g, "-"), server(methods));
    await expect(start(directory)).rejects.toThrow(`policy pack ${directory} ${message}`);
  });

  it("rejects one that can judge no stack, rather than leave the stack unjudged", async () => {
    const pack = await start(writePack("no-stack", server(level(1))));
    await expect(pack.analyzeStack([])).rejects.toThrow(
      "failed while judging the stack: The server does not implement",
    );
  });
});
