import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { distance } from "fastest-levenshtein";
import { z } from "zod";
import { type Crypter, nameProblem, type Passphrase, unlock } from "../state/index.ts";
import { configText, isSecure, type PlainValue, recordedValue, reveal } from "./config-value.ts";
import { fits, typeName } from "./declaration.ts";
import type { Project } from "./project.ts";
import { ProjectError, parseYaml, readYamlFile, type YamlFile } from "./yaml-file.ts";

/** A stack's config, decrypted. Keys are `namespace:name`. */
export interface StackConfig {
  /** `Pulumi.<stack>.yaml`. */
  readonly file: string;
  /** Texts; objects and arrays as JSON. Secrets are plain here. */
  readonly values: Readonly<Record<string, string>>;
  /** Keys whose value is, or contains, a secret. Sorted. */
  readonly secretKeys: readonly string[];
  /** The salt that the secrets of this file are encrypted with, ready for `Backend.openStack`. */
  readonly encryptionSalt: { readonly salt: string; readonly file: string } | undefined;
  /** The values as the stack's history records them: secrets stay encrypted. */
  readonly recorded: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

const schema = z.strictObject({
  secretsprovider: z.string().nullish(),
  encryptedkey: z.string().nullish(),
  encryptionsalt: z.string().nullish(),
  config: z.record(z.string(), z.unknown()).nullish(),
  environment: z.unknown().optional(),
});
const PROVIDERS = ["", "default", "passphrase"];

/**
 * Reads `Pulumi.<stack>.yaml`, fills in what the project declares, checks declared types and decrypts. A missing file
 * is an error: every stack of a project has one. Throws a `ProjectError` with all problems.
 */
export async function loadStackConfig(project: Project, stack: string, passphrase: Passphrase): Promise<StackConfig> {
  const name = nameProblem("stack", stack);
  if (name !== undefined) throw new ProjectError(name);
  const file = await readStackYaml(project, stack);
  const parsed = schema.safeParse(file.value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => file.problem(path.map(String), message));
    throw new ProjectError(problems.join("\n"));
  }
  const { config, secretsprovider, encryptedkey, environment, encryptionsalt } = parsed.data;
  const problems: string[] = [];
  if (!PROVIDERS.includes(secretsprovider ?? "") || encryptedkey) {
    const what = `secrets of this stack are kept by ${JSON.stringify(secretsprovider ?? "a cloud key")}`;
    problems.push(
      file.problem(["secretsprovider"], `${what}; the built-in engine knows passphrases, the Pulumi CLI the rest`),
    );
  }
  if (environment != null) {
    problems.push(
      file.problem(["environment"], "environments are kept by Pulumi Cloud; use the Pulumi CLI for this stack"),
    );
  }
  const written = keyed(project, file, config ?? {}, problems);
  const merged = withFallbacks(project, stack, file, written, problems);
  const secretKeys = [...merged].flatMap(([key, value]) => (isSecure(value) ? [key] : [])).sort();
  if (secretKeys.length > 0 && !encryptionsalt) {
    const keys = secretKeys.join(", ");
    problems.push(
      file.problem(
        ["config"],
        `encryptionsalt is missing, so ${keys} can't be decrypted; put it back, or set the secrets anew: pulumi config set --secret`,
      ),
    );
  }
  if (problems.length > 0) throw new ProjectError(problems.join("\n"));
  const crypter =
    secretKeys.length > 0 && encryptionsalt ? await unlock(passphrase, encryptionsalt, file.path) : undefined;
  const values = decryptAll(file, written, merged, crypter);
  checkTypes(project, stack, file, written, merged, values);
  return {
    file: file.path,
    values: Object.fromEntries([...values].map(([key, value]) => [key, configText(value)])),
    secretKeys,
    encryptionSalt: encryptionsalt ? { salt: encryptionsalt, file: file.path } : undefined,
    recorded: Object.fromEntries([...merged].map(([key, value]) => [key, recordedValue(value)])),
    warnings: [...written].flatMap(([key, { path, value }]) =>
      value === null
        ? [file.problem(path, `${key} has no value; it is read as an empty text. Write "" to say so`)]
        : [],
    ),
  };
}

/** Whether any stack of the project has secrets in its file, which only its passphrase can open. */
export async function hasEncryptedConfig(project: Project): Promise<boolean> {
  for (const stack of await listStackConfigs(project)) {
    const { value } = await readStackYaml(project, stack);
    if (typeof value === "object" && value !== null && "encryptionsalt" in value && value.encryptionsalt) return true;
  }
  return false;
}

/** What the Node language host puts into a program's environment. */
export function configEnvironment(config: Pick<StackConfig, "values" | "secretKeys">): {
  PULUMI_CONFIG: string;
  PULUMI_CONFIG_SECRET_KEYS: string;
} {
  const entries = Object.entries(config.values).map(([key, value]) => {
    const colon = key.indexOf(":");
    // The SDK takes the old form of keys, and old SDKs take no other.
    return [`${key.slice(0, colon)}:config:${key.slice(colon + 1)}`, value];
  });
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(entries)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
  };
}

/** Names of the stacks that have a file, sorted. */
export async function listStackConfigs(project: Project): Promise<string[]> {
  const extension = extname(project.file);
  const files = await readdir(project.stackDirectory).catch(() => []);
  return files
    .filter(
      (file) => file.startsWith("Pulumi.") && file.endsWith(extension) && file.length > `Pulumi.${extension}`.length,
    )
    .map((file) => file.slice("Pulumi.".length, -extension.length))
    .sort();
}

async function readStackYaml(project: Project, stack: string): Promise<YamlFile> {
  const path = join(project.stackDirectory, `Pulumi.${stack}${extname(project.file)}`);
  try {
    const file = await readYamlFile(path);
    return file.value === null ? parseYaml("{}", path) : file;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    const stacks = await listStackConfigs(project);
    const meant = stacks.find((name) => distance(name, stack) <= 2);
    const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
    const known = stacks.length === 0 ? "there is none yet" : `there are ${stacks.join(", ")}`;
    throw new ProjectError(`the stack ${stack} has no file ${path}; ${known}${hint}`);
  }
}

type Written = ReadonlyMap<string, { readonly value: PlainValue; readonly path: readonly string[] }>;

/** Config by full key; short keys belong to the project. */
function keyed(project: Project, file: YamlFile, config: Record<string, unknown>, problems: string[]): Written {
  const written = new Map<string, { value: PlainValue; path: readonly string[] }>();
  for (const [short, value] of Object.entries(config)) {
    const path = ["config", short];
    const key = fullKey(project.name, short);
    if (key === undefined) {
      problems.push(
        file.problem(
          path,
          `${JSON.stringify(short)} is not a config key; write namespace:name, or a name alone for ${project.name}:name`,
        ),
      );
    } else if (written.has(key)) {
      problems.push(file.problem(path, `${key} is set twice`));
    } else if (!allFinite(value)) {
      problems.push(file.problem(path, `${key} contains a number that is not finite`));
    } else {
      written.set(key, { value: value as PlainValue, path });
    }
  }
  return written;
}

function allFinite(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(allFinite);
}

/** `name` → `project:name`; the old `namespace:config:name` → `namespace:name`. */
function fullKey(project: string, key: string): string | undefined {
  const parts = key.split(":");
  const [first = "", second = "", third = ""] = parts;
  if (parts.length === 1) return `${project}:${first}`;
  if (parts.length === 2) return key;
  return parts.length === 3 && second === "config" ? `${first}:${third}` : undefined;
}

function withFallbacks(project: Project, stack: string, file: YamlFile, written: Written, problems: string[]) {
  const merged = new Map([...written].map(([key, { value }]) => [key, value]));
  for (const [declared, { fallback }] of project.config) {
    const key = fullKey(project.name, declared) ?? declared;
    if (merged.has(key)) continue;
    if (fallback !== undefined) merged.set(key, fallback);
    else
      problems.push(
        file.problem(
          ["config"],
          `the stack ${stack} does not set ${key}, which ${project.file} declares without a default`,
        ),
      );
  }
  return merged;
}

function decryptAll(
  file: YamlFile,
  written: Written,
  merged: ReadonlyMap<string, PlainValue>,
  crypter: Crypter | undefined,
) {
  const problems: string[] = [];
  const values = new Map<string, PlainValue>();
  for (const [key, value] of merged) {
    try {
      values.set(
        key,
        reveal(value, (ciphertext) => crypter?.decrypt(ciphertext) ?? ciphertext),
      );
    } catch {
      problems.push(
        file.problem(pathOf(written, key), `${key} can't be decrypted: it was damaged, or encrypted with another salt`),
      );
    }
  }
  if (problems.length > 0) throw new ProjectError(problems.join("\n"));
  return values;
}

function checkTypes(
  project: Project,
  stack: string,
  file: YamlFile,
  written: Written,
  merged: ReadonlyMap<string, PlainValue>,
  values: ReadonlyMap<string, PlainValue>,
): void {
  const problems: string[] = [];
  for (const [declared, { type, secret }] of project.config) {
    const key = fullKey(project.name, declared) ?? declared;
    const value = values.get(key);
    if (value === undefined) continue;
    const path = pathOf(written, key);
    // Numbers and booleans reach this check as text, as in Pulumi.
    const checked = typeof value === "object" && value !== null ? value : configText(value);
    if (secret && !isSecure(merged.get(key) ?? null)) {
      problems.push(file.problem(path, `${key} must be encrypted: pulumi config set --secret ${key} --stack ${stack}`));
    } else if (type !== undefined && !fits(type, checked)) {
      problems.push(file.problem(path, `${key} must be of the type ${typeName(type)}`));
    }
  }
  if (problems.length > 0) throw new ProjectError(problems.join("\n"));
}

function pathOf(written: Written, key: string): readonly string[] {
  return written.get(key)?.path ?? ["config"];
}
