import type { PropertyMap } from "../../engine/index.ts";
import { type PlatformOutputs, platformOutputs } from "../../stacks/outputs.ts";
import { type Caller, nextCommand } from "./next-command.ts";
import type { Style } from "./style.ts";
import { count, cut, oneLine, pad, widthOf } from "./text.ts";

/** Name of the capability that says whether addresses outside the cluster lead anywhere. */
const LOAD_BALANCERS = "load balancers";

/** A stack's outputs as a platform's; `undefined` when it is another kind of stack, or nothing is deployed. */
export function platformOf(outputs: PropertyMap): PlatformOutputs | undefined {
  return platformOutputs.safeParse(masked(outputs)).data;
}

/** Plain data with `[secret]` and `[unknown]` in place of what they say they are. */
export function masked(outputs: PropertyMap): Record<string, unknown> {
  return JSON.parse(JSON.stringify(outputs));
}

/** How many services there are, and those that can be reached from outside: where, and whether anything answers there. */
export function renderPlatform(platform: PlatformOutputs, style: Style): string[] {
  const exposed = platform.services.filter(({ address }) => address != null);
  const teams = new Set(platform.services.map(({ team }) => team)).size;
  const head = `${count(platform.services.length, "service")} of ${count(teams, "team")}`;
  if (exposed.length === 0) return [style.bold(`${head}, none with an address outside the cluster`)];
  const state = loadBalancers(platform);
  const mark = addressMark(state);
  const rows = columns(exposed.map(({ name, address }) => [name, address ?? "", ""]));
  return [
    style.bold(`${head}; addresses outside the cluster:`),
    ...rows.map((row) => `  ${row}${mark === "" ? "" : `  ${style.warn(mark)}`}`),
    ...(state !== undefined && state.state !== "real" ? [style.dim(`  ${state.note}`)] : []),
  ];
}

/** What the target makes of addresses outside the cluster. */
export function loadBalancers({ capabilities }: PlatformOutputs): PlatformOutputs["capabilities"][number] | undefined {
  return capabilities.find(({ feature }) => feature === LOAD_BALANCERS);
}

/** What has to be said beside an address that is not simply real. */
export function addressMark(capability: PlatformOutputs["capabilities"][number] | undefined): string {
  if (capability === undefined) return "(the target does not say whether they are real)";
  return capability.state === "real" ? "" : `(${capability.state})`;
}

/** Outputs of a stack that is no platform of ours. */
export function renderOutputs(outputs: PropertyMap, style: Style, width: number): string[] {
  const entries = Object.entries(masked(outputs));
  if (entries.length === 0) return [];
  const rows = columns(entries.map(([name, value]) => [name, oneLine(shown(value))]));
  return [style.bold("Outputs"), ...rows.map((row) => `  ${cut(row, Math.max(20, width - 2))}`)];
}

/** A value as one would write it. */
export function shown(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** Cells under each other; the last of a row is left as it is. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
  }
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : pad(cell, widths[index] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** What one does after an `up`. */
export function renderNext(caller: Caller, stack: string, style: Style): string[] {
  const rows = columns([
    [nextCommand(caller, "status", stack), "what is there, and what of it is real"],
    [nextCommand(caller, "outputs", stack, "--kubeconfig"), "writes the kubeconfig, and says how kubectl takes it"],
    [nextCommand(caller, "preview", stack), "what another up would change"],
    [nextCommand(caller, "destroy", stack), "takes it all down"],
  ]);
  return [style.bold("Next"), ...rows.map((row) => `  ${row}`)];
}
