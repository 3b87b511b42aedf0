import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Driver, output } from "../engine/kubernetes/testing/driver.ts";
import { type PropertyMap, Secret } from "../engine/property.ts";
import { NotReadyError } from "../engine/provider.ts";
import { startCluster, type TestCluster } from "./support/cluster.ts";
import { eventually, type Kube } from "./support/kube.ts";
import { processesUnder } from "./support/processes.ts";

// What the built-in engine's Kubernetes provider says and does when things go wrong: what admission denies, workloads that
// don't start, objects that don't go, and an API server that dies. Container states are simulated, and written as a
// kubelet writes them.

let folder: string;
let cluster: TestCluster;
let kube: Kube;
let driver: Driver;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weft-faults-"));
  cluster = await startCluster({ directory: folder });
  kube = cluster.kube;
  driver = await Driver.start({ kubeconfig: cluster.kubeconfig });
});

afterAll(async () => {
  await driver?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

function namespace(name: string, labels: PropertyMap = {}): PropertyMap {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

interface Shape {
  readonly namespace?: string;
  readonly simulate?: string;
  readonly container?: PropertyMap;
  readonly replicas?: number;
}

function deployment(name: string, shape: Shape = {}): PropertyMap {
  const labels = { app: name };
  const annotations: PropertyMap = shape.simulate === undefined ? {} : { "weft.dev/simulate": shape.simulate };
  const containers = [{ name: "app", image: "example/app:1", ...shape.container }];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: shape.namespace ?? "default" },
    spec: {
      replicas: shape.replicas ?? 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations }, spec: { containers } },
    },
  };
}

function pod(name: string, namespace: string, container: PropertyMap = {}): PropertyMap {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: { containers: [{ name: "app", image: "example/app:1", ...container }] },
  };
}

function configMap(name: string, rest: PropertyMap = {}): PropertyMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default", ...rest } };
}

async function failure(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => new Error("it did not fail"),
    (error: Error) => error,
  );
}

describe("a preview", () => {
  it("fails on what the API server would reject, with every field, and writes nothing", async () => {
    const broken = deployment("broken", { container: { name: "", imagePullPolicy: "Sometimes" } });
    const { message } = await failure(driver.previewCreate(broken));
    expect(message).toMatch(/^Deployment default\/broken was not created: /);
    expect(message).toMatch(/spec.template.spec.containers\[0\].name: Required value/);
    expect(message).toMatch(/imagePullPolicy: Unsupported value: "Sometimes"/);
    expect(await kube.get("deployment", "broken")).toBeUndefined();
  });

  it("shows no secret that the API server quotes", async () => {
    const named = { name: "leak", namespace: "default", labels: { token: new Secret("s3cr3t canary!") } };
    const { message } = await failure(driver.previewCreate({ apiVersion: "v1", kind: "ConfigMap", metadata: named }));
    expect(message).toContain('Invalid value: "[secret]"');
    expect(message).not.toContain("canary");
  });

  it("fails on pod security, and warns of it where it concerns the pods of a workload", async () => {
    const level = "restricted";
    await driver.create(
      namespace("strict", { "pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/warn": level }),
    );
    const { message } = await failure(driver.previewCreate(pod("root", "strict")));
    expect(message).toMatch(/violates PodSecurity "restricted:latest"/);
    await driver.previewCreate(deployment("root", { namespace: "strict" }));
    expect(driver.logs.join("\n")).toMatch(/warning would violate PodSecurity "restricted:latest"/);
  });

  it("fails on a quota, unless the run itself changes it", async () => {
    await driver.create(namespace("small"));
    const quota = (pods: string): PropertyMap => ({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "pods", namespace: "small" },
      spec: { hard: { pods } },
    });
    const recorded = await driver.create(quota("0"));
    const { message } = await failure(driver.previewCreate(pod("one", "small")));
    expect(message).toMatch(/exceeded quota: pods, requested: pods=1, used: pods=0, limited: pods=0\nFix: raise/);
    await driver.previewUpdate(recorded, quota("1"));
    expect(await driver.previewCreate(pod("one", "small"))).toMatchObject({ kind: "Pod" });
  });

  it("fails on an admission policy, with its own message", async () => {
    const policy = { apiVersion: "admissionregistration.k8s.io/v1", metadata: { name: "owned.weft.test" } };
    await kube.apply(
      {
        ...policy,
        kind: "ValidatingAdmissionPolicy",
        spec: {
          matchConstraints: {
            resourceRules: [
              { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] },
            ],
          },
          validations: [
            {
              expression: "has(object.metadata.labels) && 'owner' in object.metadata.labels",
              message: "every ConfigMap needs an owner",
            },
          ],
        },
      },
      {
        ...policy,
        kind: "ValidatingAdmissionPolicyBinding",
        spec: {
          policyName: "owned.weft.test",
          validationActions: ["Deny"],
          matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "owned" } } },
        },
      },
    );
    await driver.create(namespace("owned"));
    const map = configMap("free", { namespace: "owned" });
    // A policy takes a moment to be in force.
    const denied = await eventually("the policy denies", async () => {
      const { message } = await failure(driver.previewCreate(map));
      return message.includes("denied request") && message;
    });
    expect(denied).toMatch(
      /ValidatingAdmissionPolicy 'owned.weft.test'.*denied request: every ConfigMap needs an owner/,
    );
    expect((await failure(driver.create(map))).message).toBe(denied);
  });

  it("does not fail for a namespace or an account that the run makes first, and says why it is unchecked", async () => {
    expect(await driver.previewCreate(configMap("early", { namespace: "later" }))).toMatchObject({ kind: "ConfigMap" });
    expect(driver.logs.join("\n")).toContain(
      'not checked against the API server: its namespace "later" does not exist yet',
    );
    const withAccount = {
      ...pod("early", "default"),
      spec: { serviceAccountName: "later", containers: [{ name: "c", image: "i" }] },
    };
    expect(await driver.previewCreate(withAccount)).toMatchObject({ kind: "Pod" });
  });

  it("judges objects with the rights of its credentials, and goes on without where they have none", async () => {
    const kubeconfig = await viewerKubeconfig();
    const viewer = await Driver.start({ kubeconfig });
    expect(await viewer.previewCreate(configMap("unseen"))).toMatchObject({ kind: "ConfigMap" });
    expect(viewer.logs.join()).toMatch(/warning ConfigMap objects were not checked.*the credentials may not do this/);
    const { message } = await failure(viewer.create(configMap("unseen")));
    expect(message).toMatch(/cannot patch resource "configmaps"[\s\S]*Fix: give the credentials/);
    await viewer.close();
  });
});

describe.concurrent("a workload that does not start", () => {
  it.each<[string, Shape, RegExp]>([
    [
      "crash-loop",
      { simulate: "crash-loop" },
      /^2 pods \(crash-loop-\S+, crash-loop-\S+\): container app: CrashLoopBackOff: exits with code 1/,
    ],
    [
      "image-pull-error",
      { simulate: "image-pull-error" },
      /^2 pods \(.*\): container app: (ImagePullBackOff|ErrImagePull)/,
    ],
    [
      "never-ready",
      { simulate: "never-ready" },
      /^2 pods \(.*\): container app: runs, but its readiness probe has not succeeded/,
    ],
    [
      "too-large",
      { container: { resources: { requests: { cpu: "1000" } } } },
      /^2 pods \(.*\): Unschedulable: 0\/\d+ nodes are available: .*Insufficient cpu/,
    ],
  ])("is recorded with its cause first: %s", async (name, shape, cause) => {
    const error = await failure(driver.create(deployment(name, shape), { timeout: 8 }));
    expect(error).toBeInstanceOf(NotReadyError);
    const { reasons, id, outputs } = error as NotReadyError;
    expect(reasons[0]).toMatch(cause);
    expect(reasons[1]).toBe(`Deployment default/${name} is not ready: not ready after 8 s: 0 of 2 replicas ready`);
    expect([id, outputs.kind]).toEqual([`default/${name}`, "Deployment"]);
    // While it was waited for, the cause was shown already.
    expect(driver.statuses.join("\n")).toContain("0 of 2 replicas ready; 2 pods");
  });

  it("says that a quota keeps its pods from being created", async () => {
    await driver.create(namespace("full"));
    await driver.create({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "pods", namespace: "full" },
      spec: { hard: { pods: "1" } },
    });
    const error = await failure(driver.create(deployment("crowd", { namespace: "full" }), { timeout: 5 }));
    expect((error as NotReadyError).reasons[0]).toMatch(
      /^ReplicaSet crowd-\S+: can't create pods: .*exceeded quota: pods/,
    );
  });

  it("goes on where it was left, once it is fixed", async () => {
    const broken = deployment("fixed", { simulate: "image-pull-error" });
    const { id, outputs } = (await failure(driver.create(broken, { timeout: 3 }))) as NotReadyError;
    const { target, inputs } = await driver.check(broken, undefined);
    const repaired = await driver.update({ ...target, id, inputs, outputs }, deployment("fixed"));
    expect(output(repaired, "status", "availableReplicas")).toBe(2);
    await driver.delete(repaired);
  });

  it("keeps the old revision serving, and says how far the new one is", async () => {
    const good = await driver.create(deployment("rolling"));
    const error = await failure(driver.update(good, deployment("rolling", { simulate: "crash-loop" }), { timeout: 4 }));
    expect((error as NotReadyError).reasons[0]).toMatch(/^pod rolling-\S+: container app: CrashLoopBackOff/);
    expect(error.message).toMatch(/1 of 2 replicas updated/);
    expect((await kube.get("deployment", "rolling"))?.status?.availableReplicas).toBe(2);
  });

  it("is a Job that failed: early, and with its reason", async () => {
    const error = await failure(
      driver.create({
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "doomed", namespace: "default" },
        spec: {
          backoffLimit: 0,
          template: {
            metadata: { annotations: { "weft.dev/simulate": "crash-loop" } },
            spec: { restartPolicy: "Never", containers: [{ name: "c", image: "example/job:1" }] },
          },
        },
      }),
    );
    expect(error.message).toMatch(/Job default\/doomed is not ready: BackoffLimitExceeded/);
  });

  it("is not waited for with skipAwait, and stops being waited for when the run is cancelled", async () => {
    const object = deployment("unwatched", { simulate: "never-ready" });
    const metadata = { ...(object.metadata as PropertyMap), annotations: { "pulumi.com/skipAwait": "true" } };
    expect((await driver.create({ ...object, metadata })).id).toBe("default/unwatched");
    const stop = new AbortController();
    const waiting = failure(
      driver.create(deployment("cancelled", { simulate: "never-ready" }), { signal: stop.signal }),
    );
    await eventually("it waits", async () => (await kube.get("deployment", "cancelled")) !== undefined);
    stop.abort();
    const error = await waiting;
    // It exists, so it has to be recorded.
    expect(error).toBeInstanceOf(NotReadyError);
    expect(error.message).toContain("the run was cancelled before it was ready");
  });

  it("a Service that selects nothing by design is ready after a while", async () => {
    const service = await driver.create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "nothing", namespace: "default" },
      spec: { selector: { app: "nobody" }, ports: [{ port: 80 }] },
    });
    expect(service.id).toBe("default/nothing");
    expect(driver.statuses.join("\n")).toContain("its selector matches no pod so far");
  });
});

describe("an object that does not go", () => {
  it("fails in time, and names the finalizer that holds it", async () => {
    const held = await driver.create(configMap("held", { finalizers: ["weft.test/hold"] }));
    const { message } = await failure(driver.delete(held, { timeout: 2 }));
    expect(message).toBe(
      [
        "ConfigMap default/held was deleted, but is still there after 2 s: held by weft.test/hold",
        'Fix: the controller that set "weft.test/hold" has to remove it: see that it runs. Only if it never will, remove the finalizer by hand.',
      ].join("\n"),
    );
    await kube.kubectl(
      "patch",
      "configmap",
      "held",
      "-n",
      "default",
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    );
    await driver.delete(held);
  });

  it("is a namespace with something stuck in it", async () => {
    const space = await driver.create(namespace("stuck"));
    await driver.create(configMap("held", { namespace: "stuck", finalizers: ["weft.test/hold"] }));
    const { message } = await failure(driver.delete(space, { timeout: 10 }));
    expect(message).toMatch(/^Namespace stuck was deleted, but is still there after 10 s/);
    expect(message).toMatch(/weft.test\/hold in 1 resource instances/);
    await kube.kubectl(
      "patch",
      "configmap",
      "held",
      "-n",
      "stuck",
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    );
    await driver.delete(space);
  });
});

describe("an API server that dies", () => {
  it("is waited for: a Deployment that is awaited meanwhile becomes ready, and others are created", async () => {
    const slow = deployment("patient", { simulate: "slow-ready" });
    const waiting = driver.create(slow);
    await eventually("it is written", async () => (await kube.get("deployment", "patient")) !== undefined);
    const restart = await killApiServer();
    const others = Promise.all(Array.from({ length: 20 }, (_, i) => driver.create(configMap(`meanwhile-${i}`))));
    await sleep(2_000);
    restart();
    expect((await others).map(({ id }) => id)).toHaveLength(20);
    expect(output(await waiting, "status", "availableReplicas")).toBe(2);
  });

  it("and stays dead is told by its address, with what to do, in bounded time", async () => {
    const { kubeconfig } = cluster;
    const restart = await killApiServer();
    const lost = await Driver.start({ kubeconfig });
    const { message } = await failure(lost.create(configMap("never")));
    expect(message).toMatch(
      /^ConfigMap default\/never was not created: the API server https:\/\/127\.0\.0\.1:\d+ can't be reached: nothing listens there \(ECONNREFUSED\)\nFix: /,
    );
    await lost.close();
    restart();
    await eventually(
      "it is back",
      async () => (await failure(kube.kubectl("get", "--raw", "/readyz"))).message === "it did not fail",
    );
  });
});

/** SIGKILL; the answer starts it again as it was. */
async function killApiServer(): Promise<() => void> {
  const found = (await processesUnder(folder)).find(({ program }) => program === "kube-apiserver");
  const [program, ...args] = found?.args ?? [];
  if (found === undefined || program === undefined) throw new Error("the API server does not run");
  process.kill(found.pid, "SIGKILL");
  return () => spawn(program, args, { detached: true, stdio: "ignore" }).unref();
}

/** A service account that may read, and its token. */
async function viewerKubeconfig(): Promise<string> {
  await kube.kubectl("create", "serviceaccount", "viewer", "-n", "default");
  await kube.kubectl("create", "clusterrolebinding", "viewer", "--clusterrole=view", "--serviceaccount=default:viewer");
  const token = (await kube.kubectl("create", "token", "viewer", "-n", "default")).trim();
  const config = JSON.parse(await kube.kubectl("config", "view", "--raw", "-o", "json")) as {
    users: { user: object }[];
  };
  return JSON.stringify({ ...config, users: config.users.map((user) => ({ ...user, user: { token } })) });
}
