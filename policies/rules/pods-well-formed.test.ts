import { describe, expect, it } from "vitest";
import { CONTAINER, DEPLOYMENT, deployment, judge, PASS, podSpec, UNKNOWN, withContainer } from "../fixtures.ts";
import { podsWellFormed } from "./pods-well-formed.ts";

const SPEC = "spec.template.spec";
const add = `Fix: ${SPEC}.containers:\n  - name: app\n    image: registry.example.com/team/app:1.4.2`;

describe("pods-well-formed", () => {
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
