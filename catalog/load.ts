import { parseCatalog } from "./catalog.ts";
import { readFolder } from "./folder.ts";
import { CatalogError, compareProblems } from "./problem.ts";
import type { Catalog } from "./spec.ts";

/**
 * Reads a folder of service files, one service in each, as a catalog: validated, with every default filled in.
 * Throws one `CatalogError` with all problems of all files.
 */
export async function loadCatalog(directory: string): Promise<Catalog> {
  const folder = await readFolder(directory);
  const { catalog, problems } = parseCatalog(
    folder.files,
    folder.problems.map((problem) => problem.file),
  );
  const all = [...folder.problems, ...problems];
  if (catalog === undefined || all.length > 0) throw new CatalogError(directory, all.sort(compareProblems));
  return catalog;
}
