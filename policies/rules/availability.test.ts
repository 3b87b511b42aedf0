import type { StackValidationPolicy } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import { CRITICAL, hpa, pdb, URN, undecided, workload } from "../critical-fixtures.ts";
import {
  DEPLOYMENT,
  deployment,
  type Json,
  type JsonObject,
  judge,
  judgeStack,
  PASS,
  podSpec,
  UNKNOWN,
} from "../fixtures.ts";
import { availabilityCriticalBudget } from "./availability-critical-budget.ts";
import { availabilityCriticalLabel } from "./availability-critical-label.ts";
import { availabilityCriticalReplicas } from "./availability-critical-replicas.ts";

const both: readonly (readonly [string, StackValidationPolicy])[] = [
  [availabilityCriticalReplicas.name, availabilityCriticalReplicas],
  [availabilityCriticalBudget.name, availabilityCriticalBudget],
];

describe.each(both)("%s", (_, rule) => {
  const replicas = rule === availabilityCriticalReplicas;
  /** A spec that breaks the rule when the workload is critical. */
  const broken = { replicas: 1 };

  it.each([
    ["no label", { labels: { app: "orders" } }],
    ["no labels", { labels: null }],
    ['the label "false"', { labels: { "weft.dev/critical": "false" } }],
  ])("does not apply to a workload with %s", async (_case, metadata) => {
    expect(await judgeStack(rule, [workload(broken, metadata)])).toEqual({
      ...PASS,
      notApplicable: "no workload is marked critical",
    });
  });

  it("applies to a workload whose pods alone are marked", async () => {
    const template = { metadata: { labels: { app: "orders", ...CRITICAL } }, spec: podSpec() };
    expect((await judgeStack(rule, [workload({ ...broken, template }, { labels: {} })])).violations).toHaveLength(1);
  });

  it.each([
    "kubernetes:batch/v1:Job",
    "kubernetes:batch/v1:CronJob",
    "kubernetes:core/v1:PodTemplate",
    `${DEPLOYMENT}Patch`,
  ])("does not apply to a %s, which keeps no service running", async (type) => {
    const verdict = await judgeStack(rule, [workload(broken, {}, type)]);
    expect(verdict).toEqual({ ...PASS, notApplicable: "no workload is marked critical" });
  });

  it("passes a DaemonSet, which runs on every node and is not drained", async () => {
    expect(await judgeStack(rule, [workload({}, {}, "kubernetes:apps/v1:DaemonSet")])).toEqual(PASS);
  });

  it.each([
    DEPLOYMENT,
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:ReplicaSet",
    "kubernetes:extensions/v1beta1:Deployment",
    "kubernetes:core/v1:ReplicationController",
  ])("rejects a %s, at its URN", async (type) => {
    const verdict = await judgeStack(rule, [workload(broken, {}, type)]);
    expect(verdict.violations).toHaveLength(1);
    expect(verdict.urns).toEqual([URN]);
  });

  it("rejects each of several, and passes those between", async () => {
    const named = (name: string, spec: JsonObject) => ({
      ...workload({ ...spec, template: { metadata: { labels: { app: name } }, spec: podSpec() } }, { name }),
      name,
    });
    const resources = [
      named("a", broken),
      named("b", { replicas: 2 }),
      named("c", broken),
      pdb({ matchLabels: { app: "b" } }),
    ];
    const { violations } = await judgeStack(rule, resources);
    expect(violations.map((message) => message.split(" is ")[0])).toEqual(["Deployment shop/a", "Deployment shop/c"]);
  });

  it("rejects the workloads of a list", async () => {
    const type = `${DEPLOYMENT}List`;
    const verdict = await judgeStack(rule, [{ ...workload(), type, props: { items: [workload(broken).props] } }]);
    expect(verdict.violations).toHaveLength(1);
  });

  it.each([
    ["whose labels are not known", { labels: UNKNOWN }],
    ["whose label is not known", { labels: { "weft.dev/critical": UNKNOWN } }],
  ])("is undecided about a workload %s", async (_case, metadata) => {
    expect(await judgeStack(rule, [workload(broken, metadata)])).toEqual(
      undecided("Deployment shop/orders: is it critical"),
    );
  });

  it("is undecided about a workload that a preview shows as an empty object, as long as its cluster is not there", async () => {
    const verdict = await judgeStack(rule, [{ ...workload(), props: {} }]);
    expect(verdict).toEqual(undecided("Deployment orders-deployment: is it critical"));
  });

  it("lists five of those, and counts the rest", async () => {
    const empty = Array.from({ length: 12 }, (_item, index) => ({ ...workload(), props: {}, name: `s${index}` }));
    const { undecided: open } = await judgeStack(rule, empty);
    expect(open).toContain("Deployment s4: is it critical; and 7 more");
    expect(open).not.toContain("s5");
  });

  it("rejects what is known beside what is not", async () => {
    const verdict = await judgeStack(rule, [{ ...workload(), props: {}, name: "other" }, workload(broken)]);
    expect(verdict.violations).toHaveLength(1);
    expect(verdict.undecided).toContain("Deployment other");
  });

  const partner = replicas ? hpa() : pdb();
  const empty = { ...partner, props: {} };
  it("is undecided when only an object that is not there yet could be its partner", async () => {
    const verdict = await judgeStack(rule, [workload(broken), empty]);
    expect(verdict.violations).toEqual([]);
    expect(verdict.undecided).toContain(`${partner.name}: does it `);
  });

  it.each([
    ["is in the same namespace of the same cluster", {}, {}, true],
    ["is in another namespace", {}, { namespace: "other" }, false],
    ["names no namespace, and so is in default", {}, { namespace: null }, false],
    [
      "names no namespace, and its provider's is the workload's",
      { providerProps: { namespace: "shop" } },
      { namespace: null },
      true,
    ],
    ["is in another cluster", { provider: "elsewhere" }, {}, false],
  ])("pairs the workload with an object that %s", async (_case, changes, metadata, pairs) => {
    const other = replicas ? hpa({}, changes, metadata) : pdb(undefined, changes, metadata);
    const { violations, undecided: open } = await judgeStack(rule, [workload(broken), other]);
    expect(violations).toHaveLength(pairs ? 0 : 1);
    expect(open).toBeUndefined();
  });

  it("is undecided when the namespaces are not known", async () => {
    const other = replicas ? hpa({}, {}, { namespace: UNKNOWN }) : pdb(undefined, {}, { namespace: UNKNOWN });
    const { violations, undecided: open } = await judgeStack(rule, [workload(broken), other]);
    expect(violations).toEqual([]);
    expect(open).toContain("Deployment shop/orders");
  });
});

describe("availability-critical-replicas", () => {
  const rule = availabilityCriticalReplicas;
  const label = "Deployment shop/orders is critical, but";
  const autoscaler = "HorizontalPodAutoscaler shop/orders";

  it.each([
    ["two replicas", [workload({ replicas: 2 })]],
    ["many replicas", [workload({ replicas: 50 })]],
    ["an autoscaler and no replicas", [workload({ replicas: null }), hpa()]],
    ["an autoscaler and one replica, which it will change", [workload({ replicas: 1 }), hpa({ minReplicas: 3 })]],
    [
      "an autoscaler of an older version",
      [workload({ replicas: 1 }), hpa({}, { type: "kubernetes:autoscaling/v1:HorizontalPodAutoscaler" })],
    ],
    ["replicas, whatever an unknown autoscaler that keeps two scales", [workload(), hpa({ scaleTargetRef: UNKNOWN })]],
    ["replicas not known, and an autoscaler", [workload({ replicas: UNKNOWN }), hpa()]],
  ])("passes %s", async (_, resources) => {
    expect(await judgeStack(rule, resources)).toEqual(PASS);
  });

  it.each([
    ["one replica", 1, "1"],
    ["no number, which is one", null, "missing, and then 1"],
    ["a negative number", -1, "-1"],
    ["text", "3", '"3"'],
  ])("rejects %s, and says how to write either fix", async (_, replicas, shown) => {
    expect((await judgeStack(rule, [workload({ replicas })])).violations).toEqual([
      `${label} spec.replicas is ${shown}, and no HorizontalPodAutoscaler scales it.
Fix: spec.replicas: 2, or:
  apiVersion: autoscaling/v2
  kind: HorizontalPodAutoscaler
  metadata:
    name: orders
    namespace: shop
  spec:
    scaleTargetRef:
      apiVersion: apps/v1
      kind: Deployment
      name: orders
    minReplicas: 2
    maxReplicas: 10
    metrics:
      - type: Resource
        resource:
          name: cpu
          target:
            type: Utilization
            averageUtilization: 70`,
    ]);
  });

  it("rejects zero replicas even with an autoscaler, which zero turns off", async () => {
    expect((await judgeStack(rule, [workload({ replicas: 0 }), hpa()])).violations).toEqual([
      `${label} spec.replicas is 0; that stops it, and an autoscaler with it.\nFix: spec.replicas: 2`,
    ]);
  });

  it.each([
    [1, "1"],
    [0, "0"],
    [null, "missing, and then 1"],
  ])("rejects an autoscaler with minReplicas %j, whatever replicas says", async (minReplicas, shown) => {
    expect((await judgeStack(rule, [workload({ replicas: 3 }), hpa({ minReplicas })])).violations).toEqual([
      `${label} ${autoscaler} may scale it down to one replica: spec.minReplicas is ${shown}.\n` +
        `Fix, in ${autoscaler}: spec.minReplicas: 2`,
    ]);
  });

  it.each([
    ["another name", { apiVersion: "apps/v1", kind: "Deployment", name: "carts" }],
    ["another kind", { apiVersion: "apps/v1", kind: "StatefulSet", name: "orders" }],
    ["another group", { apiVersion: "example.com/v1", kind: "Deployment", name: "orders" }],
    ["no apiVersion, with which it would find nothing", { kind: "Deployment", name: "orders" }],
    ["nothing", null],
  ])("does not count an autoscaler of %s", async (_, scaleTargetRef) => {
    expect((await judgeStack(rule, [workload({ replicas: 1 }), hpa({ scaleTargetRef })])).violations).toHaveLength(1);
  });

  it("counts an autoscaler of a ReplicationController, whose group has no name", async () => {
    const type = "kubernetes:core/v1:ReplicationController";
    const scaleTargetRef = { apiVersion: "v1", kind: "ReplicationController", name: "orders" };
    expect(await judgeStack(rule, [workload({ replicas: 1 }, {}, type), hpa({ scaleTargetRef })])).toEqual(PASS);
  });

  it("rejects a bare pod, which nothing replaces", async () => {
    const pod = {
      type: "kubernetes:core/v1:Pod",
      name: "orders-pod",
      props: { metadata: { name: "orders", labels: CRITICAL }, spec: podSpec() },
    };
    expect((await judgeStack(rule, [pod])).violations).toEqual([
      "Pod orders is critical, but a bare pod is one replica that nothing replaces.\n" +
        "Fix: make it a Deployment with spec.replicas: 2",
    ]);
  });

  it.each([
    ["replicas", [workload({ replicas: UNKNOWN })], "Deployment shop/orders: spec.replicas"],
    ["the minimum", [workload(), hpa({ minReplicas: UNKNOWN })], `${autoscaler}: spec.minReplicas`],
    [
      "the target, with one replica",
      [
        workload({ replicas: 1 }),
        hpa({ scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: UNKNOWN } }),
      ],
      `${autoscaler}: does it scale Deployment shop/orders`,
    ],
    [
      "the target of an autoscaler that keeps one",
      [workload(), hpa({ scaleTargetRef: UNKNOWN, minReplicas: 1 })],
      `${autoscaler}: does it scale Deployment shop/orders`,
    ],
  ])("is undecided about unknown %s", async (_, resources, what) => {
    expect(await judgeStack(rule, resources)).toEqual(undecided(what));
  });
});

describe("availability-critical-budget", () => {
  const rule = availabilityCriticalBudget;

  it.each([
    ["a budget by label", [pdb()]],
    ["a budget for everything in the namespace", [pdb({})]],
    ["a budget by expression", [pdb({ matchExpressions: [{ key: "app", operator: "In", values: ["orders"] }] })]],
    ["a budget beside an unknown one", [pdb(UNKNOWN), pdb()]],
    ["a budget of an older version", [pdb(undefined, { type: "kubernetes:policy/v1beta1:PodDisruptionBudget" })]],
  ])("passes %s", async (_, budgets) => {
    expect(await judgeStack(rule, [workload(), ...budgets])).toEqual(PASS);
  });

  it.each([
    ["no budget", []],
    ["a budget for other pods", [pdb({ matchLabels: { app: "carts" } })]],
    ["a budget for nothing", [pdb(null)]],
    ["a patch of a budget", [pdb(undefined, { type: "kubernetes:policy/v1:PodDisruptionBudgetPatch" })]],
  ])("rejects %s, and says what to add", async (_, budgets) => {
    expect((await judgeStack(rule, [workload(), ...budgets])).violations).toEqual([
      `Deployment shop/orders is critical, but no PodDisruptionBudget in its namespace selects its pods.
Fix:
  apiVersion: policy/v1
  kind: PodDisruptionBudget
  metadata:
    name: orders
    namespace: shop
  spec:
    maxUnavailable: 1
    selector:
      matchLabels:
        app: orders`,
    ]);
  });

  it("judges by the labels of the pods, not of the workload", async () => {
    const labels = { ...CRITICAL, component: "api" };
    const verdict = await judgeStack(rule, [workload({}, { labels }), pdb({ matchLabels: { component: "api" } })]);
    expect(verdict.violations).toHaveLength(1);
  });

  it("is undecided about a budget whose selector is not known", async () => {
    expect(await judgeStack(rule, [workload(), pdb(UNKNOWN)])).toEqual(
      undecided("PodDisruptionBudget shop/orders: does it select the pods of Deployment shop/orders"),
    );
  });
});

describe("availability-critical-label", () => {
  const rule = availabilityCriticalLabel;
  const labelled = (value: Json, props = workload().props) => ({
    ...props,
    metadata: { name: "orders", namespace: "shop", labels: { "weft.dev/critical": value } },
  });

  it.each(["true", "false", null])("passes %j", async (value) => {
    expect(await judge(rule, DEPLOYMENT, labelled(value))).toEqual(PASS);
  });

  it.each(["yes", "True", "", true, 1])("rejects %j, and says what to write", async (value) => {
    expect((await judge(rule, DEPLOYMENT, labelled(value))).violations).toEqual([
      `Deployment shop/orders: its label weft.dev/critical is ${JSON.stringify(value)}, which says neither yes nor no.\n` +
        'Fix: metadata.labels["weft.dev/critical"]: "true"',
    ]);
  });

  it("rejects it on the pod template too", async () => {
    const template = { metadata: { labels: { "weft.dev/critical": "1" } }, spec: podSpec() };
    const { violations } = await judge(rule, DEPLOYMENT, labelled("true", deployment(podSpec(), { template })));
    expect(violations.join()).toContain('Fix: spec.template.metadata.labels["weft.dev/critical"]: "true"');
  });

  it("is undecided about an unknown one", async () => {
    expect(await judge(rule, DEPLOYMENT, labelled(UNKNOWN))).toEqual(
      undecided('Deployment shop/orders: metadata.labels["weft.dev/critical"]'),
    );
  });
});
