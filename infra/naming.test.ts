import { describe, expect, it } from "vitest";
import { clusterHost, externalServiceName, headlessServiceName } from "./naming.ts";

describe("names derived from a service's", () => {
  it("are its own with what they are for behind it", () => {
    const cart = { name: "cart", team: "shop" };
    expect(externalServiceName(cart)).toBe("cart-external");
    expect(headlessServiceName(cart)).toBe("cart-headless");
    expect(clusterHost(cart)).toBe("cart.shop.svc.cluster.local");
  });

  it("fit a DNS label for the longest name that the catalog allows", () => {
    const longest = { name: "a".repeat(52), team: "shop" };
    expect(externalServiceName(longest).length).toBeLessThanOrEqual(63);
    expect(headlessServiceName(longest).length).toBeLessThanOrEqual(63);
  });
});
