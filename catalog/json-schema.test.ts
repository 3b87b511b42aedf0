import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { service } from "./fixtures.ts";
import { serviceJsonSchema } from "./json-schema.ts";
import { notImplementedYet } from "./reserved.ts";

type Node = { [key: string]: unknown };

/** Every named property in a JSON Schema, with its path. */
function properties(node: unknown, path: string): [string, Node][] {
  if (Array.isArray(node)) return node.flatMap((item, index) => properties(item, `${path}/${index}`));
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    const below = properties(value, `${path}/${key}`);
    if (key !== "properties") return below;
    return [
      ...Object.entries(value as Node).map(([name, each]): [string, Node] => [`${path}/${name}`, each as Node]),
      ...below,
    ];
  });
}

describe("service.schema.json", () => {
  const schema = JSON.parse(serviceJsonSchema());

  it("is up to date (regenerate it with: node catalog/generate-schema.ts)", async () => {
    const committed = await readFile(new URL("service.schema.json", import.meta.url), "utf8");
    expect(committed).toBe(serviceJsonSchema());
  });

  it("describes every property", () => {
    const all = properties(schema, "");
    expect(all.length).toBeGreaterThan(60);
    expect(all.filter(([, node]) => typeof node.description !== "string").map(([path]) => path)).toEqual([]);
  });

  it("requires only what has no default", () => {
    expect(schema.required).toEqual(["name", "team", "image", "health"]);
    expect(schema.additionalProperties).toBe(false);
  });

  it("offers no field that no room implements", () => {
    expect(Object.keys(schema.properties).filter((name) => notImplementedYet.has(name))).toEqual([]);
  });

  it("accepts a service file and refuses a misspelt field", () => {
    const check = z.fromJSONSchema(schema);
    expect(check.safeParse(parse(service())).success).toBe(true);
    expect(check.safeParse(parse(service({ ports: "[8080]", scale: "{replicas: 2}" }))).success).toBe(true);
    expect(check.safeParse(parse(service({ prots: "[8080]" }))).success).toBe(false);
    expect(check.safeParse(parse(service({ ports: "[0]" }))).success).toBe(false);
  });
});
