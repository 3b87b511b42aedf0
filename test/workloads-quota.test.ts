import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Catalog, ServiceSpec } from "../catalog/index.ts";
import { catalog, port, service } from "../infra/workloads/fixtures.ts";
import { type Manifest, manifests, planWorkloads } from "../infra/workloads/plan.ts";
import { startCluster, type TestCluster } from "./support/cluster.ts";
import { eventually, type Kube } from "./support/kube.ts";

// The quota of a team against a real API server and its controllers, in the order in which an `up` writes: the quota
// first, then what is made and changed, deletions last. That an engine keeps to this order is not proven here.

let folder: string;
let cluster: TestCluster;
let kube: Kube;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-quota-"));
  cluster = await startCluster({ directory: folder });
  kube = cluster.kube;
});

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

const isQuota = ({ kind }: Manifest): boolean => kind === "ResourceQuota";

/** Writes a catalog of one team: all of it but deletions. */
async function write(team: string, planned: Catalog): Promise<void> {
  const all = manifests(planWorkloads(planned));
  const last = all.findIndex(isQuota);
  await kube.apply(...all.slice(0, last + 1));
  const { hard } = all.flatMap((manifest) => (manifest.kind === "ResourceQuota" ? [manifest.spec] : []))[0] ?? {};
  await eventually("the quota is in force", async () => {
    const inForce = await kube.kubectl("get", "resourcequota", "-n", team, "-o", "jsonpath={.items[0].status.hard}");
    return inForce !== "" && Object.entries(hard ?? {}).every(([name, most]) => JSON.parse(inForce)[name] === most);
  });
  await kube.apply(...all.slice(last + 1));
}

/** The version that all pods of a service run, once as many as wanted are ready. */
function rolledOut(team: string, name: string, image: string, replicas: number): Promise<unknown> {
  return eventually(`${name} runs ${image}`, async () => {
    const found = await kube.get("deployment", name, team);
    const { observedGeneration, updatedReplicas, readyReplicas, replicas: all } = found?.status ?? {};
    const settled = observedGeneration === found?.metadata.generation && all === replicas;
    return settled && updatedReplicas === replicas && readyReplicas === replicas;
  });
}

describe("a team's quota", () => {
  it("lets a service roll out while another, which the same run removes, still has all its pods", async () => {
    const fixed = (replicas: number): Partial<ServiceSpec> => ({
      team: "crew",
      scale: { kind: "fixed", replicas },
      terminationSeconds: 1,
    });
    const b = service("b", { ...fixed(2), image: "example.com/b:1.0.0" });
    await write("crew", catalog(service("a", fixed(10)), b));
    await rolledOut("crew", "a", "example.com/a:1.0.0", 10);
    await rolledOut("crew", "b", b.image, 2);

    const next = { ...b, image: "example.com/b:2.0.0" };
    await write("crew", catalog(next));
    await rolledOut("crew", "b", next.image, 2);
    expect((await kube.get("deployment", "a", "crew"))?.status?.readyReplicas).toBe(10);
  });

  it("lets exposure move from one service to another, also one with more ports", async () => {
    const named = (name: string, ports: number, exposed: boolean) =>
      service(name, {
        team: "edge",
        scale: { kind: "fixed", replicas: 1 },
        ports: [port("http", 80, 8080), port("admin", 81), port("grpc", 82)].slice(0, ports),
        expose: exposed ? "load-balancer" : "cluster",
      });
    await write("edge", catalog(named("wide", 3, true), named("slim", 1, false)));
    await write("edge", catalog(named("wide", 3, false), named("slim", 1, true)));
    await kube.kubectl("delete", "service", "wide-external", "-n", "edge");
    await write("edge", catalog(named("wide", 3, true), named("slim", 1, false)));
    expect((await kube.get("service", "slim-external", "edge"))?.spec?.type).toBe("LoadBalancer");
  });
});
