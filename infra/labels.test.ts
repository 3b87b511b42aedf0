import { describe, expect, it } from "vitest";
import { LABEL, selectorLabels, standardLabels, versionLabels } from "./labels.ts";

describe("labels", () => {
  it("say what an object is, what it belongs to and what manages it", () => {
    expect(standardLabels({ name: "cart", component: "service", partOf: "shop" })).toEqual({
      "app.kubernetes.io/name": "cart",
      "app.kubernetes.io/component": "service",
      "app.kubernetes.io/part-of": "shop",
      "app.kubernetes.io/managed-by": "weft",
    });
  });

  it("select by name and team alone, so that no upgrade changes an immutable selector", () => {
    expect(selectorLabels({ name: "cart", team: "shop" })).toEqual({
      "app.kubernetes.io/name": "cart",
      "weft.dev/team": "shop",
    });
  });

  it.each([
    ["example.com/cart:1.2.3", "1.2.3"],
    ["example.com:5000/cart:1.2.3", "1.2.3"],
    ["cart:1.2.3@sha256:0123", "1.2.3"],
    [`cart:${"a".repeat(63)}`, "a".repeat(63)],
  ])("take the version of %s from its tag", (image, version) => {
    expect(versionLabels(image)).toEqual({ [LABEL.version]: version });
  });

  it.each([
    ["a digest alone", "example.com:5000/cart@sha256:0123"],
    ["no tag at all", "example.com:5000/cart"],
    ["a tag longer than a label value", `cart:${"a".repeat(64)}`],
    ["a tag that ends in a dash", "cart:1.2-"],
  ])("give no version for %s", (_, image) => {
    expect(versionLabels(image)).toEqual({});
  });
});
