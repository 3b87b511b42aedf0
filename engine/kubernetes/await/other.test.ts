import { describe, expect, it } from "vitest";
import type { JsonMap } from "../json.ts";
import {
  apiServiceStatus,
  definitionStatus,
  ingressStatus,
  namespaceStatus,
  quotaStatus,
  secretStatus,
} from "./cluster.ts";
import { ruleFor } from "./rules.ts";
import type { Status } from "./status.ts";
import { claimStatus, volumeStatus } from "./storage.ts";
import { parseExpression, waitForStatus } from "./wait-for.ts";

function text(status: Status): string {
  return status.kind === "ready"
    ? `ready${status.note === undefined ? "" : ` (${status.note})`}`
    : `${status.kind}: ${status.message}`;
}

const conditions = (...list: JsonMap[]): JsonMap => ({ status: { conditions: list } });

describe("a claim", () => {
  const claim = (phase: string) => ({ status: { phase } });

  it("is ready when bound", () => {
    expect(text(claimStatus({}, "Immediate"))).toBe("waiting: waiting for a volume");
    expect(text(claimStatus(claim("Pending"), undefined))).toBe("waiting: waiting for a volume");
    expect(text(claimStatus(claim("Bound"), undefined))).toBe("ready");
  });

  it("is not waited for where only a pod that uses it makes it bound", () => {
    expect(text(claimStatus(claim("Pending"), "WaitForFirstConsumer"))).toBe(
      "ready (it is bound when a pod first uses it)",
    );
  });

  it("is told apart when its volume is lost", () => {
    expect(text(claimStatus(claim("Lost"), "WaitForFirstConsumer"))).toBe("waiting: its volume is lost");
  });

  it("has a volume that is ready when it can be bound or is", () => {
    expect(["Pending", "Available", "Bound", "Failed"].map((phase) => volumeStatus(claim(phase)).kind)).toEqual([
      "waiting",
      "ready",
      "ready",
      "waiting",
    ]);
  });
});

describe("objects of the cluster", () => {
  it("are definitions, ready when their kind is served", () => {
    const accepted = { type: "NamesAccepted", status: "True" };
    const states = [
      {},
      conditions({ type: "NamesAccepted", status: "False", message: '"widgets" is already in use' }),
      conditions(accepted, { type: "Established", status: "False" }),
      conditions(accepted, { type: "Established", status: "True" }),
    ];
    expect(states.map((state) => text(definitionStatus(state)))).toEqual([
      "waiting: waiting for its kind to be served",
      'waiting: its names are taken: "widgets" is already in use',
      "waiting: waiting for its kind to be served",
      "ready",
    ]);
  });

  it("are API services, namespaces, quotas, token Secrets and Ingresses", () => {
    expect(text(apiServiceStatus(conditions({ type: "Available", status: "False", message: "no endpoints" })))).toBe(
      "waiting: not available: no endpoints",
    );
    expect(text(apiServiceStatus(conditions({ type: "Available", status: "True" })))).toBe("ready");
    expect(text(namespaceStatus({ status: { phase: "Terminating" } }))).toBe("waiting: its phase is Terminating");
    expect(text(namespaceStatus({ status: { phase: "Active" } }))).toBe("ready");
    const hard = { spec: { hard: { cpu: "1000m", pods: "5" } } };
    expect(text(quotaStatus({ ...hard, status: { hard: { pods: "5" } } }))).toMatch(/^waiting/);
    expect(text(quotaStatus({ ...hard, status: { hard: { cpu: "1", pods: "5" } } }))).toBe("ready");
    expect(text(secretStatus({ type: "Opaque" }))).toBe("ready");
    expect(text(secretStatus({ type: "kubernetes.io/service-account-token" }))).toBe("waiting: waiting for its token");
    expect(text(ingressStatus({ status: { loadBalancer: {} } }))).toMatch(/^waiting/);
    expect(text(ingressStatus({ status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } } }))).toBe("ready");
  });

  it("of all other kinds are ready once written", () => {
    const rule = (apiVersion: string, kind: string) => ruleFor({ apiVersion, kind })?.timeout;
    expect(rule("autoscaling/v2", "HorizontalPodAutoscaler")).toBeUndefined();
    expect(rule("policy/v1", "PodDisruptionBudget")).toBeUndefined();
    expect(rule("networking.k8s.io/v1", "NetworkPolicy")).toBeUndefined();
    expect(rule("v1", "ServiceAccount")).toBeUndefined();
    expect(rule("weft.dev/v1", "Deployment")).toBeUndefined();
    expect([rule("apps/v1", "Deployment"), rule("v1", "PersistentVolumeClaim")]).toEqual([600, 300]);
  });
});

describe("expressions to wait for", () => {
  const widget: JsonMap = {
    metadata: { generation: 2 },
    status: {
      phase: "Up",
      replicas: 3,
      "odd.key": { x: "y" },
      list: [{ name: "a" }, { name: "b", ok: true }],
      conditions: [
        { type: "Ready", status: "True" },
        { type: "Degraded", status: "False", message: "fine" },
      ],
    },
  };

  it.each([
    "condition=Ready",
    "condition=ready=true",
    "condition=Degraded=False",
    "jsonpath={.status.phase}",
    "jsonpath={.status.phase}=Up",
    "jsonpath={ $.status.replicas }=3",
    "jsonpath={.status['odd.key'].x}=y",
    "jsonpath={.status.list[1].name}=b",
    "jsonpath={.status.list[*].ok}=true",
    'jsonpath={.status.conditions[?(@.type=="Ready")].status}=True',
    "jsonpath={.status.list[?(@.name!='a')].name}=b",
  ])("%s holds", (expression) => {
    expect(text(waitForStatus(widget, [expression]))).toBe("ready");
  });

  it.each([
    ["condition=Synced", "waiting for condition Synced=True"],
    ["condition=Degraded", "waiting for condition Degraded=True: fine"],
    ["jsonpath={.status.phase}=Down", 'waiting for .status.phase=Down: it is "Up"'],
    ["jsonpath={.status.missing}", "waiting for .status.missing"],
  ])("%s does not hold yet", (expression, message) => {
    expect(text(waitForStatus(widget, ["condition=Ready", expression]))).toBe(`waiting: ${message}`);
  });

  it("do not hold on a status from before the change", () => {
    const stale = {
      metadata: { generation: 2 },
      status: { observedGeneration: 1, phase: "Up", conditions: [{ type: "Ready", status: "True" }] },
    };
    expect(waitForStatus(stale, ["jsonpath={.status.phase}=Up"]).kind).toBe("waiting");
    expect(waitForStatus(stale, ["condition=Ready"]).kind).toBe("waiting");
    const own = {
      metadata: { generation: 2 },
      status: { conditions: [{ type: "Ready", status: "True", observedGeneration: 1 }] },
    };
    expect(waitForStatus(own, ["condition=Ready"]).kind).toBe("waiting");
  });

  it.each([
    "Ready",
    "condition=",
    "jsonpath=.status.phase",
    "jsonpath={.status[?(@.x=~/a/)]}",
    "jsonpath={.a b}",
  ])("rejects %s", (expression) => {
    expect(() => parseExpression(expression)).toThrow(
      expression === "condition=" ? /names no condition/ : /neither|can't read/,
    );
  });
});
