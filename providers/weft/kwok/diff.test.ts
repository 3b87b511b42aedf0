import { describe, expect, it } from "vitest";
import { type DiffQuestion, decide, healthNotes } from "./diff.ts";
import type { Observation } from "./health.ts";
import { KWOK_DEFAULTS, type KwokInputs } from "./inputs.ts";
import { planNodes } from "./nodes.ts";
import type { KwokOutputs } from "./outputs.ts";

const inputs: KwokInputs = { name: "local", ...KWOK_DEFAULTS };
const recorded: KwokOutputs = {
  ...inputs,
  context: "weft-local",
  kubeconfig: "",
  kubernetesVersion: "1.36.3",
  path: "/p/.weft/kwok/clusters/local",
  revision: "r1",
  server: "https://127.0.0.1:20003",
  uid: "u1",
};
const healthy: Observation = {
  files: "complete",
  missing: [],
  problems: {},
  running: ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok-controller"],
  strays: 0,
  nodes: planNodes(inputs),
};
const question = (change: Partial<DiffQuestion> = {}): DiffQuestion => ({
  recorded,
  changed: [],
  path: recorded.path,
  revision: "r1",
  found: healthy,
  foundUid: "u1",
  planned: planNodes(inputs),
  ...change,
});
const stopped = { kind: "stopped", message: "is not running" } as const;

describe("a run", () => {
  it("changes nothing about a healthy cluster as recorded", () => {
    expect(decide(question())).toEqual({ changes: false, replaces: [], notes: [] });
  });

  it.each(["nodes", "zones", "cpu", "memory", "region"] as const)("changes %s in place", (key) => {
    expect(decide(question({ changed: [key] }))).toEqual({ changes: true, replaces: [], notes: [] });
  });

  it("makes another cluster for another name or folder", () => {
    expect(decide(question({ changed: ["name"], path: "/p/.weft/kwok/clusters/x" })).replaces).toEqual(["name"]);
    expect(decide(question({ changed: ["directory"], path: "/q/clusters/local" })).replaces).toEqual(["directory"]);
    expect(decide(question({ changed: ["directory"], path: undefined })).replaces).toEqual(["directory"]);
  });

  it("makes another cluster when the project has moved", () => {
    expect(decide(question({ path: "/moved/.weft/kwok/clusters/local" })).replaces).toEqual(["path"]);
  });

  it("takes the same folder, spelt differently, for the same", () => {
    expect(decide(question({ changed: ["directory"] }))).toMatchObject({ changes: false, replaces: [] });
  });

  it("repairs a component that does not run, and says which", () => {
    const found = { ...healthy, problems: { "kube-scheduler": stopped } };
    expect(decide(question({ found }))).toEqual({
      changes: true,
      replaces: [],
      notes: ['cluster "local": kube-scheduler is not running'],
    });
  });

  it("replaces what can't be repaired, and says why", () => {
    const gone = decide(question({ found: { ...healthy, files: "none" } }));
    expect(gone).toMatchObject({ changes: true, replaces: ["uid"] });
    expect(gone.notes[0]).toContain("there is no /p/.weft/kwok/clusters/local any more");
    const broken = decide(question({ found: { ...healthy, files: "broken", missing: ["pki/ca.crt"] } }));
    expect(broken).toMatchObject({ changes: true, replaces: ["uid"] });
    expect(broken.notes[0]).toContain("has no sound pki/ca.crt");
  });

  it("notices that the folder holds another cluster", () => {
    const foreign = decide(question({ found: { ...healthy, files: "foreign" }, foundUid: undefined }));
    expect(foreign.replaces).toEqual(["uid"]);
    expect(foreign.notes[0]).toContain("a cluster that Weft did not make");
    const { replaces, notes } = decide(question({ foundUid: "u2" }));
    expect(replaces).toEqual(["uid"]);
    expect(notes[0]).toContain("now holds another cluster");
  });

  it("brings what a newer release has", () => {
    expect(decide(question({ revision: "r2" }))).toMatchObject({ changes: true, replaces: [] });
  });

  it("notices nodes that somebody else changed, and not those that it changes itself", () => {
    const found = { ...healthy, nodes: planNodes({ ...inputs, nodes: 5 }) };
    expect(decide(question({ found })).notes).toEqual(['cluster "local": of its nodes, 1 missing']);
    expect(decide(question({ found, changed: ["nodes"] })).notes).toEqual([]);
    const resized = { ...healthy, nodes: planNodes({ ...inputs, cpu: "4" }) };
    expect(decide(question({ found: resized })).notes[0]).toContain("6 of another size");
    expect(decide(question({ found: resized, changed: ["cpu"] })).notes).toEqual([]);
  });

  it("judges no nodes that it could not read", () => {
    expect(decide(question({ found: { ...healthy, nodes: undefined } })).changes).toBe(false);
  });
});

describe("the health of a cluster", () => {
  it("is told component by component, with what an interrupted run left", () => {
    const silent = { kind: "silent", message: "runs but does not answer" } as const;
    const found = { ...healthy, problems: { etcd: stopped, "kube-apiserver": silent }, strays: 2 };
    expect(healthNotes("local", found)).toEqual([
      'cluster "local": etcd is not running',
      'cluster "local": kube-apiserver runs but does not answer',
      'cluster "local": an interrupted run left 2 processes of kwokctl',
    ]);
  });
});
