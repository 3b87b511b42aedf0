import { createRequire } from "node:module";
import { join } from "node:path";
import { listStackConfigs, type Project } from "../../engine/project/index.ts";
import { readStackConfig, type StackConfig } from "../../stacks/config.ts";
import { readCatalog, readStackFile } from "../inputs.ts";
import { count } from "../show/text.ts";
import { type Check, ok, problem, warning } from "./check.ts";

/** Reads everything that the program will read, in the same way. `undefined` for what could not be read. */
export async function projectChecks(
  project: Project,
  stack: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly checks: readonly Check[]; readonly config: StackConfig | undefined }> {
  const checks: Check[] = [
    ok("project", `${project.name}, ${project.file}`),
    ...project.warnings.map((text) => warning("project", text, "correct it in the file")),
  ];
  const values = await attempt(checks, "stack", () => stackValues(project, stack, env, checks));
  if (values === undefined) return { checks, config: undefined };
  const config = await attempt(checks, "configuration", async () => readStackConfig(values.values, values.file));
  if (config === undefined) return { checks, config };
  checks.push(ok("configuration", `target ${config.cluster.target}, catalog ${config.catalog}`));
  await attempt(checks, "catalog", async () => {
    const { services } = await readCatalog(project, config);
    const teams = new Set(services.map(({ team }) => team)).size;
    checks.push(ok("catalog", `${count(services.length, "service")} of ${count(teams, "team")} in ${config.catalog}`));
  });
  return { checks, config };
}

async function stackValues(project: Project, stack: string, env: NodeJS.ProcessEnv, checks: Check[]) {
  const config = await readStackFile(project, stack, env);
  const others = (await listStackConfigs(project)).filter((name) => name !== stack);
  checks.push(ok("stack", `${config.file}${others.length === 0 ? "" : ` (others: ${others.join(", ")})`}`));
  checks.push(...config.warnings.map((text) => warning("stack", text, "correct it in the file")));
  return config;
}

/** A pack needs what it imports, found from its own folder. */
export function policyChecks(packs: readonly string[]): Check[] {
  if (packs.length === 0) {
    return [warning("policies", "no policy pack: nothing is judged", "name one with --policy-pack")];
  }
  return packs.map((folder) => {
    const missing = ["@pulumi/policy", "@pulumi/pulumi/cmd/run-policy-pack"].filter((name) => !resolves(folder, name));
    if (missing.length === 0) return ok("policies", folder);
    return problem("policies", `${folder} can't load ${missing.join(", ")}`, "run npm ci there, or in the project");
  });
}

function resolves(folder: string, name: string): boolean {
  try {
    createRequire(join(folder, "package.json")).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** What the reader says is wrong is the check's finding. */
async function attempt<T>(checks: Check[], name: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    checks.push(problem(name, text));
    return undefined;
  }
}
