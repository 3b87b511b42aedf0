import proxy from "@pulumi/policy/proxy.js";
import { describe, expect, it } from "vitest";
import { type Json, type JsonObject, UNKNOWN } from "../fixtures.ts";
import { Field } from "./field.ts";
import { selects } from "./selector.ts";

const wrap = (proxy as unknown as { unknownCheckingProxy: <T extends object>(props: T) => T }).unknownCheckingProxy;

function selected(selector: Json, labels: Json = { app: "orders", tier: "web" }) {
  const root = Field.of(wrap({ selector, labels }));
  return selects(root.get("selector"), root.get("labels"));
}

const expression = (operator: Json, values?: Json, key: Json = "app"): JsonObject => ({
  matchExpressions: [{ key, operator, ...(values !== undefined && { values }) }],
});

describe("selects", () => {
  it.each([
    ["everything", {}],
    ["one label", { matchLabels: { app: "orders" } }],
    ["all labels", { matchLabels: { app: "orders", tier: "web" } }],
    ["In", expression("In", ["carts", "orders"])],
    ["NotIn", expression("NotIn", ["carts"])],
    ["NotIn of a label that is not there", expression("NotIn", ["x"], "zone")],
    ["Exists", expression("Exists")],
    ["DoesNotExist", expression("DoesNotExist", undefined, "zone")],
    ["DoesNotExist of a name that every object inherits", expression("DoesNotExist", undefined, "constructor")],
    ["labels and expressions", { matchLabels: { tier: "web" }, ...expression("Exists") }],
  ])("is true for %s", (_, selector) => {
    expect(selected(selector)).toBe(true);
  });

  it.each([
    ["no selector", null],
    ["another value", { matchLabels: { app: "carts" } }],
    ["one label of two", { matchLabels: { app: "orders", tier: "db" } }],
    ["a label that is not there", { matchLabels: { zone: "a" } }],
    ["In", expression("In", ["carts"])],
    ["In of a label that is not there", expression("In", ["orders"], "zone")],
    ["NotIn", expression("NotIn", ["orders"])],
    ["Exists", expression("Exists", undefined, "zone")],
    ["DoesNotExist", expression("DoesNotExist")],
    ["an operator there is not", expression("Matches", ["orders"])],
    ["an expression without a key", { matchExpressions: [{ operator: "Exists" }] }],
    [
      "one expression of two",
      {
        matchExpressions: [
          { key: "app", operator: "Exists" },
          { key: "zone", operator: "Exists" },
        ],
      },
    ],
  ])("is false for %s", (_, selector) => {
    expect(selected(selector)).toBe(false);
  });

  it("is false where there are no labels, unless it selects everything", () => {
    expect(selected({ matchLabels: { app: "orders" } }, null)).toBe(false);
    expect(selected({}, null)).toBe(true);
  });

  it.each([
    ["the selector", UNKNOWN, {}],
    ["its labels", { matchLabels: UNKNOWN }, {}],
    ["its expressions", { matchExpressions: UNKNOWN }, {}],
    ["a value", { matchLabels: { app: UNKNOWN } }, { app: "orders" }],
    ["the pod's labels", { matchLabels: { app: "orders" } }, UNKNOWN],
    ["the pod's label", { matchLabels: { app: "orders" } }, { app: UNKNOWN }],
    ["an operator", expression(UNKNOWN, ["orders"]), { app: "orders" }],
    ["a key", expression("Exists", undefined, UNKNOWN), { app: "orders" }],
    ["values", expression("In", UNKNOWN), { app: "orders" }],
    ["the value that might match", expression("In", ["carts", UNKNOWN]), { app: "orders" }],
    ["the value that might match after NotIn", expression("NotIn", ["carts", UNKNOWN]), { app: "orders" }],
    ["the label of Exists", expression("Exists"), { app: UNKNOWN }],
  ])("is open when %s is not known", (_, selector, labels) => {
    expect(selected(selector, labels)).toBeUndefined();
  });

  it("is decided by one part that does not match, whatever else is unknown", () => {
    expect(selected({ matchLabels: { app: "carts", tier: UNKNOWN } })).toBe(false);
    expect(selected({ matchLabels: { app: "carts" }, matchExpressions: UNKNOWN })).toBe(false);
    expect(selected(expression("In", [UNKNOWN, "orders"]))).toBe(true);
  });
});
