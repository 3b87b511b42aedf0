import { describe, expect, it } from "vitest";
import type { ServiceSpec } from "../../catalog/spec.ts";
import { catalog, port, service } from "./fixtures.ts";
import { findPort, serviceFlows } from "./flows.ts";

const call = (name: string, portName = "http") => ({ kind: "service", service: name, port: portName }) as const;
const names = (...services: readonly ServiceSpec[]) =>
  serviceFlows(catalog(...services)).map((flow) => `${flow.caller.name} -> ${flow.callee.name}:${flow.port.name}`);

describe("the flows of a catalog", () => {
  it("are the declared calls, and nothing else", () => {
    expect(names(service("a", { calls: [call("b")] }), service("b"), service("c"))).toEqual(["a -> b:http"]);
  });

  it("hold each call once, however often it is declared", () => {
    expect(names(service("a", { calls: [call("b"), call("b")] }), service("b"))).toEqual(["a -> b:http"]);
  });

  it("keep calls to different ports apart", () => {
    const b = service("b", { ports: [port("http", 80), port("grpc", 90)] });
    expect(names(service("a", { calls: [call("b", "grpc")] }), b, service("c", { calls: [call("b")] }))).toEqual([
      "a -> b:grpc",
      "c -> b:http",
    ]);
  });

  it("leave out a caller that the callee does not name", () => {
    const b = service("b", { callers: ["c"] });
    expect(names(service("a", { calls: [call("b")] }), b, service("c", { calls: [call("b")] }))).toEqual([
      "c -> b:http",
    ]);
  });

  it("are not made by being named as a caller", () => {
    expect(names(service("a"), service("b", { callers: ["a"] }))).toEqual([]);
  });

  it("leave out addresses outside the cluster", () => {
    const a = service("a", { calls: [{ kind: "cidr", cidr: "203.0.113.0/24", port: 443, protocol: "TCP" }] });
    expect(names(a)).toEqual([]);
  });

  it("rejects a call to a service that the catalog lacks", () => {
    expect(() => names(service("a", { calls: [call("ghost")] }))).toThrow('The catalog has no service "ghost".');
  });

  it("rejects a call to a port that the service lacks, naming those that it has", () => {
    const two = service("b", { ports: [port("http", 80), port("grpc", 90)] });
    expect(() => findPort(catalog(two), "b", "amqp")).toThrow('The service "b" has no port "amqp"; it has http, grpc.');
    expect(() => findPort(catalog(service("c", { ports: [] })), "c", "http")).toThrow("it has none.");
  });
});
