import { z } from "zod";
import { serviceFile } from "./schema.ts";

/**
 * The text of `service.schema.json`: the shape of a service file for editors, JSON Schema draft 7 (the one that YAML
 * language servers know best). It can't say what the loader checks across fields and files.
 */
export function serviceJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(serviceFile, { io: "input", target: "draft-7" });
  const title = "Weft service file";
  const description =
    "One service of a microservice platform, in a catalog of them. Everything but name, team, image and health has a default.";
  return `${json({ $schema, title, description, ...schema }, "")}\n`;
}

const lineWidth = 120;

/** JSON as the repository's formatter writes it: a list of plain values on one line if it fits. */
function json(value: unknown, indent: string): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const plain = value.every((item) => typeof item !== "object");
    const line = `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    if (plain && indent.length + line.length < lineWidth - 40) return line;
    return `[\n${value.map((item) => inner + json(item, inner)).join(",\n")}\n${indent}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${json(item, inner)}`);
  return entries.length === 0 ? "{}" : `{\n${entries.join(",\n")}\n${indent}}`;
}
