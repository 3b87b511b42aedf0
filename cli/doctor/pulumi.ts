import { execFile } from "node:child_process";
import { promisify } from "node:util";
import weft from "../../package.json" with { type: "json" };
import { findPulumi, isOlder, type PulumiCli } from "../engine-choice.ts";
import type { EngineFlag } from "../flags.ts";
import { type Check, ok, problem, warning } from "./check.ts";

const run = promisify(execFile);

/** Which engine would do the work, and of the Pulumi CLI what it needs besides. */
export async function engineChecks(
  wanted: EngineFlag,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly checks: readonly Check[]; readonly engine: "pulumi" | "builtin" | undefined }> {
  const cli: PulumiCli | undefined = wanted === "builtin" ? undefined : await findPulumi(env);
  if (cli?.usable) {
    const engine = ok("engine", `Pulumi CLI ${cli.version}, ${cli.executable}`);
    return { checks: [engine, await pluginCheck(cli.executable, env)], engine: "pulumi" };
  }
  if (wanted === "pulumi" && cli !== undefined) {
    return { checks: [problem("engine", cli.reason, cli.fix)], engine: undefined };
  }
  const reason = cli === undefined ? "--engine builtin" : cli.reason;
  return { checks: [ok("engine", `built-in (${reason})`)], engine: "builtin" };
}

interface Plugin {
  readonly name: string;
  readonly kind: string;
  readonly version?: string;
}

const NEEDED = weft.dependencies["@pulumi/kubernetes"];

async function pluginCheck(executable: string, env: NodeJS.ProcessEnv): Promise<Check> {
  const options = { env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" }, timeout: 20_000 };
  try {
    const { stdout } = await run(executable, ["plugin", "ls", "--json"], options);
    return kubernetesPluginCheck(JSON.parse(stdout));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return warning("Pulumi plugins", `could not be listed: ${text}`, `run: ${executable} plugin ls`);
  }
}

export function kubernetesPluginCheck(plugins: readonly Plugin[]): Check {
  const name = "Pulumi plugins";
  const versions = plugins.flatMap((plugin) =>
    plugin.name === "kubernetes" && plugin.kind === "resource" && plugin.version ? [plugin.version] : [],
  );
  if (versions.includes(NEEDED)) return ok(name, `kubernetes ${NEEDED}`);
  const have = versions.length === 0 ? "none is installed" : `installed: ${versions.join(", ")}`;
  const newer = versions.some((version) => !isOlder(version, NEEDED));
  const detail = `kubernetes ${NEEDED} is asked for; ${have}${newer ? ", which will do" : ""}`;
  if (newer) return ok(name, detail);
  return warning(name, detail, `the first run downloads it; now: pulumi plugin install resource kubernetes ${NEEDED}`);
}
