import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { errorCode, reasonOf, StateError } from "./error.ts";
import { makeFolder, syncFolder, temporaryName, writeDurably } from "./folder.ts";

const VARIABLE = "PULUMI_CONFIG_PASSPHRASE";
const FILE_VARIABLE = "PULUMI_CONFIG_PASSPHRASE_FILE";
/** Relative to the project's folder. */
const GENERATED = join(".weft", "passphrase");
const GENERATED_BYTES = 32;

type Environment = Readonly<Record<string, string | undefined>>;

/** The passphrase of a project's stacks. It never shows itself: printing or serialising it gives its source. */
export class Passphrase {
  /** Where it came from, for messages. */
  readonly source: string;
  /** True when this call generated it. */
  readonly created: boolean;
  /** What a child process (the Pulumi CLI) needs in its environment to use the same passphrase. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #value: string;
  readonly #generatedFile: string | undefined;

  constructor(
    value: string,
    source: string,
    environment: Readonly<Record<string, string>> = {},
    generated?: { readonly file: string; readonly created: boolean },
  ) {
    this.#value = value;
    this.#generatedFile = generated?.file;
    this.source = source;
    this.environment = environment;
    this.created = generated?.created ?? false;
  }

  /** Notes that stacks outside of the project need the generated file, too. It is never forgotten then. */
  async keep(): Promise<void> {
    if (this.#generatedFile !== undefined) await writeFile(keepFile(this.#generatedFile), "", { mode: 0o600 });
  }

  /** Removes the file that was generated for it; one that the user gave is left alone. */
  async forget(): Promise<void> {
    if (this.#generatedFile === undefined || existsSync(keepFile(this.#generatedFile))) return;
    await rm(this.#generatedFile, { force: true });
  }

  /** Asked with the stack's lock held: another run may have taken the last stack, and the file with it, just before. */
  async requireUnforgotten(): Promise<void> {
    if (this.#generatedFile === undefined) return;
    const now = await readFile(this.#generatedFile, "utf8").catch(() => "");
    if (trim(now) === this.#value) return;
    throw new StateError(`${this.#generatedFile} was removed by another run just now. Nothing was begun; run again`);
  }

  /** The passphrase itself. Only for deriving a key from it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return `[passphrase from ${this.source}]`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/**
 * The passphrase of a project: `PULUMI_CONFIG_PASSPHRASE`, else the file that `PULUMI_CONFIG_PASSPHRASE_FILE` names,
 * else `.weft/passphrase` in the project, which is generated the first time (32 random bytes, mode 0600).
 * Any number of processes may do that at once; all get the same one. An empty passphrase is refused.
 */
export async function ensurePassphrase(project: { readonly directory: string }, env: Environment): Promise<Passphrase> {
  const given = env[VARIABLE];
  const file = env[FILE_VARIABLE];
  const fallback = join(project.directory, GENERATED);
  if (given !== undefined) {
    if (given !== "") return new Passphrase(given, VARIABLE, { [VARIABLE]: given });
    throw new StateError(`${VARIABLE} is set but empty; give it a value, or unset it to use ${file || fallback}`);
  }
  if (file !== undefined && file !== "") {
    const path = resolve(file);
    const environment = { [FILE_VARIABLE]: path };
    return new Passphrase(await readPassphrase(path), `${path} (${FILE_VARIABLE})`, environment);
  }
  const created = await generate(fallback);
  await refuseReadableByOthers(fallback);
  const environment = { [FILE_VARIABLE]: fallback };
  return new Passphrase(await readPassphrase(fallback), fallback, environment, { file: fallback, created });
}

function keepFile(generated: string): string {
  return `${generated}.keep`;
}

async function readPassphrase(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new StateError(`can't read the passphrase file ${path}: ${reasonOf(error)}`);
  }
  const value = trim(text);
  if (value !== "") return value;
  throw new StateError(
    `the passphrase file ${path} is empty. Put back the passphrase that the stacks were made with; if no stack uses it yet, remove the file and run again`,
  );
}

/** What the CLI takes away from a passphrase file: Unicode white space, but not a byte order mark. */
function trim(text: string): string {
  const space = "[\\t-\\r\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
  return text.replace(new RegExp(`^${space}`), "").replace(new RegExp(`${space}$`), "");
}

/** True when this call made the file. The file appears whole or not at all. */
async function generate(path: string): Promise<boolean> {
  if ((await stat(path).catch(() => undefined)) !== undefined) return false;
  await makeFolder(dirname(path));
  const temporary = temporaryName(path);
  try {
    await writeDurably(temporary, Buffer.from(`${randomBytes(GENERATED_BYTES).toString("base64url")}\n`), 0o600);
    // Unlike a rename, a link never replaces what another process made meanwhile.
    await link(temporary, path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw new StateError(`can't make the passphrase file ${path}: ${reasonOf(error)}. Set ${VARIABLE} instead`);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function refuseReadableByOthers(path: string): Promise<void> {
  const mode = (await stat(path).catch(() => undefined))?.mode;
  // A file that can't be looked at can't be read either; reading it says why.
  if (mode === undefined || (mode & 0o077) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  throw new StateError(`the passphrase file ${path} can be read by others (mode ${octal}). Run: chmod 600 '${path}'`);
}
