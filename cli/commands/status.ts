import type { Inspected, ResourceState } from "../../engine/index.ts";
import { isRootStack, providerPackage } from "../../engine/resource.ts";
import type { PlatformOutputs } from "../../stacks/outputs.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { CommonFlags } from "../flags.ts";
import { EMBEDDED_CLUSTER } from "../kwok.ts";
import { look } from "../look.ts";
import { callerOf } from "../show/next-command.ts";
import { platformOf } from "../show/platform.ts";
import { renderStatus } from "../show/status.ts";
import { styleFor, wantsColor } from "../show/style.ts";
import { findTarget } from "../target.ts";
import type { World } from "../world.ts";

/**
 * "up": every part of it answers. "degraded": some part does not; the next `up` repairs it. "gone": on record, but not
 * there. "unknown": it could not be asked. "none": the stack has no embedded cluster.
 */
export type Health = "up" | "degraded" | "gone" | "unknown" | "none";

export interface Status {
  readonly stack: string;
  readonly deployed: boolean;
  readonly cluster: {
    readonly health: Health;
    readonly problems: readonly string[];
    readonly nodes: number | undefined;
  };
  /** What the stack says of itself; `undefined` when it is not deployed, or only in part. */
  readonly platform: PlatformOutputs | undefined;
  /** Recorded resources by type, the most frequent first. */
  readonly resources: Readonly<Record<string, number>>;
  /** Recorded entries that are no resources of their own: the stack, components and providers. */
  readonly components: number;
  /** Operations that an interrupted run left unfinished. */
  readonly pending: number;
}

/** `weft status`. Ends with 1 when the cluster is on record and not whole. */
export async function status(stack: string, flags: CommonFlags, world: World): Promise<ExitCode> {
  const target = await findTarget(stack, flags, world);
  const { inspection, warnings } = await look(target, flags, world, ({ type }) => type === EMBEDDED_CLUSTER);
  const found = statusOf(stack, inspection.snapshot?.resources ?? [], inspection.resources, warnings);
  const status = { ...found, pending: inspection.snapshot?.pendingOperations.length ?? 0 };
  if (flags.json) {
    world.stdout.write(`${JSON.stringify(status)}\n`);
  } else {
    const style = styleFor(wantsColor(flags.color, world.env, world.stdout));
    const width = world.stdout.columns ?? Number.POSITIVE_INFINITY;
    const lines = renderStatus(status, { style, width, caller: callerOf(world.env) });
    world.stdout.write(lines.map((line) => `${line}\n`).join(""));
  }
  return ["degraded", "gone", "unknown"].includes(status.cluster.health) ? EXIT.failed : EXIT.ok;
}

/** Puts together what is on record and what was found. `warnings` is what the cluster said when it was looked at. */
export function statusOf(
  stack: string,
  resources: readonly ResourceState[],
  inspected: readonly Inspected[],
  warnings: readonly string[],
): Omit<Status, "pending"> {
  const root = resources.find(({ type }) => isRootStack(type));
  const real = resources.filter(({ type, custom }) => custom && providerPackage(type) === undefined);
  const counts = Map.groupBy(real, ({ type }) => type);
  const byNumber = [...counts].map(([type, each]) => [type, each.length] as const).sort(([, a], [, b]) => b - a);
  return {
    stack,
    deployed: real.length > 0,
    cluster: clusterOf(inspected[0], warnings),
    platform: root === undefined ? undefined : platformOf(root.outputs),
    resources: Object.fromEntries(byNumber),
    components: resources.length - real.length,
  };
}

function clusterOf(inspected: Inspected | undefined, warnings: readonly string[]): Status["cluster"] {
  if (inspected === undefined) return { health: "none", problems: [], nodes: undefined };
  const { now, error } = inspected;
  if (error !== undefined) return { health: "unknown", problems: [error], nodes: undefined };
  if (now === undefined) return { health: "gone", problems: warnings, nodes: undefined };
  const nodes = typeof now.outputs.nodes === "number" ? now.outputs.nodes : undefined;
  return { health: warnings.length === 0 ? "up" : "degraded", problems: warnings, nodes };
}
