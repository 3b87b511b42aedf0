import { describe, expect, it } from "vitest";
import { CRITICAL, hpa, pdb, URN, undecided, workload } from "../critical-fixtures.ts";
import { DEPLOYMENT, type JsonObject, judgeStack, PASS, type StackResource, UNKNOWN } from "../fixtures.ts";
import { availabilityCriticalBudget } from "./availability-critical-budget.ts";
import { availabilityCriticalReplicas } from "./availability-critical-replicas.ts";

/** A patch of shop/orders of any kind. */
function patch(type: string, spec: JsonObject, metadata: JsonObject = {}): StackResource {
  const props = { metadata: { name: "orders", namespace: "shop", ...metadata }, spec };
  return { type: `${type}Patch`, name: "orders-patch", props };
}
const HPA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler";
const PDB = "kubernetes:policy/v1:PodDisruptionBudget";
const PATCH_URN = "urn:pulumi:local::weft::test::orders-patch";
const critical = "Deployment shop/orders is critical, but";

describe("patches, by availability-critical-replicas", () => {
  const rule = availabilityCriticalReplicas;

  it.each([
    ["leaves the number alone", patch(DEPLOYMENT, { paused: true })],
    ["raises it", patch(DEPLOYMENT, { replicas: 5 })],
    ["is of another object", patch(DEPLOYMENT, { replicas: 1 }, { name: "carts" })],
    ["is of another namespace", patch(DEPLOYMENT, { replicas: 1 }, { namespace: "other" })],
    ["is of another kind", patch("kubernetes:apps/v1:StatefulSet", { replicas: 1 })],
    ["is of another cluster", { ...patch(DEPLOYMENT, { replicas: 1 }), provider: "elsewhere" }],
  ])("pass when one %s", async (_, other) => {
    expect(await judgeStack(rule, [workload(), other])).toEqual(PASS);
  });

  it("are rejected when one takes the replicas away, at the patch", async () => {
    const { violations, urns } = await judgeStack(rule, [workload(), patch(DEPLOYMENT, { replicas: 1 })]);
    expect(violations).toHaveLength(1);
    expect(violations[0]).toContain(
      `${critical} DeploymentPatch shop/orders sets spec.replicas to 1, and no HorizontalPodAutoscaler scales it.\n` +
        "Fix, in DeploymentPatch shop/orders: spec.replicas: 2, or:\n",
    );
    expect(urns).toEqual([PATCH_URN]);
  });

  it("are rejected when one stops the workload, even with an autoscaler", async () => {
    const { violations } = await judgeStack(rule, [workload(), hpa(), patch(DEPLOYMENT, { replicas: 0 })]);
    expect(violations.join()).toContain("DeploymentPatch shop/orders sets spec.replicas to 0; that stops it");
  });

  it("do not make up for too few replicas of the object itself", async () => {
    const { urns } = await judgeStack(rule, [workload({ replicas: 1 }), patch(DEPLOYMENT, { replicas: 3 })]);
    expect(urns).toEqual([URN]);
  });

  it("are rejected when one lowers the minimum of the autoscaler", async () => {
    const { violations, urns } = await judgeStack(rule, [workload(), hpa(), patch(HPA, { minReplicas: 1 })]);
    expect(violations).toEqual([
      `${critical} HorizontalPodAutoscaler shop/orders may scale it down to one replica: ` +
        "HorizontalPodAutoscalerPatch shop/orders sets spec.minReplicas to 1.\n" +
        "Fix, in HorizontalPodAutoscalerPatch shop/orders: spec.minReplicas: 2",
    ]);
    expect(urns).toEqual([PATCH_URN]);
  });

  it("make a workload critical that does not say so itself", async () => {
    const plain = workload({ replicas: 1 }, { labels: {} });
    const mark = patch(DEPLOYMENT, {}, { labels: CRITICAL });
    expect((await judgeStack(rule, [plain, mark])).violations).toHaveLength(1);
    const inTemplate = patch(DEPLOYMENT, { template: { metadata: { labels: CRITICAL } } });
    expect((await judgeStack(rule, [plain, inTemplate])).violations).toHaveLength(1);
    const unmark = patch(DEPLOYMENT, {}, { labels: { "weft.dev/critical": "false" } });
    expect((await judgeStack(rule, [workload({ replicas: 1 }), unmark])).violations).toHaveLength(1);
  });

  it.each([
    ["number", patch(DEPLOYMENT, { replicas: UNKNOWN }), "DeploymentPatch shop/orders: spec.replicas"],
    [
      "name",
      patch(DEPLOYMENT, { replicas: 1 }, { name: UNKNOWN }),
      "DeploymentPatch shop/orders-patch: does it patch Deployment shop/orders",
    ],
  ])("are undecided when one has an unknown %s", async (_, other, what) => {
    expect(await judgeStack(rule, [workload(), other])).toEqual(undecided(what));
  });

  it("are undecided when one is not there yet", async () => {
    const { violations, undecided: open } = await judgeStack(rule, [
      workload(),
      { ...patch(HPA, {}), props: {} },
      hpa(),
    ]);
    expect(violations).toEqual([]);
    expect(open).toContain("does it patch HorizontalPodAutoscaler shop/orders");
  });
});

describe("the amounts of a budget, by availability-critical-budget", () => {
  const rule = availabilityCriticalBudget;
  const budget = (amounts: JsonObject) => pdb(undefined, {}, {}, amounts);
  const chosen = `${critical} PodDisruptionBudget shop/orders, which selects its pods,`;

  it.each<JsonObject>([
    { maxUnavailable: 1 },
    { maxUnavailable: "50%" },
    { minAvailable: 1 },
    { minAvailable: "50%" },
  ])("pass %j", async (amounts) => {
    expect(await judgeStack(rule, [workload(), budget(amounts)])).toEqual(PASS);
  });

  it.each([
    [{ maxUnavailable: "100%" }, 'lets all its pods go at once: spec.maxUnavailable is "100%", of 2 replicas.', ""],
    [{ minAvailable: 0 }, "lets all its pods go at once: spec.minAvailable is 0, of 2 replicas.", "minAvailable"],
    [
      { maxUnavailable: 0 },
      "lets no pod go, so that no node can be drained: spec.maxUnavailable is 0, of 2 replicas.",
      "",
    ],
    [
      { minAvailable: 2 },
      "lets no pod go, so that no node can be drained: spec.minAvailable is 2, of 2 replicas.",
      "minAvailable",
    ],
    [{}, "lets no pod go, so that no node can be drained: it states neither maxUnavailable nor minAvailable.", ""],
  ])("reject %j, and say what to write", async (amounts, fault, instead) => {
    const { violations, urns } = await judgeStack(rule, [workload(), budget(amounts)]);
    const fix = `spec.maxUnavailable: 1${instead && ` in place of spec.${instead}`}`;
    expect(violations).toEqual([`${chosen} ${fault}\nFix, in PodDisruptionBudget shop/orders: ${fix}`]);
    expect(urns).toEqual([URN]);
  });

  it("are compared with the least that an autoscaler keeps", async () => {
    const three = budget({ minAvailable: 3 });
    expect(await judgeStack(rule, [workload(), hpa({ minReplicas: 4 }), three])).toEqual(PASS);
    expect(
      (await judgeStack(rule, [workload({ replicas: 9 }), hpa({ minReplicas: 3 }), three])).violations,
    ).toHaveLength(1);
  });

  it("are compared with no number of replicas that is not known", async () => {
    const two = budget({ minAvailable: 2 });
    expect(await judgeStack(rule, [workload({ replicas: UNKNOWN }), two])).toEqual(PASS);
    expect(await judgeStack(rule, [workload(), hpa({ scaleTargetRef: UNKNOWN }), two])).toEqual(PASS);
  });

  it("are undecided while they are not known", async () => {
    expect(await judgeStack(rule, [workload(), budget({ maxUnavailable: UNKNOWN })])).toEqual(
      undecided("PodDisruptionBudget shop/orders: spec.maxUnavailable"),
    );
  });

  it("reject what a patch makes of them, at the patch", async () => {
    const { violations, urns } = await judgeStack(rule, [workload(), pdb(), patch(PDB, { maxUnavailable: "100%" })]);
    expect(violations).toEqual([
      `${chosen} lets all its pods go at once: PodDisruptionBudgetPatch shop/orders sets spec.maxUnavailable to "100%", ` +
        "of 2 replicas.\nFix, in PodDisruptionBudgetPatch shop/orders: spec.maxUnavailable: 1",
    ]);
    expect(urns).toEqual([PATCH_URN]);
  });

  it("reject a second budget for the same pods, with which nothing can be evicted", async () => {
    const second = pdb({}, { name: "all-pdb" }, { name: "all" });
    expect((await judgeStack(rule, [workload(), pdb(), second])).violations).toEqual([
      `${critical} both PodDisruptionBudget shop/orders and PodDisruptionBudget shop/all select its pods, and Kubernetes ` +
        "evicts no pod of two budgets, so that no node can be drained.\nFix: keep one",
    ]);
  });
});
