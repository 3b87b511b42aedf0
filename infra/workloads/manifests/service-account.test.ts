import { describe, expect, it } from "vitest";
import { service } from "../fixtures.ts";
import { serviceAccount } from "./service-account.ts";

describe("the identity of a service", () => {
  it("is its own, and mounts no token", () => {
    const account = serviceAccount(service("cart"));
    expect(account.metadata).toMatchObject({ name: "cart", namespace: "shop" });
    expect(account.automountServiceAccountToken).toBe(false);
  });
});
