import { describe, expect, it } from "vitest";
import type { ServiceSpec } from "../../../catalog/spec.ts";
import { catalog, service } from "../fixtures.ts";
import { deployment } from "./deployment.ts";

const of = (overrides: Partial<ServiceSpec> = {}) => {
  const spec = service("cart", overrides);
  return deployment(spec, catalog(spec));
};
const FORCE = "pulumi.com/patchForce";

describe("a Deployment", () => {
  it("leaves the number of replicas to its autoscaler", () => {
    const auto = of();
    expect(Object.keys(auto.spec)).not.toContain("replicas");
    expect(auto.metadata.annotations).toBeUndefined();
  });

  it.each([1, 2, 7])("of a fixed %i takes the number back from whoever changed it", (replicas) => {
    const fixed = of({ scale: { kind: "fixed", replicas } });
    expect(fixed.spec.replicas).toBe(replicas);
    expect(fixed.metadata.annotations).toEqual({ [FORCE]: "true" });
  });

  it("has a fixed number when its autoscaler could never change it", () => {
    expect(of({ scale: { kind: "auto", min: 3, max: 3, cpu: 70 } }).spec.replicas).toBe(3);
  });

  it("replaces pods without ever having fewer ready ones", () => {
    expect(of().spec.strategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" },
    });
  });

  it("counts as failed only after a start could have been done", () => {
    const health = { ...service("x").health, startupSeconds: 900 };
    expect(of({ health }).spec.progressDeadlineSeconds).toBeGreaterThan(900);
  });

  it("selects its own pods, by labels without a version", () => {
    const { selector, template } = of({ image: "example.com/cart:2.0.0" }).spec;
    expect(selector.matchLabels).toEqual({ "app.kubernetes.io/name": "cart", "weft.dev/team": "shop" });
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  });

  it("says whether the service is critical, for the policies", () => {
    expect(of({ critical: true }).metadata.labels["weft.dev/critical"]).toBe("true");
    expect(of({ critical: false }).metadata.labels["weft.dev/critical"]).toBe("false");
  });
});
