// Writes service.schema.json from the schema: node catalog/generate-schema.ts
import { writeFile } from "node:fs/promises";
import { serviceJsonSchema } from "./json-schema.ts";

await writeFile(new URL("service.schema.json", import.meta.url), serviceJsonSchema());
