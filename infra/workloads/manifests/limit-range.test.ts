import { describe, expect, it } from "vitest";
import { service } from "../fixtures.ts";
import { limitRange } from "./limit-range.ts";

const large = service("large", {
  resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "4000m", memory: "1024Mi" } },
});
const roomy = service("roomy", {
  resources: { requests: { cpu: "100m", memory: "1Gi" }, limits: { cpu: "0.2", memory: "8Gi" } },
});
const [small, mixed] = [[service("a")], [large, roomy]].map((services) => limitRange("shop", services).spec.limits[0]);

describe("a team's limit range", () => {
  it("gives a container that says nothing the defaults of a service", () => {
    expect(small?.type).toBe("Container");
    expect(small?.defaultRequest).toEqual({ cpu: "100m", memory: "500Mi" });
    expect(small?.default).toEqual({ cpu: "500m", memory: "1Gi" });
  });

  it("allows at most the largest limit that a service declares, of CPU and memory apart", () => {
    expect(mixed?.max).toEqual({ cpu: "4", memory: "8Gi" });
  });

  it("never allows less than the defaults, which would refuse what it fills in", () => {
    expect(limitRange("empty", []).spec.limits[0]?.max).toEqual({ cpu: "500m", memory: "1Gi" });
    expect(small?.max).toEqual({ cpu: "500m", memory: "1Gi" });
  });
});
