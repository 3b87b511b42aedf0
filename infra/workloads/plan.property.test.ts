import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Catalog, PortSpec, ServiceSpec } from "../../catalog/spec.ts";
import type { Labels } from "../labels.ts";
import { anyCatalog } from "./arbitrary-catalog.ts";
import { type End, mayReceive, maySend } from "./network-matcher.ts";
import { type Manifest, manifests, PlanError, planWorkloads, type ServicePlan, type WorkloadPlan } from "./plan.ts";
import { parseQuantity } from "./quantity.ts";

/** Checks a statement about the plan of any catalog; those whose names collide have no plan. */
function always(statement: (plan: WorkloadPlan, catalog: Catalog) => void): void {
  fc.assert(
    fc.property(anyCatalog, (catalog) => {
      let plan: WorkloadPlan;
      try {
        plan = planWorkloads(catalog);
      } catch (error) {
        if (error instanceof PlanError) return;
        throw error;
      }
      statement(plan, catalog);
    }),
    { numRuns: 150 },
  );
}

const services = (plan: WorkloadPlan): readonly ServicePlan[] => plan.teams.flatMap((team) => team.services);
const podLabels = (service: ServicePlan): Labels => service.workload.spec.template.metadata.labels;
const bounds = ({ scale }: ServiceSpec) =>
  scale.kind === "fixed" ? { min: scale.replicas, max: scale.replicas } : scale;
const milli = (quantity: string | undefined) => parseQuantity(quantity ?? "").milli;

describe("the plan of any catalog", () => {
  it("does not depend on the order of the services", () => {
    always((plan, catalog) => {
      expect(planWorkloads({ services: [...catalog.services].reverse() })).toEqual(plan);
    });
  });

  it("is the same text each time, and holds nothing undefined", () => {
    always((plan, catalog) => {
      expect(JSON.stringify(manifests(planWorkloads(catalog)))).toBe(JSON.stringify(manifests(plan)));
      expect(undefinedLeaves(manifests(plan))).toEqual([]);
    });
  });

  it("names each object once, and within the length of a DNS label", () => {
    always((plan) => {
      const all = manifests(plan);
      const keys = all.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
      expect(new Set(keys).size).toBe(keys.length);
      for (const { metadata } of all) expect(metadata.name).toMatch(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
    });
  });

  it("puts only valid values into labels", () => {
    always((plan) => {
      for (const value of manifests(plan).flatMap(({ metadata }) => Object.values(metadata.labels))) {
        expect(value).toMatch(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
      }
    });
  });

  it("selects, for each service, its own pods and no other's", () => {
    always((plan) => {
      for (const service of services(plan)) {
        for (const selector of selectors(service)) {
          const selected = services(plan).filter(
            (other) =>
              other.spec.team === service.spec.team &&
              Object.entries(selector).every(([key, value]) => podLabels(other)[key] === value),
          );
          expect(selected).toEqual([service]);
        }
      }
    });
  });

  it("can always be drained: whatever the number of pods, one may be evicted", () => {
    always((plan) => {
      for (const { spec, disruptionBudget } of services(plan)) {
        const { min, max } = bounds(spec);
        expect(disruptionBudget !== undefined).toBe(max >= 2);
        if (disruptionBudget === undefined) continue;
        for (const expected of [min, max]) {
          const desiredHealthy = expected - disruptionBudget.spec.maxUnavailable;
          expect(expected - desiredHealthy).toBeGreaterThanOrEqual(1);
        }
      }
    });
  });

  it("has an autoscaler or a number of replicas, never both", () => {
    always((plan) => {
      for (const { spec, autoscaler, workload } of services(plan)) {
        expect(autoscaler === undefined).toBe(workload.spec.replicas !== undefined);
        if (autoscaler === undefined) {
          expect(workload.spec.replicas).toBe(bounds(spec).max);
        } else {
          expect(autoscaler.spec.minReplicas).toBeLessThan(autoscaler.spec.maxReplicas);
          expect(autoscaler.spec.scaleTargetRef).toMatchObject({ kind: workload.kind, name: workload.metadata.name });
        }
      }
    });
  });

  it("requests no more than it is limited to, and no more than the limit range allows", () => {
    always((plan) => {
      for (const team of plan.teams) {
        const [range] = team.limitRange.spec.limits;
        for (const resource of ["cpu", "memory"] as const) {
          expect(milli(range?.defaultRequest[resource])).toBeLessThanOrEqual(milli(range?.default[resource]));
          expect(milli(range?.default[resource])).toBeLessThanOrEqual(milli(range?.max[resource]));
          for (const { workload } of team.services) {
            const [container] = workload.spec.template.spec.containers;
            const { requests, limits } = container?.resources ?? {};
            expect(milli(requests?.[resource])).toBeLessThanOrEqual(milli(limits?.[resource]));
            expect(milli(limits?.[resource])).toBeLessThanOrEqual(milli(range?.max[resource]));
          }
        }
      }
    });
  });

  it("has a quota for every service at its maximum and one surge more", () => {
    always((plan) => {
      for (const { services: members, resourceQuota } of plan.teams) {
        const { hard } = resourceQuota.spec;
        const pods = members.map((member) => {
          const { max } = bounds(member.spec);
          return member.workload.kind === "StatefulSet" ? max : max + Math.ceil(max / 4);
        });
        const total = (amount: (spec: ServiceSpec) => string) =>
          members.reduce((sum, { spec }, index) => sum + milli(amount(spec)) * BigInt(pods[index] ?? 0), 0n);
        expect(milli(hard.pods)).toBeGreaterThanOrEqual(1000n * BigInt(pods.reduce((a, b) => a + b, 0)));
        for (const kind of ["requests", "limits"] as const) {
          for (const resource of ["cpu", "memory"] as const) {
            const needed = total((spec) => spec.resources[kind][resource]);
            expect(milli(hard[`${kind}.${resource}`])).toBeGreaterThanOrEqual(needed);
          }
        }
        const claims = members.flatMap(({ spec }) => spec.volumes.map(({ size }) => ({ size, max: bounds(spec).max })));
        const disks = claims.reduce((sum, { size, max }) => sum + milli(size) * BigInt(max), 0n);
        expect(milli(hard["requests.storage"])).toBe(disks);
        expect(Number(milli(hard.persistentvolumeclaims))).toBe(1000 * claims.reduce((sum, { max }) => sum + max, 0));
        const exposed = members.filter(({ externalService }) => externalService !== undefined);
        expect(hard["services.loadbalancers"]).toBe(`${exposed.length > 0 ? exposed.length + 1 : 0}`);
      }
    });
  });

  it("ends a pod only after its pause, and restarts it only after its start was allowed to fail", () => {
    always((plan) => {
      for (const { spec, workload } of services(plan)) {
        const pod = workload.spec.template.spec;
        const [container] = pod.containers;
        const pause = container?.lifecycle?.preStop.sleep.seconds ?? 0;
        expect(pod.terminationGracePeriodSeconds).toBe(pause + spec.terminationSeconds);
        const { periodSeconds, failureThreshold } = container?.startupProbe ?? {
          periodSeconds: 0,
          failureThreshold: 0,
        };
        expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(spec.health.startupSeconds);
      }
    });
  });
});

describe("the network policies of any catalog", () => {
  const world = { address: "203.0.113.9" };
  const dns = { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };

  // Each end is judged alone: a rule too many at one of them would be hidden by the other.
  it("let a service send to a port of another exactly when the call is declared and not refused", () => {
    always((plan, catalog) => {
      for (const { from, to, port, ends } of connections(plan, catalog)) {
        const sent = maySend(networkPolicies(plan), ends[0], ends[1], port);
        expect(sent, `${from.name} -> ${to.name}:${port.port}/${port.protocol}`).toBe(isDeclared(from, to, port));
      }
    });
  });

  it("let a service receive from another exactly then, or when it is exposed", () => {
    always((plan, catalog) => {
      for (const { from, to, port, ends } of connections(plan, catalog)) {
        const received = mayReceive(networkPolicies(plan), ends[0], ends[1], port);
        expect(received, `${from.name} -> ${to.name}:${port.port}/${port.protocol}`).toBe(
          isDeclared(from, to, port) || isExposed(to, port),
        );
      }
    });
  });

  it("let the world reach exactly the ports of exposed services", () => {
    always((plan, catalog) => {
      for (const to of catalog.services) {
        for (const port of probedPorts(to)) {
          expect(mayReceive(networkPolicies(plan), world, endOf(plan, to), port)).toBe(isExposed(to, port));
        }
      }
    });
  });

  it("let a service reach exactly the declared addresses of the world, and DNS", () => {
    always((plan, catalog) => {
      for (const from of catalog.services) {
        const sends = (to: End, protocol: "TCP" | "UDP", port: number) =>
          maySend(networkPolicies(plan), endOf(plan, from), to, { protocol, port });
        const declared = from.calls.some((call) => call.kind === "cidr" && call.cidr === "203.0.113.0/24");
        expect(sends(world, "TCP", 443)).toBe(declared);
        expect(sends(world, "UDP", 443)).toBe(false);
        expect(sends({ address: "203.0.114.1" }, "TCP", 443)).toBe(false);
        const everywhere = from.calls.some((call) => call.kind === "cidr" && call.cidr === "0.0.0.0/0");
        expect(sends({ address: "203.0.114.1" }, "TCP", 8443)).toBe(everywhere);
        expect(sends({ address: "169.254.169.254" }, "TCP", 8443)).toBe(false);
        expect(sends(dns, "UDP", 53)).toBe(true);
        expect(sends(dns, "TCP", 53)).toBe(true);
        expect(sends(dns, "TCP", 9153)).toBe(false);
      }
    });
  });

  it("let a pod that belongs to no service do nothing", () => {
    always((plan, catalog) => {
      for (const { team } of catalog.services) {
        const stray: End = { namespace: team, labels: { app: "stray" } };
        expect(maySend(networkPolicies(plan), stray, dns, { protocol: "UDP", port: 53 })).toBe(false);
        expect(mayReceive(networkPolicies(plan), world, stray, { protocol: "TCP", port: 80 })).toBe(false);
      }
    });
  });
});

/** From every service to every service, on every port worth trying. */
function connections(plan: WorkloadPlan, { services: all }: Catalog) {
  return all.flatMap((from) =>
    all.flatMap((to) =>
      probedPorts(to).map((port) => ({ from, to, port, ends: [endOf(plan, from), endOf(plan, to)] as const })),
    ),
  );
}

/** The ports of its pods, and two that it need not have. */
function probedPorts(service: ServiceSpec): { protocol: "TCP" | "UDP"; port: number }[] {
  const own = service.ports.map(({ targetPort, protocol }) => ({ protocol, port: targetPort }));
  return [...own, { protocol: "TCP", port: 22 }, { protocol: "UDP", port: 80 }];
}

function isExposed(to: ServiceSpec, port: { protocol: string; port: number }): boolean {
  const listens = to.ports.some((own) => own.targetPort === port.port && own.protocol === port.protocol);
  return to.expose === "load-balancer" && listens;
}

function isDeclared(from: ServiceSpec, to: ServiceSpec, port: { protocol: string; port: number }): boolean {
  if (to.callers !== undefined && !to.callers.includes(from.name)) return false;
  const leadsThere = (own: PortSpec) => own.targetPort === port.port && own.protocol === port.protocol;
  return from.calls.some(
    (call) =>
      call.kind === "service" &&
      call.service === to.name &&
      to.ports.some((own) => own.name === call.port && leadsThere(own)),
  );
}

function endOf(plan: WorkloadPlan, spec: ServiceSpec): End {
  const service = services(plan).find((candidate) => candidate.spec.name === spec.name);
  if (service === undefined) throw new Error(`The plan lacks ${spec.name}.`);
  return { namespace: spec.team, labels: podLabels(service) };
}

function networkPolicies(plan: WorkloadPlan) {
  return manifests(plan).filter((manifest) => manifest.kind === "NetworkPolicy");
}

function selectors(service: ServicePlan): readonly Labels[] {
  return [
    service.workload.spec.selector.matchLabels,
    service.networkPolicy.spec.podSelector.matchLabels,
    service.clusterService?.spec.selector,
    service.headlessService?.spec.selector,
    service.externalService?.spec.selector,
    service.disruptionBudget?.spec.selector.matchLabels,
    ...service.workload.spec.template.spec.topologySpreadConstraints.map(
      ({ labelSelector }) => labelSelector.matchLabels,
    ),
  ].filter((selector) => selector !== undefined);
}

function undefinedLeaves(value: readonly Manifest[] | unknown, path = ""): readonly string[] {
  if (value === undefined) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => undefinedLeaves(inner, `${path}.${key}`));
}
