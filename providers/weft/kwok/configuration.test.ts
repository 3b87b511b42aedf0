import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { kwokctlConfiguration, type Ports, revision, stages } from "./configuration.ts";
import { SIMULATE_ANNOTATION, SIMULATIONS } from "./simulate.ts";

const PORTS: Ports = {
  etcd: 20001,
  "etcd-peer": 20002,
  "kube-apiserver": 20003,
  "kube-controller-manager": 20004,
  "kube-scheduler": 20005,
  "kwok-controller": 20006,
};
const TEXT = kwokctlConfiguration("/project/.weft/kwok/clusters/local", PORTS);

interface Patch {
  readonly name: string;
  readonly extraArgs: readonly { readonly key: string; readonly value: string; readonly override?: boolean }[];
}

function controlPlane(): { options: Record<string, unknown>; componentsPatches: Patch[] } {
  return [...parseAllDocuments(TEXT)][0]?.toJS();
}

describe("the configuration for kwokctl", () => {
  it("is this", async () => {
    // What KWOK makes of it is proven by the tests that start a cluster.
    await expect(TEXT).toMatchFileSnapshot("golden/kwokctl.yaml");
  });

  it("binds everything to the loopback address, with authorization and admission", () => {
    expect(controlPlane().options).toMatchObject({
      bindAddress: "127.0.0.1",
      securePort: true,
      kubeAuthorization: true,
      kubeAdmission: true,
    });
    const addresses = TEXT.match(/\b\d+\.\d+\.\d+\.\d+(?=:\d)/g) ?? [];
    expect(new Set(addresses)).toEqual(new Set(["127.0.0.1"]));
  });

  it("names nothing that kwokctl could download", () => {
    const binaries = Object.entries(controlPlane().options).filter(([key]) => key.endsWith("Binary"));
    expect(binaries.map(([key]) => key)).toHaveLength(6);
    expect(binaries.filter(([, path]) => !String(path).startsWith("/project/"))).toEqual([]);
  });

  it("lets only holders of a certificate into etcd", () => {
    const etcd = controlPlane().componentsPatches.find(({ name }) => name === "etcd");
    const args = Object.fromEntries(etcd?.extraArgs.map(({ key, value }) => [key, value]) ?? []);
    expect(args).toMatchObject({ "client-cert-auth": "true", "peer-client-cert-auth": "true" });
    expect(Object.values(args).filter((value) => value.includes("http://"))).toEqual([]);
  });
});

describe("the stages", () => {
  const all = stages();

  it("have a name each", () => {
    expect(new Set(all.map(({ metadata }) => metadata.name)).size).toBe(all.length);
  });

  it("cover every simulation", () => {
    const chosen = new Set(all.map(({ spec }) => spec.selector.matchAnnotations?.[SIMULATE_ANNOTATION]));
    expect(SIMULATIONS.filter((simulation) => !chosen.has(simulation))).toEqual([]);
  });

  it("leave no pod alone that has a simulation or none, and no simulation to chance", () => {
    // Stages that start a pod: those of phase Pending, without a container's status yet. Each value has exactly one.
    const starts = (annotation: string | undefined) =>
      all
        .filter(({ spec }) => spec.resourceRef.kind === "Pod" && spec.delay === undefined)
        .filter(({ spec: { selector } }) => {
          const expressions = selector.matchExpressions ?? [];
          const phase = expressions.find(({ jq }) => jq.key === ".status.phase");
          const wanted = selector.matchAnnotations?.[SIMULATE_ANNOTATION];
          const onAnnotation = expressions.filter(({ jq }) => jq.key.includes(SIMULATE_ANNOTATION));
          const holds = onAnnotation.every(({ jq }) => {
            if (jq.operator === "Exists") return annotation !== undefined;
            if (jq.operator === "DoesNotExist") return annotation === undefined;
            return jq.operator === "NotIn" && !jq.values?.includes(annotation ?? "");
          });
          return phase?.jq.values?.includes("Pending") && holds && (wanted === undefined || wanted === annotation);
        })
        .map(({ metadata }) => metadata.name);
    expect(starts(undefined)).toEqual(["pod-ready"]);
    expect(starts("crash-loop")).toEqual(["pod-crash-start"]);
    expect(starts("image-pull-error")).toEqual(["pod-image-pull-error"]);
    expect(starts("never-ready")).toEqual(["pod-never-ready"]);
    expect(starts("slow-ready")).toEqual(["pod-slow-start"]);
    expect(starts("slowready")).toEqual(["pod-unknown-simulation"]);
  });
});

describe("the revision", () => {
  it("is the same for the same release and another for other versions", () => {
    expect(revision(["1.36.3"])).toBe(revision(["1.36.3"]));
    expect(revision(["1.36.3"])).not.toBe(revision(["1.36.4"]));
    expect(revision([])).toMatch(/^[0-9a-f]{16}$/);
  });
});
