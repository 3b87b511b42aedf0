import { describe, expect, it } from "vitest";
import type { Catalog } from "../../catalog/spec.ts";
import { catalog, everyFeature, port, service } from "./fixtures.ts";
import { manifests, PlanError, planWorkloads } from "./plan.ts";

const identities = (services: Catalog) =>
  manifests(planWorkloads(services)).map(
    ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`,
  );

function problemsOf(services: Catalog): readonly string[] {
  try {
    planWorkloads(services);
  } catch (error) {
    if (error instanceof PlanError) return error.problems;
    throw error;
  }
  return [];
}

describe("the plan", () => {
  it("makes each object behind those that it needs, team by team and service by service", () => {
    const web = service("web", { expose: "load-balancer" });
    const ledger = service("ledger", {
      team: "money",
      volumes: [{ name: "data", path: "/data", size: "1Gi", storageClass: undefined }],
    });
    expect(identities(catalog(web, ledger))).toEqual([
      "Namespace /money",
      "ResourceQuota money/team-quota",
      "LimitRange money/team-limits",
      "NetworkPolicy money/default-deny",
      "ServiceAccount money/ledger",
      "NetworkPolicy money/ledger",
      "Service money/ledger",
      "Service money/ledger-headless",
      "HorizontalPodAutoscaler money/ledger",
      "PodDisruptionBudget money/ledger",
      "StatefulSet money/ledger",
      "Namespace /shop",
      "ResourceQuota shop/team-quota",
      "LimitRange shop/team-limits",
      "NetworkPolicy shop/default-deny",
      "ServiceAccount shop/web",
      "NetworkPolicy shop/web",
      "Service shop/web",
      "HorizontalPodAutoscaler shop/web",
      "PodDisruptionBudget shop/web",
      "Deployment shop/web",
      "Service shop/web-external",
    ]);
  });

  it("makes the least for a singleton that listens on nothing", () => {
    const check = { kind: "exec", command: ["/bin/alive"] } as const;
    const worker = service("worker", {
      ports: [],
      scale: { kind: "fixed", replicas: 1 },
      health: { readiness: check, liveness: check, startupSeconds: 60, timeoutSeconds: 1 },
    });
    expect(identities(catalog(worker)).slice(4)).toEqual([
      "ServiceAccount shop/worker",
      "NetworkPolicy shop/worker",
      "Deployment shop/worker",
    ]);
  });

  it("makes nothing for an empty catalog", () => {
    expect(planWorkloads({ services: [] })).toEqual({ teams: [] });
  });

  it("changes only the workload when the image changes", () => {
    const plan = (image: string) => manifests(planWorkloads(catalog(service("a", { image }), service("b"))));
    const before = plan("example.com/a:1");
    const changed = plan("example.com/a:2").filter(
      (manifest, index) => JSON.stringify(manifest) !== JSON.stringify(before[index]),
    );
    expect(changed.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(["Deployment a"]);
  });

  it("changes nothing of the other services when a service goes, except what they said of it", () => {
    const two = catalog(service("a"), service("b"));
    const gone = new Set(identities(two).filter((identity) => !identities(catalog(service("a"))).includes(identity)));
    expect([...gone].every((identity) => identity.endsWith("/b"))).toBe(true);
  });

  it("waits for a service as long as its slowest rollout may take", () => {
    for (const team of planWorkloads(everyFeature).teams) {
      for (const { spec, waitSeconds } of team.services) {
        expect(waitSeconds).toBeGreaterThan(spec.health.startupSeconds + spec.terminationSeconds);
      }
    }
  });
});

describe("names that collide", () => {
  it("rejects a service that is named like another's second Service, saying which file to change", () => {
    const web = service("web", { expose: "load-balancer" });
    expect(problemsOf(catalog(web, service("web-external")))).toEqual([
      'web-external.yaml: the service "web-external" would make the Service web-external in the namespace shop, which ' +
        'the service "web" makes too. Give the service another name.',
    ]);
  });

  it("allows the same name in another team", () => {
    const web = service("web", { expose: "load-balancer" });
    expect(problemsOf(catalog(web, service("web-external", { team: "money" })))).toEqual([]);
  });

  it("rejects two services whose disks would be the same claim", () => {
    const volume = (name: string) => ({ name, path: "/data", size: "1Gi", storageClass: undefined });
    const problems = problemsOf(
      catalog(service("a-b", { volumes: [volume("data")] }), service("b", { volumes: [volume("data-a")] })),
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("PersistentVolumeClaim data-a-b");
  });

  it("rejects the name of what every namespace has already", () => {
    expect(problemsOf(catalog(service("default")))[0]).toContain("which Kubernetes itself makes too");
  });

  it("rejects the name of a policy that the namespace has", () => {
    expect(problemsOf(catalog(service("default-deny")))[0]).toContain(
      "NetworkPolicy default-deny in the namespace shop, which its team makes too",
    );
  });

  it("rejects all of them at once", () => {
    const web = service("web", { expose: "load-balancer" });
    expect(() => planWorkloads(catalog(web, service("web-external"), service("default")))).toThrow(PlanError);
    expect(problemsOf(catalog(web, service("web-external"), service("default")))).toHaveLength(2);
  });
});

describe("a reference that leads nowhere", () => {
  it("rejects it, although the loader should have", () => {
    const broken = service("a", { calls: [{ kind: "service", service: "b", port: "amqp" }] });
    expect(() => planWorkloads(catalog(broken, service("b", { ports: [port("http", 80)] })))).toThrow(
      'The service "b" has no port "amqp"; it has http.',
    );
  });
});
