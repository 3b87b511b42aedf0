import { describe, expect, it } from "vitest";
import { faults, loadOne, service } from "./fixtures.ts";

describe("ports", () => {
  const spec = (ports: string, health: string) => loadOne(service({ ports, health })).ports;

  it("names a single port for its protocol, or for the health check", () => {
    expect(spec("[8080]", "{http: {path: /}}")).toEqual([
      { name: "http", port: 8080, targetPort: 8080, protocol: "TCP", appProtocol: "http" },
    ]);
    expect(spec("[7000]", "{grpc: {}}")).toMatchObject([{ name: "grpc", appProtocol: "grpc" }]);
    expect(spec("[6379]", "{tcp: {}}")).toMatchObject([{ name: "tcp", appProtocol: "tcp" }]);
    expect(spec("[6379]", "{exec: {command: [a]}}")).toMatchObject([{ name: "tcp", appProtocol: "tcp" }]);
    expect(spec("[{port: 80, appProtocol: grpc}]", "{tcp: {}}")).toMatchObject([{ name: "grpc", appProtocol: "grpc" }]);
    expect(spec("[{port: 53, protocol: UDP}]", "{exec: {command: [a]}}")).toMatchObject([
      { name: "udp", protocol: "UDP", appProtocol: undefined },
    ]);
  });

  it("takes what is spoken from the name", () => {
    const health = "{exec: {command: [a]}}";
    const ports =
      "[{name: http-metrics, port: 1}, {name: grpc, port: 2}, {name: tcp-redis, port: 3}, {name: sql, port: 4}]";
    expect(spec(ports, health).map((port) => port.appProtocol)).toEqual(["http", "grpc", "tcp", undefined]);
    expect(spec("[{name: httpx, port: 80}]", health)[0]?.appProtocol).toBeUndefined();
  });

  it("lets the process listen elsewhere, and one number serve TCP and UDP", () => {
    const [tcp, udp] = spec(
      "[{name: a, port: 53, targetPort: 8053}, {name: b, port: 53, protocol: UDP}]",
      "{tcp: {port: a}}",
    );
    expect(tcp).toMatchObject({ port: 53, targetPort: 8053 });
    expect(udp).toMatchObject({ port: 53, targetPort: 53, protocol: "UDP" });
  });
});

describe("health", () => {
  const two = "[{name: http, port: 80}, {name: udp-log, port: 514, protocol: UDP}]";

  it("asks one question for both, or two apart", () => {
    const both = loadOne(
      service({ ports: "[80]", health: "{http: {path: /ok, headers: {Host: a}}, timeoutSeconds: 9}" }),
    );
    const check = { kind: "http", path: "/ok", port: "http", headers: { Host: "a" } };
    expect(both.health).toEqual({ readiness: check, liveness: check, startupSeconds: 60, timeoutSeconds: 9 });
    const apart = loadOne(
      service({ ports: "[80]", health: "{readiness: {grpc: {service: a.B}}, liveness: {tcp: {}}, startupSeconds: 5}" }),
    );
    expect(apart.health).toEqual({
      readiness: { kind: "grpc", port: "grpc", service: "a.B" },
      liveness: { kind: "tcp", port: "grpc" },
      startupSeconds: 5,
      timeoutSeconds: 2,
    });
  });

  it.each([
    ["{http: {path: /}}", "does not say which one to ask", undefined],
    ["{tcp: {port: htp}}", "no port of this name", "http"],
    ["{tcp: {port: udp-log}}", "Kubernetes asks over TCP only", undefined],
    ["{tcp: {port: 80}}", "give the name of the port", undefined],
  ])("rejects %s beside two ports", (health, message, suggestion) => {
    const found = faults(service({ ports: two, health }));
    expect(found).toEqual([expect.stringContaining(message)]);
    if (suggestion !== undefined) expect(found[0]).toContain(`did you mean: ${suggestion}?`);
  });
});

describe("scale and resources", () => {
  it("takes a fixed number, or what is given of a range", () => {
    expect(loadOne(service({ scale: "{replicas: 1}" })).scale).toEqual({ kind: "fixed", replicas: 1 });
    expect(loadOne(service({ scale: "{max: 7}" })).scale).toEqual({ kind: "auto", min: 2, max: 7, cpu: 70 });
  });

  it("keeps quantities as written", () => {
    const { resources } = loadOne(service({ resources: "{requests: {cpu: 0.5}, limits: {cpu: 2, memory: 1024Mi}}" }));
    expect(resources).toEqual({ requests: { cpu: "0.5", memory: "500Mi" }, limits: { cpu: "2", memory: "1024Mi" } });
  });

  it("rejects a request over its limit in other units", () => {
    const resources = "{requests: {cpu: 1001m, memory: 1025Mi}, limits: {cpu: 1, memory: 1Gi}}";
    expect(faults(service({ resources }))).toHaveLength(2);
    const even = "{requests: {cpu: 1000m, memory: 1024Mi}, limits: {cpu: 1, memory: 1Gi}}";
    expect(faults(service({ resources: even }))).toEqual([]);
  });
});
