import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { secretText } from "./support/cluster.ts";
import { eventually, Kube } from "./support/kube.ts";
import { deployment } from "./support/objects.ts";
import { Plugin, type Properties } from "./support/plugin.ts";
import { occupy, release } from "./support/ports.ts";
import { listeners, processesUnder, tree } from "./support/processes.ts";

/*
 * The provider plugin as a real process, asked over gRPC as an engine does, with real control planes. Proves nothing
 * about an engine, and nothing about platforms other than Linux: processes and listeners are read from /proc.
 */

const COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok-controller"];
const URN = "urn:pulumi:local::weft::weft:cluster:KwokCluster$weft-native:cluster:Kwok::cluster-kwok";
const CANARY = "canary-that-no-component-may-inherit";

let folder: string;
let plugin: Plugin;
let inputs: Properties;
let id: string;
let state: Properties;
let kube: Kube;

async function startPlugin(): Promise<Plugin> {
  return Plugin.start({ detached: true, env: { PULUMI_CONFIG_PASSPHRASE: CANARY, KWOK_KUBE_AUTHORIZATION: "false" } });
}

function path(...parts: string[]): string {
  return join(String(state.path), ...parts);
}

async function running(at = String(state.path)): Promise<Map<string, number>> {
  return new Map((await processesUnder(at)).map(({ program, pid }) => [program, pid]));
}

/** Files in the test's folder other than what the test itself put there. */
async function left(): Promise<string[]> {
  return (await tree(folder)).filter((entry) => !entry.startsWith("kubeconfig"));
}

async function kill(program: string): Promise<void> {
  const pid = (await running()).get(program);
  if (pid === undefined) throw new Error(`${program} does not run`);
  process.kill(pid, "SIGKILL");
  await eventually(`${program} is gone`, async () => !(await running()).has(program));
}

function warnings(of = plugin): string[] {
  return of.messages.filter(({ severity }) => severity === "warning").map(({ message }) => message);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-kwok-"));
  plugin = await startPlugin();
  ({ inputs } = await plugin.check(URN, {}, { name: "local", directory: join(folder, "kwok") }));
  ({ id, properties: state } = await plugin.create(URN, inputs));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, secretText(state.kubeconfig), { mode: 0o600 });
  kube = new Kube(path("bin", "kubectl"), kubeconfig);
});

afterAll(async () => {
  // Whatever failed: no process of this file stays.
  for (const { pid } of await processesUnder(folder)) process.kill(pid, "SIGKILL");
  await plugin.stop("SIGKILL");
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe("a new cluster", () => {
  it("fills in defaults and tells what it made", () => {
    expect(inputs).toEqual({
      name: "local",
      directory: join(folder, "kwok"),
      nodes: 6,
      zones: 3,
      region: "local",
      cpu: "8",
      memory: "32Gi",
    });
    expect(state).toMatchObject({ ...inputs, context: "weft-local", path: join(folder, "kwok/clusters/local") });
    expect(state.kubernetesVersion).toMatch(/^1\.36\.\d+$/);
    expect(state.uid).toBe(id);
  });

  it("is what the schema of the package says", async () => {
    const { name, resources } = await plugin.schema();
    expect(name).toBe("weft-native");
    const kwok = (resources as Record<string, { inputProperties: object; properties: object }>)[
      "weft-native:cluster:Kwok"
    ];
    expect(Object.keys(kwok?.inputProperties ?? {}).sort()).toEqual(Object.keys(inputs).sort());
    expect(Object.keys(kwok?.properties ?? {}).sort()).toEqual(Object.keys(state).sort());
  });

  it("reports progress as passing messages on its resource and keeps standard output clean", () => {
    const texts = plugin.messages.map(({ message }) => message);
    expect(texts).toContain("starting etcd and the control plane");
    expect(texts).toContain("6 nodes ready");
    expect(texts.some((text) => /^waiting for .*kube-apiserver.* \(\d+ s\)$/.test(text))).toBe(true);
    expect(
      plugin.messages.every(({ urn, ephemeral, severity }) => urn === URN && ephemeral && severity === "info"),
    ).toBe(true);
    expect(plugin.stdout).toEqual([]);
  });

  it("has the planned nodes, ready, evenly over the zones", async () => {
    const nodes = await kube.list("node");
    expect(nodes.map(({ metadata }) => metadata.name).sort()).toEqual([
      "local-a-1",
      "local-a-2",
      "local-b-1",
      "local-b-2",
      "local-c-1",
      "local-c-2",
    ]);
    const zones = nodes.map(({ metadata }) => metadata.labels?.["topology.kubernetes.io/zone"]).sort();
    expect(zones).toEqual(["local-a", "local-a", "local-b", "local-b", "local-c", "local-c"]);
    for (const node of nodes) {
      expect(node.status?.capacity).toMatchObject({ cpu: "8", memory: "32Gi", pods: "110" });
      expect(node.status?.allocatable?.cpu).toBe("7910m");
      expect(node.status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
    }
  });

  it("listens on 127.0.0.1 only", async () => {
    const processes = await processesUnder(String(state.path));
    expect(processes.map(({ program }) => program).sort()).toEqual(COMPONENTS);
    const addresses = (await Promise.all(processes.map(({ pid }) => listeners(pid)))).flat();
    expect(addresses).toHaveLength(6);
    expect(addresses.filter((address) => !address.startsWith("127.0.0.1:"))).toEqual([]);
  });

  it("keeps keys out of reach: closed folder, nothing in arguments, nothing inherited", async () => {
    expect((await stat(path())).mode & 0o777).toBe(0o700);
    const key = (await readFile(path("pki", "admin.key"), "utf8")).split("\n")[1] ?? "no key";
    for (const { pid, args } of await processesUnder(String(state.path))) {
      expect(args.join(" ")).not.toContain(key);
      expect(await readFile(`/proc/${pid}/environ`, "utf8")).not.toContain(CANARY);
    }
    expect(secretText(state.kubeconfig)).toContain("client-key-data: ");
    expect(secretText(state.kubeconfig)).not.toContain(folder);
  });

  it("lets nobody into etcd without a certificate", async () => {
    const etcd = (await processesUnder(String(state.path))).find(({ program }) => program === "etcd");
    const client = etcd?.args.find((arg) => arg.startsWith("--listen-client-urls="))?.split("=")[1] ?? "";
    const answer = new Promise((done, failed) => {
      request(`${client}/v3/kv/range`, { method: "POST", rejectUnauthorized: false }, done)
        .on("error", failed)
        .end("{}");
    });
    await expect(answer).rejects.toThrow(/certificate required|handshake|ECONNRESET/);
  });

  it("authorizes, though the environment of the run asks KWOK not to", async () => {
    const allowed = await kube.kubectl("auth", "can-i", "get", "secrets", "--as", "nobody").catch(String);
    expect(allowed).toMatch(/no/);
  });

  it("outlives the process group and the terminal of the plugin that made it", async () => {
    const before = await running();
    process.kill(-(plugin.process.pid ?? 0), "SIGINT");
    process.kill(-(plugin.process.pid ?? 0), "SIGHUP");
    await plugin.stop();
    expect(await running()).toEqual(before);
    for (const [, pid] of before) {
      // Its own session: no terminal can send it a signal.
      const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
      expect(Number(fields[3])).toBe(pid);
    }
    plugin = await startPlugin();
  });

  it("is unchanged for a second run", async () => {
    expect(await plugin.diff(URN, id, state, inputs)).toEqual({
      changes: "none",
      replaces: [],
      deleteBeforeReplace: true,
    });
    expect(await plugin.read(URN, id, state)).toEqual({ id, properties: state });
    expect(warnings()).toEqual([]);
  });
});

describe("a damaged cluster", () => {
  it.each(COMPONENTS)("without %s is noticed, and repaired as the same cluster", async (component) => {
    await kill(component);
    plugin.messages.length = 0;

    expect(await plugin.diff(URN, id, state, inputs)).toMatchObject({ changes: "some", replaces: [] });
    expect(await plugin.read(URN, id, state)).toMatchObject({ id });
    const said = warnings().filter((text) => text.includes(`cluster "local": ${component} is not running`));
    expect(said).toHaveLength(2);
    expect((await running()).has(component)).toBe(false);

    expect(await plugin.update(URN, id, state, inputs)).toEqual(state);
    expect([...(await running()).keys()].sort()).toEqual(COMPONENTS);
    expect((await kube.get("namespace", "kube-system"))?.metadata.uid).toBe(id);
    expect(await plugin.diff(URN, id, state, inputs)).toMatchObject({ changes: "none" });
  });

  describe("after a restart of the machine", () => {
    let bystander: ChildProcess;
    beforeAll(() => {
      bystander = spawn("sleep", ["600"], { stdio: "ignore" });
    });
    afterAll(() => {
      bystander.kill("SIGKILL");
    });

    it("starts again with its data, and leaves alone whoever has its old pids now", async () => {
      await kube.apply(deployment("kept", 3));
      await kube.readyPods("kept", 3);
      for (const component of COMPONENTS) await kill(component);
      for (const component of COMPONENTS) await writeFile(path("pids", `${component}.pid`), String(bystander.pid));

      expect(await plugin.diff(URN, id, state, inputs)).toMatchObject({ changes: "some", replaces: [] });
      expect(await plugin.update(URN, id, state, inputs)).toEqual(state);

      await kube.readyPods("kept", 3);
      expect(bystander.exitCode).toBeNull();
      expect(bystander.signalCode).toBeNull();
      expect([...(await running()).keys()].sort()).toEqual(COMPONENTS);
    });
  });

  it("is ended and started again where a component hangs", async () => {
    const pid = (await running()).get("kube-scheduler") ?? 0;
    process.kill(pid, "SIGSTOP");
    plugin.messages.length = 0;
    expect(await plugin.diff(URN, id, state, inputs)).toMatchObject({ changes: "some", replaces: [] });
    expect(warnings().join()).toMatch(/kube-scheduler runs but does not answer/);
    expect(await plugin.update(URN, id, state, inputs)).toEqual(state);
    expect((await running()).get("kube-scheduler")).not.toBe(pid);
  });

  it("starts again with programs that have moved", async () => {
    await rm(path("bin", "kube-scheduler"));
    await symlink(join(folder, "nowhere"), path("bin", "kube-scheduler"));
    await kill("kube-scheduler");
    const before = await running();
    expect(await plugin.update(URN, id, state, inputs)).toEqual(state);
    // All of them: a control plane of two versions is no repair.
    for (const [component, pid] of await running()) expect(pid).not.toBe(before.get(component));
  });

  it("gets the simulations of a newer release", async () => {
    const older = { ...state, revision: "older" };
    const stages = await readFile(path("kwok.yaml"), "utf8");
    await writeFile(path("kwok.yaml"), stages.replace("durationMilliseconds: 300000", "durationMilliseconds: 1"));
    const before = (await running()).get("kwok-controller");
    expect(await plugin.diff(URN, id, older, inputs)).toMatchObject({ changes: "some", replaces: [] });
    expect(await plugin.update(URN, id, older, inputs)).toEqual(state);
    expect(await readFile(path("kwok.yaml"), "utf8")).toContain("durationMilliseconds: 300000");
    expect((await running()).get("kwok-controller")).not.toBe(before);
    await kube.apply(deployment("newer", 2));
    await kube.readyPods("newer", 2);
  });

  it("is not repaired, with the port named, while another program has it", async () => {
    const scheduler = (await processesUnder(String(state.path))).find(({ program }) => program === "kube-scheduler");
    const port = Number(scheduler?.args.find((arg) => arg.startsWith("--secure-port="))?.split("=")[1]);
    await kill("kube-scheduler");
    const other = await occupy(port);
    await expect(plugin.update(URN, id, state, inputs)).rejects.toThrow(`its port 127.0.0.1:${port} is taken`);
    await release(other);
    expect(await plugin.update(URN, id, state, inputs)).toEqual(state);
  });
});

describe("another size", () => {
  async function resize(change: Properties): Promise<string[]> {
    const news = { ...inputs, ...change };
    expect(await plugin.diff(URN, id, state, news)).toMatchObject({ changes: "some", replaces: [] });
    state = await plugin.update(URN, id, state, news);
    inputs = news;
    expect(await plugin.diff(URN, id, state, inputs)).toMatchObject({ changes: "none" });
    return (await kube.list("node")).map(({ metadata }) => metadata.name).sort();
  }

  it("adds nodes and keeps those there are", async () => {
    const before = await kube.get("node", "local-c-2");
    const names = await resize({ nodes: 8 });
    expect(names).toEqual([
      "local-a-1",
      "local-a-2",
      "local-a-3",
      "local-b-1",
      "local-b-2",
      "local-b-3",
      "local-c-1",
      "local-c-2",
    ]);
    expect((await kube.get("node", "local-c-2"))?.metadata.uid).toBe(before?.metadata.uid);
  });

  it("removes nodes, and their pods run elsewhere", async () => {
    await kube.apply(deployment("web", 6));
    await kube.readyPods("web", 6);
    expect(await resize({ nodes: 5 })).toEqual(["local-a-1", "local-a-2", "local-b-1", "local-b-2", "local-c-1"]);
    const pods = await kube.readyPods("web", 6);
    const nodes = new Set((await kube.list("node")).map(({ metadata }) => metadata.name));
    await eventually("no pod is on a node that is gone", async () => {
      const all = await kube.list("pod", "-n", "default");
      return all.every((pod) => pod.spec?.nodeName === undefined || nodes.has(pod.spec.nodeName));
    });
    expect(pods).toHaveLength(6);
  });

  it("changes the capacity of nodes in place", async () => {
    const before = await kube.get("node", "local-a-1");
    await resize({ cpu: "16", memory: "65536Mi" });
    const after = await kube.get("node", "local-a-1");
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(after?.status?.capacity).toMatchObject({ cpu: "16", memory: "64Gi" });
  });

  it("is noticed where somebody else changed the nodes", async () => {
    await kube.kubectl("delete", "node", "local-b-1");
    expect(await plugin.diff(URN, id, state, inputs)).toMatchObject({ changes: "some", replaces: [] });
    state = await plugin.update(URN, id, state, inputs);
    expect(await kube.get("node", "local-b-1")).toBeDefined();
  });

  it("is another cluster under another name, and undecided while an input is unknown", async () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect((await plugin.diff(URN, id, state, { ...inputs, name: "other" })).replaces).toEqual(["name"]);
    expect((await plugin.diff(URN, id, state, { ...inputs, directory: unknown })).replaces).toEqual(["directory"]);
    expect(await plugin.diff(URN, id, state, { ...inputs, nodes: unknown })).toMatchObject({
      changes: "some",
      replaces: [],
    });
  });
});

describe("the end of a cluster", () => {
  it("rejects a second owner of the same folder", async () => {
    const other = "urn:pulumi:dev::weft::weft-native:cluster:Kwok::other";
    await expect(plugin.create(other, inputs)).rejects.toThrow(`holds the cluster of ${URN}`);
    expect([...(await running()).keys()].sort()).toEqual(COMPONENTS);
  });

  it("rejects a second creation of its own resource: the state of another backend may know it", async () => {
    const before = await running();
    const engine = await startPlugin();
    await expect(engine.create(URN, inputs)).rejects.toThrow("a running cluster that this stack's state does not know");
    await engine.stop();
    expect(await running()).toEqual(before);
    expect(await plugin.diff(URN, id, state, inputs)).toMatchObject({ changes: "none" });
  });

  it("calls for a new one when its files are damaged", async () => {
    const whole = await readFile(path("kwok.yaml"));
    for (const content of ["", "---\n", "\0".repeat(whole.length)]) {
      await writeFile(path("kwok.yaml"), content);
      expect(await plugin.diff(URN, id, state, inputs)).toMatchObject({ changes: "some", replaces: ["uid"] });
    }
    await writeFile(path("kwok.yaml"), whole);
    expect(await plugin.diff(URN, id, state, inputs)).toMatchObject({ changes: "none" });
  });

  it("calls for a new one when its files are lost", async () => {
    await rm(path("kwok.yaml"));
    expect(await plugin.diff(URN, id, state, inputs)).toMatchObject({ changes: "some", replaces: ["uid"] });
    expect(await plugin.read(URN, id, state)).toMatchObject({ id });
    expect(warnings().at(-1)).toContain("has no sound kwok.yaml");
    await expect(plugin.update(URN, id, state, inputs)).rejects.toThrow("can't be repaired");
  });

  it("leaves no process, no port and no file, twice", async () => {
    const ports = (await Promise.all([...(await running()).values()].map(listeners))).flat();
    // Of a state that an older release wrote, whatever outputs came since.
    await plugin.delete(URN, id, { path: state.path, name: state.name, uid: id });
    expect(await running(folder)).toEqual(new Map());
    expect(await left()).toEqual([]);
    expect(ports).toHaveLength(6);
    for (const port of ports) await release(await occupy(Number(port.split(":")[1])));
    expect(await plugin.read(URN, id, state)).toEqual({ id: "", properties: {} });
    await plugin.delete(URN, id, state);
    expect(await left()).toEqual([]);
  });
});
