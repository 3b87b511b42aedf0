import type { ProbeCheck, ServiceSpec } from "../../../catalog/spec.ts";
import { portNamed } from "../flows.ts";
import { literal } from "./environment.ts";

export type Probe = ProbeHandler & ProbeTiming;

interface ProbeTiming {
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

type ProbeHandler =
  | {
      readonly httpGet: {
        readonly path: string;
        readonly port: number;
        readonly httpHeaders?: { readonly name: string; readonly value: string }[];
      };
    }
  | { readonly grpc: { readonly port: number; readonly service?: string } }
  | { readonly tcpSocket: { readonly port: number } }
  | { readonly exec: { readonly command: string[] } };

export interface Probes {
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

/** Short, since the readiness checks begin only after it has passed, and every start waits for them. */
const STARTUP_PERIOD_SECONDS = 2;
/** Requests stop within 15 s of the first failed check. */
const READINESS = { periodSeconds: 5, failureThreshold: 3 };
/** A restart helps only against a hang and hurts an overloaded service, so it comes after a minute of failures. */
const LIVENESS = { periodSeconds: 10, failureThreshold: 6 };

/**
 * The three probes. Starting is judged by the liveness check: a process that waits for a service it depends on has
 * started, and is not restarted for that. A period is never shorter than the timeout, so that the seconds promised
 * (threshold x period) hold for checks that time out too.
 */
export function probes(service: ServiceSpec): Probes {
  const { health } = service;
  const timing = (periodSeconds: number, failureThreshold: number): ProbeTiming => ({
    periodSeconds: Math.max(periodSeconds, health.timeoutSeconds),
    timeoutSeconds: health.timeoutSeconds,
    failureThreshold,
  });
  const startupPeriod = Math.max(STARTUP_PERIOD_SECONDS, health.timeoutSeconds);
  const liveness = handler(service, health.liveness);
  return {
    startupProbe: {
      ...liveness,
      ...timing(startupPeriod, Math.max(1, Math.ceil(health.startupSeconds / startupPeriod))),
    },
    livenessProbe: { ...liveness, ...timing(LIVENESS.periodSeconds, LIVENESS.failureThreshold) },
    readinessProbe: {
      ...handler(service, health.readiness),
      ...timing(READINESS.periodSeconds, READINESS.failureThreshold),
    },
  };
}

function handler(service: ServiceSpec, check: ProbeCheck): ProbeHandler {
  if (check.kind === "exec") return { exec: { command: check.command.map(literal) } };
  const port = portNamed(service, check.port).targetPort;
  switch (check.kind) {
    case "http": {
      const headers = Object.entries(check.headers).sort(([a], [b]) => (a < b ? -1 : 1));
      const httpHeaders = headers.map(([name, value]) => ({ name, value }));
      return { httpGet: { path: check.path, port, ...(httpHeaders.length > 0 ? { httpHeaders } : {}) } };
    }
    case "grpc":
      return { grpc: { port, ...(check.service !== undefined ? { service: check.service } : {}) } };
    case "tcp":
      return { tcpSocket: { port } };
  }
}
