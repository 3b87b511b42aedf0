import { describe, expect, it } from "vitest";
import {
  CONTAINER,
  DEPLOYMENT,
  deployment,
  type JsonObject,
  judge,
  PASS,
  podSpec,
  UNKNOWN,
  withContainer,
} from "../fixtures.ts";
import { podsWellFormed } from "./pods-well-formed.ts";

const SPEC = "spec.template.spec";
const add = `Fix: ${SPEC}.containers:\n  - name: app\n    image: registry.example.com/team/app:1.4.2`;

describe("pods-well-formed", () => {
  const fix = (path: string) => `Fix: remove ${path}, or give the resource the type of what it is`;

  it("rejects an object that states another kind or version than its resource's type", async () => {
    const type = "kubernetes:core/v1:ConfigMap";
    const smuggled = { apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec: podSpec({ hostNetwork: true }) };
    expect((await judge(podsWellFormed, type, smuggled)).violations).toEqual([
      `ConfigMap x: kind is "Pod", but the resource has the type ${type} and is judged as that.\n${fix("kind")}`,
    ]);
    const { violations } = await judge(podsWellFormed, "kubernetes:example.com/v1:Widget", deployment());
    expect(violations.map((message) => message.split(",")[0])).toEqual([
      'Widget shop/orders: apiVersion is "apps/v1"',
      'Widget shop/orders: kind is "Deployment"',
    ]);
  });

  it.each<[string, JsonObject, string]>([
    ["kubernetes:core/v1:PodList", { apiVersion: "v1", kind: "Pod", spec: podSpec() }, "kind"],
    ["kubernetes:core/v1:ConfigMapList", { items: [{}, { kind: "Pod", spec: podSpec() }] }, "items[1].kind"],
    ["kubernetes:core/v1:ConfigMapPatch", { kind: "Pod", metadata: { name: "x" } }, "kind"],
    ["kubernetes:apps/v1:ReplicaSetList", { items: [{ apiVersion: "v1" }] }, "items[0].apiVersion"],
  ])("rejects that in a %s", async (type, props, path) => {
    expect((await judge(podsWellFormed, type, props)).violations.join("\n")).toContain(fix(path));
  });

  it.each([
    ["kubernetes:core/v1:ConfigMap", { apiVersion: "v1", kind: "ConfigMap", data: {} }],
    ["kubernetes:v1:ConfigMap", { apiVersion: "v1", kind: "ConfigMap" }],
    ["kubernetes:core/v1:ConfigMap", { data: {} }],
    ["kubernetes:core/v1:ConfigMapPatch", { apiVersion: "v1", kind: "ConfigMap" }],
    ["kubernetes:core/v1:ConfigMapList", { kind: "ConfigMapList", items: [{ kind: "ConfigMap" }] }],
    ["kubernetes:networking.k8s.io/v1:NetworkPolicy", { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" }],
    ["kubernetes:example.com/v1:EnvoyPatch", { apiVersion: "example.com/v1", kind: "EnvoyPatch" }],
    ["kubernetes:example.com/v1:AccessList", { apiVersion: "example.com/v1", kind: "AccessList" }],
    ["kubernetes:helm.sh/v3:Release", { chart: "redis", values: {} }],
  ])("passes a %s that states %j", async (type, props) => {
    expect(await judge(podsWellFormed, type, props)).toEqual(PASS);
  });

  it("is undecided about a kind that is not known yet, and judges the pods all the same", async () => {
    const verdict = await judge(podsWellFormed, DEPLOYMENT, { ...deployment({}), kind: UNKNOWN });
    expect(verdict.undecided).toContain("Deployment shop/orders: kind");
    expect(verdict.violations).toHaveLength(1);
  });

  it.each([
    ["a good pod", deployment()],
    [
      "nulls where there may be nothing",
      deployment(podSpec({ initContainers: null, volumes: null, securityContext: null })),
    ],
    [
      "unknowns that other rules look at",
      withContainer({ ports: UNKNOWN, resources: UNKNOWN, securityContext: UNKNOWN }),
    ],
  ])("passes %s", async (_, props) => {
    expect(await judge(podsWellFormed, DEPLOYMENT, props)).toEqual(PASS);
  });

  it.each([
    ["no containers", deployment({}), `it has no containers.\n${add}`],
    ["null containers", deployment({ containers: null }), `it has no containers.\n${add}`],
    ["an empty list of containers", deployment({ containers: [] }), `it has no containers.\n${add}`],
    ["no pod spec", deployment(null), `it has no containers.\n${add}`],
    ["no spec at all", { metadata: { name: "orders", namespace: "shop" } }, `it has no containers.\n${add}`],
    ["a spec that is text", deployment("x"), `${SPEC} is "x".\nFix: make ${SPEC} an object`],
    [
      "a template that is a list",
      deployment({}, { template: [] }),
      "spec.template is a list.\nFix: make spec.template an object",
    ],
    [
      "containers by name",
      deployment({ containers: { app: CONTAINER } }),
      `${SPEC}.containers is an object.\nFix: make ${SPEC}.containers a list`,
    ],
    [
      "init containers that are text",
      deployment(podSpec({ initContainers: "x" })),
      `${SPEC}.initContainers is "x".\nFix: make ${SPEC}.initContainers a list`,
    ],
    [
      "a container that is text",
      deployment({ containers: ["nginx"] }),
      `${SPEC}.containers[0] is "nginx".\nFix: make ${SPEC}.containers[0] an object`,
    ],
    [
      "a null container",
      deployment({ containers: [CONTAINER, null] }),
      `${SPEC}.containers[1] is empty.\nFix: remove it, or make it a container with name and image`,
    ],
    [
      "ports by name",
      withContainer({ ports: { http: 80 } }),
      `${SPEC}.containers[0].ports is an object.\nFix: make ${SPEC}.containers[0].ports a list`,
    ],
    [
      "volumes by name",
      deployment(podSpec({ volumes: { tmp: {} } })),
      `${SPEC}.volumes is an object.\nFix: make ${SPEC}.volumes a list`,
    ],
    [
      "resources that are text",
      withContainer({ resources: "small" }),
      `${SPEC}.containers[0].resources is "small".\nFix: make ${SPEC}.containers[0].resources an object`,
    ],
  ])("rejects %s, and says what to make of it", async (_, props, message) => {
    expect((await judge(podsWellFormed, DEPLOYMENT, props)).violations).toEqual([`Deployment shop/orders: ${message}`]);
  });

  it("reports every fault of an object at once", async () => {
    const props = deployment({ containers: [null, { ports: "x", securityContext: [] }], volumes: 1 });
    expect((await judge(podsWellFormed, DEPLOYMENT, props)).violations).toHaveLength(4);
  });

  it("rejects an empty item of a list of objects", async () => {
    const { violations } = await judge(podsWellFormed, `${DEPLOYMENT}List`, { items: [deployment(), null] });
    expect(violations).toEqual([
      `Deployment orders-resource: it has no containers.\n${add.replace(SPEC, `items[1].${SPEC}`)}`,
    ]);
  });

  it("passes a patch without containers, and rejects one with malformed ones", async () => {
    expect(await judge(podsWellFormed, `${DEPLOYMENT}Patch`, deployment({}))).toEqual(PASS);
    expect((await judge(podsWellFormed, `${DEPLOYMENT}Patch`, deployment({ containers: {} }))).violations).toHaveLength(
      1,
    );
  });
});
