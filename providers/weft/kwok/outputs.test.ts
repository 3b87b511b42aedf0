import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { contextName, kubeconfig } from "./outputs.ts";

const urn = (stack: string) => `urn:pulumi:${stack}::weft::weft:cluster:KwokCluster$weft-native:cluster:Kwok::c-kwok`;

describe("the context's name", () => {
  it("tells the stack, and the cluster where that says more", () => {
    expect(contextName(urn("local"), "local")).toBe("weft-local");
    expect(contextName(urn("dev"), "local")).toBe("weft-dev-local");
  });
});

describe("the kubeconfig", () => {
  it("holds all it needs", () => {
    const access = { server: "https://127.0.0.1:20003", ca: "CA", cert: "CERT", key: "KEY" };
    const config = parse(kubeconfig("weft-local", access));
    expect(config["current-context"]).toBe("weft-local");
    expect(config.contexts).toEqual([{ name: "weft-local", context: { cluster: "weft-local", user: "weft-local" } }]);
    expect(config.clusters[0].cluster).toEqual({ server: access.server, "certificate-authority-data": "Q0E=" });
    expect(config.users[0].user).toEqual({ "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" });
  });
});
