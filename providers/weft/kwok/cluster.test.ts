import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { abandon, create, destroy, read, type Toolchain, update } from "./cluster.ts";
import { KWOK_DEFAULTS, type KwokInputs } from "./inputs.ts";
import { type Layout, layout, MARKER, type Marker, makeFolders, writeMarker } from "./layout.ts";
import type { Operation } from "./operation.ts";
import type { KwokOutputs } from "./outputs.ts";
import { sleeper, stillRuns } from "./testing/sleeper.ts";

// Whose a folder is, decided before anything in it is touched. Sleeping processes play those of a cluster; that real
// clusters come and go is for test/kwok-*.test.ts.

const URN = "urn:pulumi:local::weft::weft-native:cluster:Kwok::cluster";
const OTHER = "urn:pulumi:dev::weft::weft-native:cluster:Kwok::cluster";
const inputs: KwokInputs = { name: "local", ...KWOK_DEFAULTS };
/** Creating stops here: room was made. */
const toolchain: Toolchain = { versions: [], install: () => Promise.reject(new Error("there is room")) };

let folder: string;
let at: Layout;
let warned: string[];
let operation: Operation;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-cluster-"));
  at = layout(folder, ".kwok", "local");
  warned = [];
  const warn = (message: string) => void warned.push(message);
  operation = { urn: URN, signal: new AbortController().signal, status: () => undefined, warn };
});
afterEach(() => rm(folder, { recursive: true }));

/** What kwokctl makes of a cluster, with Weft's note where Weft has made it, and etcd running. */
async function cluster(marker: Marker | undefined) {
  if (marker !== undefined) await makeFolders(at, marker);
  const data = join(at.cluster, "etcd/member/db");
  for (const file of [data, join(at.cluster, "kwok.yaml"), join(at.cluster, "pki/ca.crt")]) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, "content");
  }
  const etcd = await sleeper(at.cluster, "etcd");
  return { untouched: async () => existsSync(data) && (await stillRuns(etcd)), etcd };
}

const outputs = (uid: string): KwokOutputs => ({
  ...inputs,
  path: at.cluster,
  uid,
  context: "",
  kubeconfig: "",
  kubernetesVersion: "",
  revision: "",
  server: "",
});

describe("a cluster that Weft did not make", () => {
  it("is refused by a creation, which says what to do", async () => {
    const { untouched } = await cluster(undefined);
    await expect(create(operation, at, inputs, toolchain)).rejects.toThrow(
      `${at.cluster} holds a cluster that Weft did not make. Give this one another name or directory, or remove that one.`,
    );
    expect(await untouched()).toBe(true);
  });

  it("is left alone when an interrupted creation is undone, and when another one that was there is deleted", async () => {
    const { untouched } = await cluster(undefined);
    await abandon(operation, at);
    await destroy(operation, outputs("u1"));
    expect(await untouched()).toBe(true);
    expect(warned).toEqual([
      `${at.cluster} holds a cluster that Weft did not make; it is left alone`,
      `${at.cluster} now holds another cluster; it is left alone`,
    ]);
    expect(await readdir(dirname(at.cluster))).toEqual(["local"]);
  });

  it("is neither read as the recorded one nor repaired", async () => {
    const { untouched } = await cluster(undefined);
    expect(await read(operation, outputs("u1"))).toBeUndefined();
    await expect(update(operation, outputs("u1"), inputs, toolchain)).rejects.toThrow("holds another cluster");
    expect(await untouched()).toBe(true);
  });

  it("may be behind a link: nothing follows it", async () => {
    const elsewhere = join(folder, "elsewhere");
    await mkdir(join(elsewhere, "etcd"), { recursive: true });
    await mkdir(dirname(at.cluster), { recursive: true });
    await symlink(elsewhere, at.cluster);
    await expect(create(operation, at, inputs, toolchain)).rejects.toThrow(
      `${at.cluster} is not a folder of yours: it is a link to ${elsewhere}`,
    );
    await abandon(operation, at);
    expect(await readdir(elsewhere)).toEqual(["etcd"]);
  });
});

describe("what a creation left that was interrupted", () => {
  it.each([
    ["this one", URN],
    ["another one, which must be dead, as it holds no lock", OTHER],
  ])("is cleared for the next one: of %s", async (_case, urn) => {
    const { etcd } = await cluster({ urn });
    await expect(create(operation, at, inputs, toolchain)).rejects.toThrow("there is room");
    expect(await stillRuns(etcd)).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  it("is cleared when only its marker has been begun", async () => {
    await mkdir(at.cluster, { recursive: true });
    await writeFile(join(at.cluster, MARKER), "");
    await expect(create(operation, at, inputs, toolchain)).rejects.toThrow("there is room");
    expect(await readdir(folder)).toEqual([]);
  });

  it("is cleared when its engine died right after it was complete, running as it is", async () => {
    const { etcd } = await cluster({ urn: URN, uid: "u1" });
    await abandon(operation, at);
    expect(await stillRuns(etcd)).toBe(false);
    expect(await readdir(folder)).toEqual([]);
    expect(warned).toEqual([]);
  });

  it("is not what another resource's cluster is", async () => {
    const { untouched } = await cluster({ urn: OTHER, uid: "u1" });
    await abandon(operation, at);
    await expect(create(operation, at, inputs, toolchain)).rejects.toThrow(`holds the cluster of ${OTHER}. Give`);
    expect(await untouched()).toBe(true);
  });
});

describe("a complete cluster that this state does not know, as that of another backend", () => {
  it("is refused while it runs, with everything that can be done", async () => {
    const { untouched, etcd } = await cluster({ urn: URN, uid: "u1" });
    const creation = create(operation, at, inputs, toolchain);
    await expect(creation).rejects.toThrow(
      `${at.cluster} holds a running cluster that this stack's state does not know`,
    );
    await expect(creation).rejects.toThrow(`Destroy it with the state that made it`);
    await expect(creation).rejects.toThrow(`(kill ${etcd.pid})`);
    expect(await untouched()).toBe(true);
    expect(JSON.parse(await readFile(join(at.cluster, MARKER), "utf8"))).toEqual({ urn: URN, uid: "u1" });
  });

  it("is removed once it is stopped, with a warning", async () => {
    const { etcd } = await cluster({ urn: URN, uid: "u1" });
    etcd.kill("SIGKILL");
    await stillRuns(etcd);
    await expect(create(operation, at, inputs, toolchain)).rejects.toThrow("there is room");
    expect(warned).toEqual([
      'removing a cluster "local" that an earlier run made and this stack\'s state does not know',
    ]);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("a recorded cluster", () => {
  it("is not repaired where another one is now", async () => {
    const { untouched } = await cluster({ urn: URN, uid: "u1" });
    await writeMarker(at, { urn: URN, uid: "u2" });
    await expect(update(operation, outputs("u1"), inputs, toolchain)).rejects.toThrow(
      `${at.cluster} holds another cluster since this run has looked. Run again.`,
    );
    expect(await untouched()).toBe(true);
  });

  it("is ended with all its files", async () => {
    const { etcd } = await cluster({ urn: URN, uid: "u1" });
    await destroy(operation, outputs("u1"));
    expect(await stillRuns(etcd)).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });
});
