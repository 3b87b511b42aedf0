import { execFile } from "node:child_process";
import { cp, mkdir, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");

/**
 * Copies the project as a clone would have it, with what is not committed yet: every file that git knows or would add.
 * With `linkPackages` the packages of this checkout serve the copy; without, it has none, as a fresh clone.
 */
export async function copyProject(directory: string, options: { readonly linkPackages: boolean }): Promise<void> {
  const { stdout } = await promisify(execFile)("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: ROOT,
    maxBuffer: 2 ** 26,
  });
  for (const file of stdout.split("\0").filter(Boolean)) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    // A file that was removed and not committed yet is in the list, too.
    await cp(join(ROOT, file), join(directory, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
  if (options.linkPackages) await symlink(join(ROOT, "node_modules"), join(directory, "node_modules"));
}

/**
 * The environment of somebody at a fresh terminal: without what npm and the test runner put there, and without this
 * checkout's packages on PATH.
 */
export function freshEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) =>
      !/^(npm_|VITEST|NODE_ENV$|NODE_OPTIONS$|NODE_COMPILE_CACHE$|PULUMI_|INIT_CWD$|DEV$|PROD$|MODE$|SSR$|TEST$|BASE_URL$)/.test(
        name,
      ),
  );
  const path = (process.env.PATH ?? "").split(":").filter((folder) => !folder.includes("node_modules/.bin"));
  return { ...Object.fromEntries(own), PATH: path.join(":"), ...extra };
}
