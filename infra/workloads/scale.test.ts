import { describe, expect, it } from "vitest";
import { service } from "./fixtures.ts";
import { isAutoscaled, isStateful, replicaBounds } from "./scale.ts";

describe("the number of replicas", () => {
  it("has bounds under an autoscaler", () => {
    const auto = service("a", { scale: { kind: "auto", min: 2, max: 100, cpu: 70 } });
    expect(replicaBounds(auto)).toEqual({ min: 2, max: 100 });
    expect(isAutoscaled(auto)).toBe(true);
  });

  it("is one number when it is fixed", () => {
    const fixed = service("a", { scale: { kind: "fixed", replicas: 3 } });
    expect(replicaBounds(fixed)).toEqual({ min: 3, max: 3 });
    expect(isAutoscaled(fixed)).toBe(false);
  });

  it("is fixed when an autoscaler could never change it", () => {
    expect(isAutoscaled(service("a", { scale: { kind: "auto", min: 4, max: 4, cpu: 70 } }))).toBe(false);
  });
});

describe("a service with disks", () => {
  it("is stateful, and one with only scratch folders is not", () => {
    const volume = { name: "data", path: "/data", size: "1Gi", storageClass: undefined };
    expect(isStateful(service("a", { volumes: [volume] }))).toBe(true);
    expect(isStateful(service("a", { scratch: [{ path: "/tmp", size: "1Gi" }] }))).toBe(false);
  });
});
