import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { distance } from "fastest-levenshtein";
import { z } from "zod";
import { nameProblem } from "../state/index.ts";
import { type ConfigDeclaration, declarationOf, declarationProblem } from "./declaration.ts";
import { ProjectError, readYamlFile, type YamlFile } from "./yaml-file.ts";

/** A Pulumi project (`Pulumi.yaml`) that the built-in engine can run. All paths are absolute. */
export interface Project {
  readonly name: string;
  readonly description: string | undefined;
  readonly file: string;
  readonly directory: string;
  /** Where the program runs, and what it is called there: a file name, or "." when `main` is a folder. */
  readonly program: { readonly directory: string; readonly entry: string };
  /** Where the `Pulumi.<stack>.yaml` files are. */
  readonly stackDirectory: string;
  /** `backend.url` as written. `PULUMI_BACKEND_URL` comes before it. */
  readonly backendUrl: string | undefined;
  /** Provider plugins that the project brings itself. */
  readonly providerPlugins: readonly ProviderPlugin[];
  /** Config that the project declares, by key as written. */
  readonly config: ReadonlyMap<string, ConfigDeclaration>;
  /** `options.refresh: always`: every run refreshes first. */
  readonly alwaysRefresh: boolean;
  /** What the user should hear, but what stops nothing. */
  readonly warnings: readonly string[];
}

export interface ProviderPlugin {
  readonly name: string;
  readonly version: string | undefined;
  readonly path: string;
}

/** In the order in which Pulumi looks for them. */
const FILES = ["Pulumi.json", "Pulumi.yaml", "Pulumi.yml"];

const plugin = z.strictObject({ name: z.string().min(1), path: z.string().min(1), version: z.string().optional() });
const text = z.string().nullish();

const schema = z.looseObject({
  name: z.string("must be the project's name, as text"),
  runtime: z.union(
    [
      z.string().transform((name) => ({ name, options: {} as Record<string, unknown> })),
      z.strictObject({ name: z.string(), options: z.record(z.string(), z.unknown()).default({}) }),
    ],
    { error: 'must be a name, or an object with "name" and "options"' },
  ),
  main: text,
  description: text,
  author: text,
  website: text,
  license: text,
  stackConfigDir: text,
  config: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  backend: z.strictObject({ url: z.string().optional() }).nullish(),
  options: z.strictObject({ refresh: z.literal("always").optional() }).nullish(),
  plugins: z
    .strictObject({
      providers: z.array(plugin).nullish(),
      languages: z.array(plugin).max(0, "the built-in engine runs Node.js only; remove them").nullish(),
      analyzers: z
        .array(plugin)
        .max(0, "the built-in engine takes policy packs on its command line; remove them")
        .nullish(),
    })
    .nullish(),
  // These three serve other commands of the CLI: project templates, `pulumi install`, and its own version.
  template: z.unknown().optional(),
  packages: z.unknown().optional(),
  requiredPulumiVersion: z.unknown().optional(),
});
type ProjectFile = z.infer<typeof schema>;

/** Finds the project that a folder belongs to, looking upwards as Pulumi does, and reads it. Throws a `ProjectError`. */
export async function loadProject(directory: string): Promise<Project> {
  const file = await readYamlFile(await findProject(resolve(directory)));
  const parsed = schema.safeParse(file.value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      const steps = path.map((step) => (typeof step === "number" ? step : String(step)));
      return file.problem(steps, steps.length === 0 ? message : `${steps.join(".")}: ${message}`);
    });
    throw new ProjectError(problems.join("\n"));
  }
  const root = dirname(file.path);
  const { name, description, stackConfigDir, config, backend, plugins, options } = parsed.data;
  // Once the folder of the stack files was written under `config`.
  const stackDirectory = (typeof config === "string" ? config : stackConfigDir) ?? "";
  const declared = new Map(
    Object.entries(typeof config === "object" && config !== null ? config : {}).map(([key, value]) => {
      return [key, declarationOf(name, key, value)] as const;
    }),
  );
  const problems = problemsOf(file, parsed.data, declared);
  const program = await programOf(file, parsed.data).catch((error: Error) => void problems.push(error.message));
  if (problems.length > 0 || !program) throw new ProjectError(problems.join("\n"));
  return {
    name,
    description: description ?? undefined,
    file: file.path,
    directory: root,
    program,
    stackDirectory: resolve(root, stackDirectory),
    backendUrl: backend?.url || undefined,
    providerPlugins: (plugins?.providers ?? []).map(({ name, version, path }) => ({
      name,
      version,
      path: resolve(root, path),
    })),
    config: declared,
    alwaysRefresh: options?.refresh === "always",
    warnings: Object.keys(parsed.data).flatMap((key) => misspelled(file, key)),
  };
}

async function findProject(directory: string): Promise<string> {
  for (let folder = directory; ; folder = dirname(folder)) {
    for (const name of FILES) {
      const info = await stat(join(folder, name)).catch(() => undefined);
      if (info?.isFile()) return join(folder, name);
    }
    if (dirname(folder) === folder) break;
  }
  throw new ProjectError(`no Pulumi.yaml in ${directory} or any folder above it; run this inside a project`);
}

function problemsOf(
  file: YamlFile,
  { name, runtime, config, stackConfigDir }: ProjectFile,
  declared: ReadonlyMap<string, ConfigDeclaration>,
): string[] {
  const problems: string[] = [];
  const report = (path: readonly string[], problem: string | undefined) => {
    if (problem !== undefined) problems.push(file.problem(path, problem));
  };
  report(["name"], nameProblem("project", name));
  if (runtime.name !== "nodejs") {
    report(
      ["runtime"],
      `the built-in engine runs "nodejs" programs, not ${JSON.stringify(runtime.name)}; use the Pulumi CLI`,
    );
  } else {
    report(["runtime"], optionProblem(runtime.options));
  }
  if (typeof config === "string" && stackConfigDir) {
    report(["config"], "the folder of the stack files is given twice; keep stackConfigDir and remove config");
  }
  for (const [key, declaration] of declared) report(["config", key], declarationProblem(name, key, declaration));
  return problems;
}

function optionProblem(options: Readonly<Record<string, unknown>>): string | undefined {
  // Node runs TypeScript by itself; Pulumi's own compiling would need ts-node, which the engine does not start.
  if (options.typescript !== false)
    return "runtime.options.typescript must be false: the built-in engine runs TypeScript by Node's own type stripping";
  const known = ["typescript", "packagemanager"];
  const other = Object.keys(options).find((key) => !known.includes(key));
  return other === undefined
    ? undefined
    : `the built-in engine does not know runtime.options.${other}; it knows ${known.join(" and ")}`;
}

async function programOf(file: YamlFile, { main }: ProjectFile): Promise<Project["program"]> {
  const path = resolve(dirname(file.path), main || ".");
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) throw new Error(file.problem(["main"], `main is ${path}, which does not exist`));
  return info.isDirectory() ? { directory: path, entry: "." } : { directory: dirname(path), entry: basename(path) };
}

/** Pulumi takes any key at the top; one that is nearly a known one is probably a slip. */
function misspelled(file: YamlFile, key: string): string[] {
  const known = Object.keys(schema.shape);
  if (known.includes(key)) return [];
  const meant = known.find((name) => distance(name.toLowerCase(), key.toLowerCase()) <= 2);
  return meant === undefined ? [] : [file.problem([key], `${key} is not a setting of Pulumi; did you mean ${meant}?`)];
}
