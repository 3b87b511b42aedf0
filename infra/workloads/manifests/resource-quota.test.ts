import { describe, expect, it } from "vitest";
import type { ServiceSpec } from "../../../catalog/spec.ts";
import { port, service } from "../fixtures.ts";
import { addQuantities, parseQuantity } from "../quantity.ts";
import { resourceQuota } from "./resource-quota.ts";

const hard = (...services: readonly ServiceSpec[]) => resourceQuota("shop", services).spec.hard;
const fixed = (replicas: number) => ({ kind: "fixed", replicas }) as const;
const volume = (name: string, size: string) => ({ name, path: `/${name}`, size, storageClass: undefined });

describe("a team's quota", () => {
  it("lets every service be at its maximum and in a rolling update, with room for a hundred default containers", () => {
    const quota = hard(
      service("a", { scale: { kind: "auto", min: 2, max: 10, cpu: 70 } }),
      service("b", { scale: fixed(3) }),
    );
    expect(quota.pods).toBe("126"); // 2 x 10 + 2 x 3 + 100
    expect(quota["requests.cpu"]).toBe("12600m"); // (2 x 10 + 2 x 3 + 100) x 100m
    expect(quota["requests.memory"]).toBe("63000Mi"); // 126 x 500Mi
    expect(quota["limits.cpu"]).toBe("63"); // 126 x 500m
    expect(quota["limits.memory"]).toBe("126Gi"); // 126 x 1Gi
  });

  it("admits the first small pod beside the large ones that it replaces", () => {
    const resources = (memory: string): ServiceSpec["resources"] => ({
      requests: { cpu: "100m", memory },
      limits: { cpu: "500m", memory },
    });
    // One pod of 4Gi runs; the next version asks for 512Mi, and the quota is lowered before its pod starts.
    const lowered = hard(service("a", { scale: fixed(1), resources: resources("512Mi") }));
    const needed = addQuantities(parseQuantity("4Gi"), parseQuantity("512Mi"));
    for (const amount of ["requests.memory", "limits.memory"]) {
      expect(parseQuantity(lowered[amount] ?? "").milli).toBeGreaterThanOrEqual(needed.milli);
    }
  });

  it("admits the next pod of a rollout beside the pods of a service that the same run removes", () => {
    // a ran with ten replicas. The quota without it comes first, b then needs one pod more, and a goes last.
    const { pods } = hard(service("b", { scale: fixed(2) }));
    expect(Number(pods)).toBeGreaterThanOrEqual(10 + 2 + 1);
  });

  it("counts the disks of every replica that a stateful service may have, and no surge", () => {
    const ledger = service("ledger", {
      scale: { kind: "auto", min: 2, max: 4, cpu: 70 },
      volumes: [volume("data", "10Gi"), volume("log", "0.5Gi")],
    });
    const quota = hard(ledger, service("a", { scale: fixed(1) }));
    expect(quota.persistentvolumeclaims).toBe("8");
    expect(quota["requests.storage"]).toBe("42Gi");
    expect(quota.pods).toBe("106"); // 4 + 2 x 1 + 100
  });

  const exposed = { expose: "load-balancer" } as const;
  const two = { ports: [port("http", 80), port("https", 443)] };

  it("allows the declared load balancers and one more, and the node ports that they take", () => {
    const quota = hard(service("web", { ...exposed, ...two }), service("api", exposed), service("cart"));
    expect(quota["services.loadbalancers"]).toBe("3");
    expect(quota["services.nodeports"]).toBe("5"); // 2 + 1, and 2 more
  });

  it("admits the load balancer of a service beside the one of another that is hidden in the same run", () => {
    const [before, after] = [
      hard(service("a", { ...exposed, ...two }), service("b")),
      hard(service("a", two), service("b", exposed)),
    ];
    for (const quota of [before, after]) {
      expect(Number(quota["services.loadbalancers"])).toBeGreaterThanOrEqual(1 + 1);
      expect(Number(quota["services.nodeports"])).toBeGreaterThanOrEqual(2 + 1);
    }
  });

  it("allows no load balancer, node port or disk where none is declared", () => {
    const quota = hard(service("cart"), service("worker", { expose: "load-balancer", ports: [] }));
    expect(quota["services.loadbalancers"]).toBe("0");
    expect(quota["services.nodeports"]).toBe("0");
    expect(quota.persistentvolumeclaims).toBe("0");
    expect(quota["requests.storage"]).toBe("0");
  });
});
