import { resolve } from "node:path";
import { containsSecret, type PropertyMap, type PropertyValue, Secret, unwrapSecrets } from "../../engine/index.ts";
import { isRootStack, type ResourceState } from "../../engine/resource.ts";
import { EXIT, type ExitCode, UsageError } from "../exit-code.ts";
import type { CommonFlags } from "../flags.ts";
import { kubeconfigFile, kubectlHint, writeKubeconfig } from "../kubeconfig.ts";
import { EMBEDDED_CLUSTER } from "../kwok.ts";
import { look } from "../look.ts";
import { callerOf, nextCommand } from "../show/next-command.ts";
import { columns, masked, shown } from "../show/platform.ts";
import { cut, oneLine } from "../show/text.ts";
import { didYouMean, findTarget, folderOf, type Target } from "../target.ts";
import type { World } from "../world.ts";

export interface OutputFlags extends CommonFlags {
  readonly showSecrets?: boolean;
  /** A file, or `true` for the usual one. */
  readonly kubeconfig?: string | true;
}

/** `weft outputs`: what a stack exports. */
export async function outputs(
  stack: string,
  name: string | undefined,
  flags: OutputFlags,
  world: World,
): Promise<ExitCode> {
  if (flags.kubeconfig !== undefined && name !== undefined) {
    throw new UsageError("--kubeconfig writes one output to a file; leave out the name of another");
  }
  // "--kubeconfig shop" would write the usual stack's into a file "shop"; most likely the stack shop is meant.
  if (typeof flags.kubeconfig === "string" && !flags.kubeconfig.includes("/")) {
    const [word, caller] = [flags.kubeconfig, callerOf(world.env)];
    const forStack = nextCommand(caller, "outputs", word, "--kubeconfig");
    throw new UsageError(`--kubeconfig ${word}: is that a stack or a file? Say ${forStack}, or --kubeconfig ./${word}`);
  }
  const target = await findTarget(stack, flags, world);
  const { inspection } = await look(target, flags, world, () => false);
  const resources = inspection.snapshot?.resources ?? [];
  const exported = resources.find(({ type }) => isRootStack(type))?.outputs;
  if (exported === undefined) {
    const up = nextCommand(callerOf(world.env), "up", stack);
    throw new UsageError(`nothing is deployed of ${stack}, so it has no outputs. Run: ${up}`);
  }
  if (flags.kubeconfig !== undefined) return saveKubeconfig(target, exported, resources, flags, world);

  const whole: PropertyMap = flags.showSecrets ? unwrapSecrets(exported) : exported;
  const values = masked(name === undefined ? whole : { [name]: outputNamed(whole, name, stack) });
  // Where one output goes into a file or another program, the mask alone would pass for its value.
  if (name !== undefined && containsSecret(whole[name])) {
    const file = name === "kubeconfig" ? ", --kubeconfig writes it to a file" : "";
    world.stderr.write(`${name} is a secret: --show-secrets prints it${file}\n`);
  }
  world.stdout.write(flags.json ? json(values, name) : text(values, name, world.stdout.columns));
  return EXIT.ok;
}

function json(values: Record<string, unknown>, name: string | undefined): string {
  return `${JSON.stringify(name === undefined ? values : values[name])}\n`;
}

/** One output stands alone, whole and as it is, for the shell to use; several are a list to look at. */
function text(values: Record<string, unknown>, name: string | undefined, width = Number.POSITIVE_INFINITY): string {
  if (name !== undefined) {
    const value = shown(values[name]);
    return value.endsWith("\n") ? value : `${value}\n`;
  }
  const rows = Object.entries(values).map(([key, value]) => [key, oneLine(shown(value))]);
  return rows.length === 0
    ? "no outputs\n"
    : columns(rows)
        .map((row) => `${cut(row, width)}\n`)
        .join("");
}

function outputNamed(exported: PropertyMap, name: string, stack: string): PropertyValue {
  const value = Object.hasOwn(exported, name) ? exported[name] : undefined;
  if (value !== undefined) return value;
  const names = Object.keys(exported);
  throw new UsageError(
    `${stack} has no output "${name}"${didYouMean(name, names)} It has ${names.join(", ") || "none"}.`,
  );
}

async function saveKubeconfig(
  { project, stack }: Target,
  exported: PropertyMap,
  resources: readonly ResourceState[],
  flags: OutputFlags,
  world: World,
): Promise<ExitCode> {
  const { kubeconfig } = exported;
  const content = kubeconfig instanceof Secret ? kubeconfig.value : kubeconfig;
  if (typeof content !== "string" || content === "") {
    throw new UsageError(`${stack} exports no kubeconfig: its cluster was not made yet`);
  }
  const file = typeof flags.kubeconfig === "string" ? flags.kubeconfig : undefined;
  const path = file === undefined ? kubeconfigFile(project, stack) : resolve(folderOf(flags, world), file);
  await writeKubeconfig(path, content);
  const cluster = resources.find(({ type }) => type === EMBEDDED_CLUSTER)?.outputs.path;
  const hint = await kubectlHint(path, typeof cluster === "string" ? cluster : undefined, world.cwd, world.env);
  world.stdout.write(
    flags.json
      ? `${JSON.stringify({ kubeconfig: path, hint })}\n`
      : `wrote ${path}, for your eyes only. Try:\n  ${hint}\n`,
  );
  return EXIT.ok;
}
