export { loadCatalog } from "./load.ts";
export type { Position, Problem, RelatedPlace } from "./problem.ts";
export { CatalogError } from "./problem.ts";
export type * from "./spec.ts";
export { nearMiss } from "./suggest.ts";
