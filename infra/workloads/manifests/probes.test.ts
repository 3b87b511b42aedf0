import { describe, expect, it } from "vitest";
import type { ProbeCheck, ServiceSpec } from "../../../catalog/spec.ts";
import { port, service } from "../fixtures.ts";
import { type Probe, probes } from "./probes.ts";

const checkedBy = (check: ProbeCheck, health: Partial<ServiceSpec["health"]> = {}) =>
  probes(
    service("a", {
      ports: [port("http", 80, 8080), port("grpc", 9000, 9001)],
      health: { readiness: check, liveness: check, startupSeconds: 60, timeoutSeconds: 1, ...health },
    }),
  );
const tcp = { kind: "tcp", port: "http" } as const;
const patience = (probe: Probe) => probe.periodSeconds * probe.failureThreshold;

describe("probes", () => {
  it("ask the port of the process, not that of the Service", () => {
    expect(checkedBy({ kind: "tcp", port: "http" }).readinessProbe).toMatchObject({ tcpSocket: { port: 8080 } });
  });

  it("can be an HTTP request, with headers in a fixed order", () => {
    const headers = { "X-Probe": "1", Cookie: "probe=1" };
    const { readinessProbe } = checkedBy({ kind: "http", path: "/ready", port: "http", headers });
    expect(readinessProbe).toMatchObject({
      httpGet: {
        path: "/ready",
        port: 8080,
        httpHeaders: [
          { name: "Cookie", value: "probe=1" },
          { name: "X-Probe", value: "1" },
        ],
      },
    });
  });

  it("hold no headers and no gRPC service when none is asked for", () => {
    const http = checkedBy({ kind: "http", path: "/", port: "http", headers: {} }).livenessProbe;
    expect(http).toMatchObject({ httpGet: { path: "/", port: 8080 } });
    expect(JSON.stringify(http)).not.toContain("httpHeaders");
    const grpc = checkedBy({ kind: "grpc", port: "grpc", service: undefined }).livenessProbe;
    expect("grpc" in grpc && grpc.grpc).toEqual({ port: 9001 });
  });

  it("can be a gRPC health check of one service", () => {
    const { readinessProbe } = checkedBy({ kind: "grpc", port: "grpc", service: "cart.v1.Cart" });
    expect(readinessProbe).toMatchObject({ grpc: { port: 9001, service: "cart.v1.Cart" } });
  });

  it("can be a command, which a service without ports needs", () => {
    const check = { kind: "exec", command: ["/bin/alive"] } as const;
    const health = { readiness: check, liveness: check, startupSeconds: 60, timeoutSeconds: 1 };
    expect(probes(service("worker", { ports: [], health })).livenessProbe).toMatchObject({
      exec: { command: ["/bin/alive"] },
    });
  });

  it("hand the text of a command on as written, although the kubelet expands it", () => {
    const check = { kind: "exec", command: ["sh", "-c", "test $(cat /tmp/up) = $$"] } as const;
    expect(checkedBy(check).readinessProbe).toMatchObject({
      exec: { command: ["sh", "-c", "test $$(cat /tmp/up) = $$$$"] },
    });
  });

  it("judge the start by the liveness check, so that waiting for another service is not a reason to restart", () => {
    const { startupProbe, livenessProbe, readinessProbe } = checkedBy(tcp, {
      readiness: { kind: "http", path: "/ready", port: "http", headers: {} },
    });
    expect(startupProbe).toMatchObject({ tcpSocket: { port: 8080 } });
    expect(livenessProbe).toMatchObject({ tcpSocket: { port: 8080 } });
    expect(readinessProbe).toMatchObject({ httpGet: { path: "/ready" } });
  });

  it.each([1, 2, 3, 59, 60, 600, 3600])("give a start of %i s that long, and hardly longer", (startupSeconds) => {
    for (const timeoutSeconds of [1, 7, 30]) {
      const { startupProbe } = checkedBy(tcp, { startupSeconds, timeoutSeconds });
      expect(patience(startupProbe)).toBeGreaterThanOrEqual(startupSeconds);
      expect(patience(startupProbe)).toBeLessThan(startupSeconds + startupProbe.periodSeconds);
    }
  });

  it.each([1, 5, 10, 60])("stop requests before they restart the process, at a timeout of %i s", (timeoutSeconds) => {
    const { readinessProbe, livenessProbe } = checkedBy(tcp, { timeoutSeconds });
    expect(patience(readinessProbe)).toBeLessThan(patience(livenessProbe));
  });

  it.each([1, 10, 60])("are not repeated before a check of %i s has timed out", (timeoutSeconds) => {
    for (const probe of Object.values<Probe>({ ...checkedBy(tcp, { timeoutSeconds }) })) {
      expect(probe.timeoutSeconds).toBe(timeoutSeconds);
      expect(probe.periodSeconds).toBeGreaterThanOrEqual(timeoutSeconds);
    }
  });

  it("rejects a check of a port that the service lacks", () => {
    expect(() => checkedBy({ kind: "tcp", port: "ghost" })).toThrow('The service "a" has no port "ghost"');
  });
});
