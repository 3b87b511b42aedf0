import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.ts";
import { eventually, type Kube } from "./support/kube.ts";
import { container, deployment } from "./support/objects.ts";

// What the simulation does with workloads. That it is like a real cluster is not proven here.

let folder: string;
let cluster: TestCluster;
let kube: Kube;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-workloads-"));
  cluster = await startCluster({ directory: folder });
  kube = cluster.kube;
});

afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});

function simulatedPod(simulation: string, annotations: Record<string, string> = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: simulation,
      namespace: "default",
      annotations: { "weft.dev/simulate": simulation, ...annotations },
    },
    spec: { containers: [container()] },
  };
}

describe("workloads of an embedded cluster", () => {
  it("run, spread over the zones", async () => {
    await kube.apply(deployment("web", 6));
    const nodes = (await kube.readyPods("web", 6)).map((pod) => String(pod.spec?.nodeName));
    expect(new Set(nodes.map((node) => node.slice(0, "test-a".length)))).toEqual(
      new Set(["test-a", "test-b", "test-c"]),
    );
  });

  it("are ready again after their nodes were not heard of for a while", async () => {
    await kube.apply(deployment("slept", 1));
    const [pod] = await kube.readyPods("slept", 1);
    // What the node controller does to the pods of a silent node; waiting for it would take a minute.
    const marked = JSON.stringify({ status: { conditions: [{ type: "Ready", status: "False" }] } });
    await kube.kubectl("patch", "pod", pod?.metadata.name ?? "", "--subresource=status", "-p", marked);
    await eventually("it is ready again", async () => {
      const conditions = (await kube.get("pod", pod?.metadata.name ?? ""))?.status?.conditions;
      return conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    });
  });

  it("get volumes that bind, and nothing on the host", async () => {
    const claim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data", namespace: "default" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    await kube.apply(claim);
    const bound = await eventually("the claim is bound", async () => {
      const found = await kube.get("pvc", "data");
      return found?.status?.phase === "Bound" && found;
    });
    const volumeName = bound.spec?.volumeName ?? "";
    const volume = await kube.get("pv", volumeName);
    expect(volume?.status?.phase).toBe("Bound");
    expect(volume?.spec).toMatchObject({ capacity: { storage: "1Gi" }, csi: { driver: "simulated.weft.dev" } });
    expect(volume?.spec?.hostPath).toBeUndefined();
    await kube.kubectl("delete", "pvc", "data");
    await eventually("its volume is gone", async () => (await kube.get("pv", volumeName)) === undefined);
  });

  it("start with the volumes of their claims", async () => {
    const labels = { app: "db" };
    const template = {
      metadata: { labels },
      spec: { containers: [{ ...container(), volumeMounts: [{ name: "data", mountPath: "/data" }] }] },
    };
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } } },
    };
    await kube.apply({
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db", namespace: "default" },
      spec: {
        serviceName: "db",
        replicas: 2,
        selector: { matchLabels: labels },
        template,
        volumeClaimTemplates: [claim],
      },
    });
    await eventually("both pods run", async () => {
      const pods = await kube.list("pod", "-n", "default", "-l", "app=db");
      return pods.length === 2 && pods.every(({ status }) => status?.phase === "Running");
    });
  });

  it("are brought to an autoscaler's minimum, though there are no metrics", async () => {
    await kube.apply(deployment("scaled", 1), {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "scaled", namespace: "default" },
      spec: {
        minReplicas: 3,
        maxReplicas: 5,
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "scaled" },
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
        ],
      },
    });
    expect(await kube.readyPods("scaled", 3)).toHaveLength(3);
  });

  it("get load balancer addresses, each its own", async () => {
    const service = (name: string) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: "default" },
      spec: { type: "LoadBalancer", selector: { app: "web" }, ports: [{ port: 80 }] },
    });
    await kube.apply(service("one"), service("two"));
    const address = (name: string) =>
      eventually(`${name} has an address`, async () => {
        const found = await kube.get("service", name);
        return found?.status?.loadBalancer?.ingress?.[0]?.ip;
      });
    const [one, two] = [await address("one"), await address("two")];
    expect(one).toMatch(/^198\.18\.\d+\.\d+$/);
    expect(two).toMatch(/^198\.18\.\d+\.\d+$/);
    expect(one).not.toBe(two);
  });

  it("complete, or fail, as jobs", async () => {
    const job = (name: string, annotations: Record<string, string>) => ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, namespace: "default" },
      spec: {
        backoffLimit: 0,
        template: { metadata: { annotations }, spec: { restartPolicy: "Never", containers: [container()] } },
      },
    });
    await kube.apply(job("good", {}), job("bad", { "weft.dev/simulate": "crash-loop" }));
    await eventually("the good one is complete", async () => (await kube.get("job", "good"))?.status?.succeeded === 1);
    await eventually("the bad one has failed", async () => (await kube.get("job", "bad"))?.status?.failed === 1);
  });

  it("misbehave as their annotation says", async () => {
    const names = ["crash-loop", "image-pull-error", "never-ready", "slow-ready"];
    await kube.apply(
      ...names.map((name) => simulatedPod(name, { "weft.dev/ready-after": "2s" })),
      simulatedPod("typo"),
    );
    const phase = async (name: string) => (await kube.get("pod", name))?.status?.phase;
    const app = async (name: string) => (await kube.get("pod", name))?.status?.containerStatuses?.[0];
    await eventually("crash-loop crashes", async () => {
      const found = await app("crash-loop");
      return found?.state?.waiting?.reason === "CrashLoopBackOff" && found.restartCount >= 1 && !found.ready;
    });
    await eventually("image-pull-error backs off", async () => {
      const waiting = (await app("image-pull-error"))?.state?.waiting;
      return waiting?.reason === "ImagePullBackOff" && (await phase("image-pull-error")) === "Pending";
    });
    await eventually("slow-ready is ready", async () => (await app("slow-ready"))?.ready);
    await eventually("a misspelt one says so", async () => {
      const waiting = (await app("typo"))?.state?.waiting;
      return waiting?.reason === "CreateContainerConfigError" && waiting.message?.includes("never-ready");
    });
    // By now it has had longer than slow-ready.
    expect(await app("never-ready")).toMatchObject({ ready: false, state: { running: {} } });
    expect(await phase("never-ready")).toBe("Running");
  });
});
