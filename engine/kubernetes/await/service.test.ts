import { describe, expect, it } from "vitest";
import type { JsonMap } from "../json.ts";
import { type Endpoints, SETTLE_TIME, selectedWorkload, serviceStatus } from "./service.ts";

const service = (spec: JsonMap, status: JsonMap = {}): JsonMap => ({
  spec: { selector: { app: "web" }, ...spec },
  status,
});
const slice = (...conditions: JsonMap[]): JsonMap => ({ endpoints: conditions.map((item) => ({ conditions: item })) });

function judge(object: JsonMap, endpoints: Partial<Endpoints> = {}): string {
  const status = serviceStatus(object, { slices: [], quiet: 0, workload: undefined, ...endpoints });
  return status.kind === "ready" ? `ready${status.note === undefined ? "" : ` (${status.note})`}` : status.message;
}

describe("a Service", () => {
  it("is ready when one of its endpoints is", () => {
    const states: Partial<Endpoints>[] = [
      {},
      { slices: [slice()] },
      { slices: [slice({ ready: false }, { ready: false })] },
      { slices: [slice({ ready: false }), slice({ ready: true })] },
    ];
    expect(states.map((state) => judge(service({}), state))).toEqual([
      "waiting for its endpoints",
      "no pod matches its selector so far",
      "0 of 2 endpoints ready",
      "ready",
    ]);
  });

  it("takes an endpoint without conditions for ready, and a terminating one for none", () => {
    expect(judge(service({}), { slices: [{ endpoints: [{}] }] })).toBe("ready");
    expect(judge(service({}), { slices: [slice({ ready: false, terminating: true })] })).toBe(
      "no pod matches its selector so far",
    );
    // A pod that is going away may still serve, but is nothing to rely on.
    expect(judge(service({}), { slices: [slice({ ready: true, terminating: true })] })).toBe(
      "no pod matches its selector so far",
    );
  });

  it("whose selector matches nothing by design is ready once things have settled", () => {
    const empty = { slices: [slice()] };
    expect(judge(service({}), { ...empty, quiet: SETTLE_TIME - 1 })).toBe("no pod matches its selector so far");
    expect(judge(service({}), { ...empty, quiet: SETTLE_TIME })).toBe("ready (its selector matches no pod so far)");
  });

  it("goes on waiting where a workload wants such pods", () => {
    const endpoints = { slices: [slice()], quiet: SETTLE_TIME, workload: "Deployment web" };
    expect(judge(service({}), endpoints)).toBe("waiting for the pods of Deployment web");
  });

  it("does not take a silent endpoints controller for an empty selector", () => {
    expect(judge(service({}), { quiet: SETTLE_TIME * 10 })).toBe("waiting for its endpoints");
  });

  it.each<[string, JsonMap]>([
    ["that is headless", service({ clusterIP: "None" })],
    ["without a selector", service({ selector: {} })],
    ["that only names another host", service({ type: "ExternalName", externalName: "a.example" })],
  ])("%s has no endpoints to wait for", (_, object) => {
    expect(judge(object)).toBe("ready");
  });

  it("of type LoadBalancer also needs its address", () => {
    const ready = { slices: [slice({ ready: true })] };
    expect(judge(service({ type: "LoadBalancer" }), ready)).toBe("waiting for an address of the load balancer");
    const status = { loadBalancer: { ingress: [{ ip: "198.18.0.1" }] } };
    expect(judge(service({ type: "LoadBalancer" }, status))).toBe("waiting for its endpoints");
    expect(judge(service({ type: "LoadBalancer" }, status), ready)).toBe("ready");
    expect(judge(service({ type: "LoadBalancer", selector: {} }, status))).toBe("ready");
  });

  it("knows the workload whose pods it selects, if that wants any", () => {
    const workload = (name: string, labels: JsonMap, replicas: number) => ({
      kind: "Deployment",
      metadata: { name },
      spec: { replicas, template: { metadata: { labels } } },
    });
    const workloads = [
      workload("other", { app: "x" }, 1),
      workload("none", { app: "web" }, 0),
      workload("web", { app: "web", v: "1" }, 2),
    ];
    expect(selectedWorkload(service({}), workloads)).toBe("Deployment web");
    expect(selectedWorkload(service({}), workloads.slice(0, 2))).toBeUndefined();
  });
});
