import { mkdtemp, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installToolchain } from "../../toolchain/index.ts";
import { eventually, Kube } from "../support/kube.ts";
import { occupy, release } from "../support/ports.ts";
import { listeners, processesIn, processesUnder, tree } from "../support/processes.ts";
import { copyProject } from "../support/project.ts";
import { Shell } from "./shell.ts";

// The README's own commands in a clean folder, from `npm ci` to a teardown that leaves nothing. Pods are simulated: that
// the services serve pages is not proven here. The tests build on each other, in this order.

let directory: string;
let shell: Shell;
let kube: Kube;
let before: string[];
/** For kubectl, which keeps a cache beside its kubeconfig. */
let elsewhere: string;

/** kubectl's name of every kind that a service or a team becomes. */
const KINDS =
  "namespace,resourcequota,limitrange,networkpolicy,serviceaccount,service,deployment,statefulset,hpa,pdb,configmap,secret";

interface Seen {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion: string };
  readonly spec?: unknown;
}

async function objects(kinds = KINDS): Promise<readonly Seen[]> {
  return (JSON.parse(await kube.kubectl("get", kinds, "-A", "-o", "json")) as { items: Seen[] }).items;
}

const nameOf = ({ kind, metadata }: Seen): string => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;

/** `kind namespace/name` → what is asked for, without what controllers made of it. */
async function specs(): Promise<Record<string, string>> {
  return Object.fromEntries((await objects()).map((object) => [nameOf(object), JSON.stringify(object.spec ?? null)]));
}

/** Once no controller has anything left to write: the autoscalers look every 5 s. */
async function settledVersions(): Promise<Record<string, string>> {
  let last: Record<string, string> = {};
  let since = performance.now();
  return eventually(
    "nothing changes for 7 s",
    async () => {
      const now = await versions();
      if (changedKeys(last, now).length > 0) since = performance.now();
      last = now;
      return performance.now() - since > 7000 && now;
    },
    90,
  );
}

/** `kind namespace/name` → resource version, of everything in the cluster that is of those kinds. */
async function versions(kinds = KINDS): Promise<Record<string, string>> {
  return Object.fromEntries((await objects(kinds)).map((object) => [nameOf(object), object.metadata.resourceVersion]));
}

function changedKeys(old: Record<string, string>, now: Record<string, string>): string[] {
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => old[key] !== now[key]).sort();
}

const service = (name: string): string => join(directory, "examples/online-boutique", `${name}.yaml`);

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(file, "utf8");
  expect(change(text)).not.toBe(text);
  await writeFile(file, change(text));
}

/** Files of the project, without the packages. */
async function files(): Promise<string[]> {
  return (await tree(directory)).filter((file) => !/^node_modules(\/|$)/.test(file));
}

beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), "weft-e2e-")));
  await copyProject(directory, { linkPackages: false });
  shell = new Shell(directory);
  const { kubectl } = await installToolchain({ tools: ["kubectl"] });
  elsewhere = await mkdtemp(join(tmpdir(), "weft-e2e-kubeconfig-"));
  kube = new Kube(kubectl, join(elsewhere, "kubeconfig"));
});

afterAll(async () => {
  // Only if a test failed before the teardown.
  await shell.run("npm run down && npm run down -- shop");
  for (const folder of [directory, elsewhere]) await rm(folder, { recursive: true, force: true });
});

describe("the README's two commands", () => {
  it("bring up the platform, every service ready, judged by the policies", async () => {
    await shell.works("npm ci");
    before = await files();
    const text = await shell.works("npm run up");
    expect(text).toMatch(/\b90 created\b/);
    expect(text).toContain("13 policies");
    expect(text).toMatch(/frontend\s+.*198\.18\.\d+\.\d+:80.*simulated/);
    expect(text).not.toMatch(/error|bug in Weft/i);
  });

  it("leave objects that are what the catalog says", async () => {
    await shell.works("npm run weft -- outputs --kubeconfig");
    await shell.works(`npm run weft -- outputs --kubeconfig ${join(elsewhere, "kubeconfig")}`);
    const namespace = await kube.get("namespace", "online-boutique");
    expect(namespace?.metadata.labels?.["pod-security.kubernetes.io/enforce"]).toBe("restricted");
    const deployments = await kube.list("deployment");
    expect(deployments.map(({ metadata }) => metadata.name).sort()).toEqual([
      "adservice",
      "cartservice",
      "checkoutservice",
      "currencyservice",
      "emailservice",
      "frontend",
      "loadgenerator",
      "paymentservice",
      "productcatalogservice",
      "recommendationservice",
      "redis-cart",
      "shippingservice",
    ]);
    for (const { metadata, status } of deployments) {
      expect(status?.readyReplicas, metadata.name).toBeGreaterThanOrEqual(1);
    }
    const seen = Object.keys(await versions());
    const count = (kind: string): number => seen.filter((key) => key.startsWith(`${kind} online-boutique/`)).length;
    expect(count("HorizontalPodAutoscaler")).toBe(10);
    expect(count("PodDisruptionBudget")).toBe(10);
    expect(count("NetworkPolicy")).toBe(13);
    expect(count("ResourceQuota")).toBe(1);
    expect((await kube.list("node")).length).toBe(6);
  });

  it("let the autoscalers bring every service to its minimum", async () => {
    await eventually(
      "2 ready replicas of each autoscaled service",
      async () => {
        const deployments = await kube.list("deployment");
        const counts = new Map(deployments.map(({ metadata, status }) => [metadata.name, status?.readyReplicas]));
        return [...counts].every(([name, ready]) => ready === (["redis-cart", "loadgenerator"].includes(name) ? 1 : 2));
      },
      60,
    );
  });
});

describe("what a user asks next", () => {
  it("status says what is real and what is not", async () => {
    const text = await shell.works("npm run weft -- status");
    expect(text).toMatch(/control plane\s+real/);
    expect(text).toMatch(/pods, images and probes\s+simulated/);
    expect(text).toMatch(/network policies\s+absent/);
  });

  it("outputs hides the secret ones", async () => {
    const text = await shell.works("npm run weft -- outputs");
    expect(text).toContain("[secret]");
    expect(text).not.toContain("PRIVATE KEY");
    expect(text).not.toContain("client-key-data");
  });

  it("doctor and the toolchain have nothing to complain of", async () => {
    await shell.works("npm run weft -- doctor");
    await shell.works("npm run weft -- toolchain list");
    await shell.works("npm run weft -- toolchain verify");
  });
});

describe("a second up", () => {
  it("changes nothing, to the last resource version", async () => {
    const old = await settledVersions();
    expect(await shell.works("npm run up")).toMatch(/\b0 changes\b/);
    expect(changedKeys(old, await versions())).toEqual([]);
  });

  it("leaves alone what the autoscaler or kubectl did to replicas", async () => {
    await kube.kubectl("scale", "deployment/cartservice", "-n", "online-boutique", "--replicas=5");
    expect(await shell.works("npm run up")).toMatch(/\b0 changes\b/);
    expect((await kube.get("deployment", "cartservice", "online-boutique"))?.spec?.replicas).toBe(5);
    // And also when the Deployment itself has something to change.
    await edit(service("cartservice"), (text) => `${text}\n`.replace(/(image: .*:v0\.10\.)6/, "$15"));
    expect(await shell.works("npm run up")).toMatch(/\b1 updated\b/);
    expect((await kube.get("deployment", "cartservice", "online-boutique"))?.spec?.replicas).toBe(5);
  });
});

describe("a changed image", () => {
  it("is one update in the preview, and changes that Deployment alone", async () => {
    await edit(service("adservice"), (text) => text.replace(/(image: .*:v0\.10\.)6/, "$15"));
    const old = await specs();
    const preview = await shell.works("npm run preview");
    expect(preview).toMatch(/\b1 to update\b/);
    expect(preview).toMatch(/v0\.10\.6.*→.*v0\.10\.5/s);
    expect(changedKeys(old, await specs())).toEqual([]);

    expect(await shell.works("npm run up")).toMatch(/\b1 updated\b/);
    expect(changedKeys(old, await specs())).toEqual(["Deployment online-boutique/adservice"]);
    const image = (await kube.get("deployment", "adservice", "online-boutique"))?.spec?.template.spec?.containers[0]
      ?.image;
    expect(image).toMatch(/adservice:v0\.10\.5$/);
  });
});

describe("a removed service file", () => {
  it("takes exactly its objects along", async () => {
    const old = await specs();
    await rename(service("loadgenerator"), join(directory, "loadgenerator.away"));
    const text = await shell.works("npm run up");
    expect(text).toMatch(/\bdeleted\b/);
    expect(changedKeys(old, await specs())).toEqual([
      "Deployment online-boutique/loadgenerator",
      // It no longer lets the load generator in.
      "NetworkPolicy online-boutique/frontend",
      "NetworkPolicy online-boutique/loadgenerator",
      // The team may use less without it.
      "ResourceQuota online-boutique/team-quota",
      "ServiceAccount online-boutique/loadgenerator",
    ]);
    await rename(join(directory, "loadgenerator.away"), service("loadgenerator"));
    await shell.works("npm run up");
  });
});

describe("a bad service file", () => {
  it.each([
    ["a memory limit of zero", "limits: {cpu: 100m, memory: 0}", /limits\.memory|memory/],
    ["an unknown field", "replcias: 2", /replcias/],
    ["a name that is taken", undefined, /cartservice/],
    ["a call to nothing", "calls: [nowhere]", /nowhere/],
    ["tabs", "resources:\n\trequests: {cpu: 1m}", /tab/i],
  ])("rejects %s, and nothing is written", async (what, lines, said) => {
    const text =
      what === "a name that is taken"
        ? await readFile(service("cartservice"), "utf8")
        : `name: extra\nteam: online-boutique\nimage: example/extra:1.0.0\nhealth: {exec: {command: ["true"]}}\n${
            lines?.startsWith("limits") ? `resources:\n  ${lines}` : lines
          }\n`;
    await refused(text, said);
  });

  it("rejects an empty one, and nothing is written", () => refused("", /empty/i));

  it("says every problem of every file at once", async () => {
    await writeFile(service("extra-1"), "name: extra-1\nteam: 7\n");
    await writeFile(service("extra-2"), "nmae: extra-2\n");
    const { code, text } = await shell.run("npm run up");
    await rm(service("extra-1"));
    await rm(service("extra-2"));
    expect(code).toBe(2);
    expect(text).toContain("extra-1.yaml");
    expect(text).toContain("extra-2.yaml");
    expect(text).toMatch(/did you mean: name/);
  });

  async function refused(content: string, said: RegExp): Promise<void> {
    const old = await specs();
    const state = await readFile(join(directory, ".weft/state/.pulumi/stacks/weft/local.json"));
    await writeFile(service("extra"), content);
    const { code, text } = await shell.run("npm run up");
    await rm(service("extra"));
    expect(code).toBe(2);
    expect(text).toContain("1 problem in the service catalog");
    expect(text).toContain("extra.yaml");
    expect(text).toMatch(said);
    expect(text).not.toMatch(/bug in Weft|at .*\.ts:\d+/);
    expect(changedKeys(old, await specs())).toEqual([]);
    expect(await readFile(join(directory, ".weft/state/.pulumi/stacks/weft/local.json"))).toEqual(state);
  }
});

describe("a service that breaks a policy", () => {
  it("stops up before the first write, with the rule, the resource and the fix", async () => {
    const old = await specs();
    const state = await readFile(join(directory, ".weft/state/.pulumi/stacks/weft/local.json"));
    // Critical, and only one of it; beside it a change that would be fine.
    await edit(service("redis-cart"), (text) => text.replace(/^team:.*$/m, "$&\ncritical: true"));
    await edit(service("emailservice"), (text) => text.replace(/(image: .*:v0\.10\.)6/, "$15"));
    const { code, text } = await shell.run("npm run up");
    expect(code).toBe(3);
    expect(text).toContain("availability-critical-replicas");
    expect(text).toContain("redis-cart");
    expect(text).toMatch(/replicas/);
    expect(changedKeys(old, await specs())).toEqual([]);
    expect(await readFile(join(directory, ".weft/state/.pulumi/stacks/weft/local.json"))).toEqual(state);
    await edit(service("redis-cart"), (yaml) => yaml.replace(/^critical: true\n/m, ""));
  });
});

describe("a damaged cluster", () => {
  it("is repaired by the next up, with everything that was in it", async () => {
    const old = await versions("deployment,service");
    const victims = (await processesUnder(join(directory, ".weft"))).filter(({ program }) =>
      ["kube-apiserver", "etcd"].includes(program),
    );
    expect(victims).toHaveLength(2);
    for (const { pid } of victims) process.kill(pid, "SIGKILL");
    expect((await shell.run("npm run weft -- status")).code).toBe(1);
    await shell.works("npm run up");
    await shell.works("npm run weft -- status");
    const now = await versions("deployment,service");
    expect(Object.keys(now).sort()).toEqual(Object.keys(old).sort());
  });

  it("is left alone by a refresh, which only looks", async () => {
    await shell.works("npm run weft -- refresh");
    expect(await shell.works("npm run up")).toMatch(/\b0 changes\b/);
  });
});

describe("the other example", () => {
  it("comes up beside the first, and goes without a trace", async () => {
    const text = await shell.works("npm run up -- shop");
    expect(text).toMatch(/\bcreated\b/);
    expect(text).toContain("8 services");
    expect(await shell.works("npm run up -- shop")).toMatch(/\b0 changes\b/);
    await shell.works("npm run down -- shop");
    expect(await processesUnder(join(directory, ".weft/kwok/clusters/shop"))).toEqual([]);
    // The first is still there.
    expect(await shell.works("npm run up")).toMatch(/\b0 changes\b/);
  });
});

describe("the teardown", () => {
  it("leaves no process, port, file or state of the stack", async () => {
    const ports = (await Promise.all((await processesIn(directory)).map(({ pid }) => listeners(pid)))).flat();
    expect(ports.length).toBeGreaterThan(4);
    expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
    await shell.works("npm run down");
    expect(await processesIn(directory)).toEqual([]);
    for (const port of ports) await release(await occupy(Number(port.split(":")[1])));
    expect(await files()).toEqual(before);
    const status = await shell.run("npm run weft -- status");
    expect(status.text).toMatch(/nothing|not deployed|no such|never/i);
  });

  it("can be repeated", async () => {
    await shell.works("npm run down");
    expect(await files()).toEqual(before);
  });

  it("also follows an up of which everything was killed while the cluster was starting", async () => {
    const up = shell.run("npm run up");
    const starting = await eventually("the control plane is starting", async () => {
      const found = await processesIn(directory);
      return found.some(({ program }) => program === "kube-apiserver") && found;
    });
    for (const { pid } of starting.filter(({ program }) => program === "node")) process.kill(pid, "SIGKILL");
    expect((await up).code).not.toBe(0);
    await shell.works("npm run down");
    expect(await processesIn(directory)).toEqual([]);
    expect(await files()).toEqual(before);
  });
});

describe("what the documents tell to type", () => {
  it("was run here, or is run by the tests themselves", async () => {
    const told = new Set<string>();
    for (const file of (await tree(directory)).filter(
      (name) => /\.md$/.test(name) && !/node_modules|^CHANGELOG/.test(name),
    )) {
      const text = await readFile(join(directory, file), "utf8");
      for (const [, block] of text.matchAll(/^```(?:sh|console)\n(.*?)^```/gms)) {
        for (const line of (block ?? "").split("\n")) {
          const command = line
            .replace(/^\$ /, "")
            .replace(/\s+#.*$/, "")
            .trim();
          if (command !== "" && (line.startsWith("$ ") || !(block ?? "").includes("$ "))) told.add(command);
        }
      }
    }
    // What these tests are started by, and what would run them again.
    const outside = new Set(["npm test", "npm run check", "npm run format", "npm run generate", "npm run bench"]);
    const unproven = [...told].filter((command) => !outside.has(command) && !shell.ran.includes(command));
    expect(unproven).toEqual([]);
  });
});
