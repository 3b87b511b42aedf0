import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { COMPONENTS } from "./configuration.ts";
import { observe, readPorts } from "./health.ts";
import { type Layout, layout, makeFolders } from "./layout.ts";

// Files alone: what is said of running components is for test/kwok-cluster.test.ts.

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const control = {
  kind: "KwokctlConfiguration",
  components: COMPONENTS.map((name, index) => ({ name, ports: [{ name: "https", port: 20_000 + index }] })),
};
const KWOK = [control, { kind: "Stage", spec: { delay: "{}" } }].map((each) => stringify(each)).join("---\n");

let folder: string;
let at: Layout;

async function write(file: string, content: string): Promise<void> {
  await mkdir(dirname(join(at.cluster, file)), { recursive: true });
  await writeFile(join(at.cluster, file), content);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-health-"));
  at = layout(folder, "kwok", "local");
  await makeFolders(at, { urn: "u" });
  for (const file of ["pki/ca.crt", "pki/admin.crt", "pki/admin.key"]) await write(file, PEM);
  await write("kubeconfig.yaml", "kind: Config\n");
  await write("etcd/member/db", "data");
  await write("kwok.yaml", KWOK);
});
afterEach(() => rm(folder, { recursive: true }));

describe("a cluster's files", () => {
  it("are complete when they can be read as what they are", async () => {
    expect(await observe(at)).toMatchObject({ files: "complete", missing: [] });
    expect(await readPorts(at)).toMatchObject({ etcd: 20_000, "kube-apiserver": 20_001 });
  });

  it("may hold empty documents", async () => {
    await write("kwok.yaml", `---\n---\n${KWOK}---\n`);
    expect(await observe(at)).toMatchObject({ files: "complete" });
  });

  it.each([
    ["empty", ""],
    ["an empty document", "---\n"],
    ["zeros", "\0".repeat(100)],
    ["cut in its first document", KWOK.slice(0, KWOK.indexOf("kube-scheduler"))],
    ["cut in a later one", KWOK.slice(0, KWOK.indexOf('{}"'))],
    ["something else", "kind: Stage\n"],
    ["without a port", KWOK.replace("port: 20003", "port: 0")],
  ])("are broken by a kwok.yaml that is %s", async (_case, content) => {
    await write("kwok.yaml", content);
    expect(await observe(at)).toMatchObject({ files: "broken", missing: ["kwok.yaml"], nodes: undefined });
    await expect(readPorts(at)).rejects.toThrow(/kwok\.yaml is damaged: .* the next run replaces the cluster/);
  });

  it.each([
    ["zeros", "\0".repeat(PEM.length)],
    ["cut", PEM.slice(0, 40)],
  ])("are broken by a key that is %s", async (_case, content) => {
    await write("pki/admin.key", content);
    expect(await observe(at)).toMatchObject({ files: "broken", missing: ["pki/admin.key"] });
  });

  it("are all named that are damaged", async () => {
    await write("kwok.yaml", "---\n");
    await write("pki/ca.crt", "no");
    expect((await observe(at)).missing).toEqual(["kwok.yaml", "pki/ca.crt"]);
    expect(await readFile(join(at.cluster, "pki/ca.crt"), "utf8")).toBe("no");
  });
});
