import { describe, expect, it } from "vitest";
import type { ServiceSpec } from "../../../catalog/spec.ts";
import { catalog, port, service } from "../fixtures.ts";
import { podTemplate } from "./pod-template.ts";

const template = (overrides: Partial<ServiceSpec> = {}) => {
  const spec = service("cart", overrides);
  return podTemplate(spec, catalog(spec));
};
const containerOf = (overrides: Partial<ServiceSpec> = {}) => {
  const [container] = template(overrides).spec.containers;
  if (container === undefined) throw new Error("The pod has no container.");
  return container;
};
const volume = { name: "data", path: "/data", size: "1Gi", storageClass: undefined };

describe("the security of a pod", () => {
  const { spec } = template({ runAs: { user: 10001, group: 10002 } });

  it("passes the restricted standard: no root, no added rights, the runtime's seccomp profile", () => {
    expect(spec.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10002,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(containerOf().securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    });
  });

  it("uses nothing of the host", () => {
    const text = JSON.stringify(template({ scratch: [{ path: "/tmp", size: "1Gi" }] }));
    for (const field of ["hostNetwork", "hostPID", "hostIPC", "hostPort", "hostPath", "privileged"]) {
      expect(text).not.toContain(field);
    }
  });

  it("has an identity of its own, but no token of the API server", () => {
    expect(spec.serviceAccountName).toBe("cart");
    expect(spec.automountServiceAccountToken).toBe(false);
  });

  it("learns of no other service by environment variables", () => {
    expect(spec.enableServiceLinks).toBe(false);
  });

  it("lets the process write to its disks, and changes their owner only when it is wrong", () => {
    expect(spec.securityContext.fsGroup).toBeUndefined();
    const stateful = template({ runAs: { user: 10001, group: 10002 }, volumes: [volume] });
    expect(stateful.spec.securityContext).toMatchObject({ fsGroup: 10002, fsGroupChangePolicy: "OnRootMismatch" });
  });
});

describe("the placement of pods", () => {
  it("is even over zones and nodes, but never keeps a pod from running", () => {
    const constraints = template().spec.topologySpreadConstraints;
    expect(constraints.map((constraint) => constraint.topologyKey)).toEqual([
      "topology.kubernetes.io/zone",
      "kubernetes.io/hostname",
    ]);
    for (const constraint of constraints) {
      expect(constraint.maxSkew).toBe(1);
      expect(constraint.whenUnsatisfiable).toBe("ScheduleAnyway");
      expect(constraint.labelSelector.matchLabels).toEqual({
        "app.kubernetes.io/name": "cart",
        "weft.dev/team": "shop",
      });
    }
  });

  it("counts each version of a Deployment apart, and all pods of a StatefulSet", () => {
    const keys = (overrides: Partial<ServiceSpec>) =>
      template(overrides).spec.topologySpreadConstraints.map((constraint) => constraint.matchLabelKeys);
    expect(keys({})).toEqual([["pod-template-hash"], ["pod-template-hash"]]);
    expect(keys({ volumes: [volume] })).toEqual([undefined, undefined]);
  });
});

describe("the termination of a pod", () => {
  it("pauses before SIGTERM while it may still be sent requests, without a shell", () => {
    expect(containerOf().lifecycle).toEqual({ preStop: { sleep: { seconds: 10 } } });
    expect(template({ terminationSeconds: 30 }).spec.terminationGracePeriodSeconds).toBe(40);
  });

  it("is immediate for a service without ports", () => {
    const health = { ...service("x").health };
    const check = { kind: "exec", command: ["true"] } as const;
    const worker = { ports: [], health: { ...health, readiness: check, liveness: check }, terminationSeconds: 30 };
    expect(containerOf(worker).lifecycle).toBeUndefined();
    expect(template(worker).spec.terminationGracePeriodSeconds).toBe(30);
  });
});

describe("the labels of a pod", () => {
  it("name its version, which no selector does", () => {
    const { metadata, spec } = template({ image: "example.com/cart:2.0.0" });
    expect(metadata.labels["app.kubernetes.io/version"]).toBe("2.0.0");
    expect(JSON.stringify(spec.topologySpreadConstraints)).not.toContain("version");
  });

  it("stay the same when the service is marked critical, so that the mark restarts nothing", () => {
    expect(template({ critical: true })).toEqual(template({ critical: false }));
  });
});

describe("the container", () => {
  it("has requests and limits, written as the API server writes them", () => {
    const resources = { requests: { cpu: "0.25", memory: "1024Mi" }, limits: { cpu: "2000m", memory: "2Gi" } };
    expect(containerOf({ resources }).resources).toEqual({
      requests: { cpu: "250m", memory: "1Gi" },
      limits: { cpu: "2", memory: "2Gi" },
    });
  });

  it("has all three probes", () => {
    const container = containerOf();
    expect(container.startupProbe).toBeDefined();
    expect(container.livenessProbe).toBeDefined();
    expect(container.readinessProbe).toBeDefined();
  });

  it("keeps the image's entry point unless the service replaces it", () => {
    expect(Object.keys(containerOf())).not.toContain("command");
    expect(Object.keys(containerOf())).not.toContain("args");
    const replaced = containerOf({ command: ["/bin/cart"], args: ["--name=$(WHO)"] });
    expect(replaced.command).toEqual(["/bin/cart"]);
    expect(replaced.args).toEqual(["--name=$$(WHO)"]);
  });

  it("leaves its last log lines in the pod's status when it crashes", () => {
    expect(containerOf().terminationMessagePolicy).toBe("FallbackToLogsOnError");
  });

  it("lists a port of the process once, even when two ports of the Service lead to it", () => {
    const ports = [port("http", 80, 8080), port("web", 8000, 8080), port("dns", 53, 8080, { protocol: "UDP" })];
    expect(containerOf({ ports }).ports).toEqual([
      { name: "http", containerPort: 8080, protocol: "TCP" },
      { name: "dns", containerPort: 8080, protocol: "UDP" },
    ]);
  });

  it("writes only to its disks and to scratch folders of a limited size", () => {
    const overrides = { volumes: [volume], scratch: [{ path: "/tmp", size: "1024Mi" }] };
    expect(containerOf(overrides).volumeMounts).toEqual([
      { name: "data", mountPath: "/data" },
      { name: "scratch-0", mountPath: "/tmp" },
    ]);
    // The disk comes from the StatefulSet's claim template.
    expect(template(overrides).spec.volumes).toEqual([{ name: "scratch-0", emptyDir: { sizeLimit: "1Gi" } }]);
  });

  it("gives a scratch folder another name than a disk has", () => {
    const taken = { ...volume, name: "scratch-0" };
    const names = containerOf({ volumes: [taken], scratch: [{ path: "/tmp", size: "1Mi" }] }).volumeMounts?.map(
      (mount) => mount.name,
    );
    expect(new Set(names).size).toBe(2);
  });
});
