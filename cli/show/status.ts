import type { Health, Status } from "../commands/status.ts";
import { type Caller, nextCommand } from "./next-command.ts";
import { addressMark, columns, loadBalancers } from "./platform.ts";
import type { Style } from "./style.ts";
import { count, indent, oneLine, pad, widthOf, wrap } from "./text.ts";

export interface StatusOptions {
  readonly style: Style;
  readonly width: number;
  readonly caller: Caller;
}

/** The whole answer of `weft status`: the cluster first, then what is real, then where things are. */
export function renderStatus(status: Status, { style, width, caller }: StatusOptions): string[] {
  const { stack, deployed, platform, cluster } = status;
  const up = nextCommand(caller, "up", stack);
  if (!deployed) {
    return [`${style.dim("·")} ${style.bold(`${stack}: nothing is deployed`)}`, `  to change that: ${up}`];
  }
  const unfinished = pending(status, style);
  const sections = [
    clusterLines(status, up, style),
    // What a dead cluster can't serve is on record, no more.
    ...(cluster.health === "gone" ? [[style.warn("What follows is on record only: nothing of it is there.")]] : []),
    ...(unfinished === undefined ? [] : [[unfinished]]),
    ...(platform === undefined
      ? [[`The last up did not get to its end, so the stack does not say what it has: ${up}`]]
      : [capabilities(platform, style, width), services(platform, style)]),
    recorded(status, style),
  ];
  return sections.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

function pending({ pending }: Status, style: Style): string | undefined {
  if (pending === 0) return undefined;
  return style.warn(
    `! ${count(pending, "operation")} of an interrupted run are pending; the next up goes on with them`,
  );
}

const HEADLINE: Readonly<Record<Health, string>> = {
  up: "the cluster is up",
  degraded: "the cluster is not whole",
  gone: "the cluster is gone",
  unknown: "the cluster could not be asked",
  none: "deployed, without an embedded cluster",
};

function clusterLines({ stack, cluster, platform }: Status, up: string, style: Style): string[] {
  const icons = { up: style.good("✓"), none: style.good("✓"), degraded: style.warn("!"), unknown: style.warn("!") };
  const icon = cluster.health === "gone" ? style.bad("✗") : icons[cluster.health];
  const facts = platform?.cluster;
  const size = cluster.nodes ?? facts?.nodes;
  const about =
    facts === undefined
      ? []
      : [
          `${platform?.target}, Kubernetes ${facts.kubernetesVersion}, ${count(size ?? 0, "node")} in ${count(facts.zones.length, "zone")}`,
          `${facts.server} (context ${facts.context})`,
        ];
  const fix = cluster.health === "degraded" || cluster.health === "gone" ? [`to repair it: ${up}`] : [];
  return [
    `${icon} ${style.bold(`${stack}: ${HEADLINE[cluster.health]}`)}`,
    ...cluster.problems.map((problem) => `  ${style.warn(oneLine(problem))}`),
    ...[...about, ...fix].map((line) => `  ${line}`),
  ];
}

/** A note that has no room beside its feature goes on below itself; cut off, it could say the opposite. */
function capabilities({ capabilities }: Status["platform"] & object, style: Style, width: number): string[] {
  const tones = { real: style.good, simulated: style.warn, absent: style.bad } as const;
  const heads = columns(capabilities.map(({ feature, state }) => [feature, state.padEnd("simulated".length), ""]));
  const lines = capabilities.flatMap(({ state, note }, index) => {
    const head = pad(heads[index] ?? "", widest(heads));
    const [first = "", ...rest] = wrap(note, Math.max(30, width - widest(heads) - 4));
    const toned = head.replace(new RegExp(`${state}(\\s*)$`), (_, space: string) => tones[state](state) + space);
    return [`  ${toned}  ${first}`, ...rest.map((line) => indent(line, widest(heads) + 4))];
  });
  return [style.bold("What is real here"), ...lines];
}

function widest(lines: readonly string[]): number {
  return Math.max(0, ...lines.map(widthOf));
}

function services(platform: Status["platform"] & object, style: Style): string[] {
  const mark = addressMark(loadBalancers(platform));
  const rows = columns(
    platform.services.map(({ name, team, host, address }) => {
      const outside = address == null ? "" : mark === "" ? address : `${address} ${mark}`;
      return [name, team, host ?? "no port", outside];
    }),
  );
  return [style.bold(`Services (${platform.services.length})`), ...rows.map((row) => `  ${row}`)];
}

function recorded({ resources, components }: Status, style: Style): string[] {
  const total = Object.values(resources).reduce((sum, number) => sum + number, 0);
  const rows = columns(Object.entries(resources).map(([type, number]) => [String(number).padStart(5), type]));
  const held =
    components === 0 ? "" : `, and ${count(components, "component or provider", "components and providers")}`;
  return [style.bold(`On record: ${count(total, "resource")}${held}`), ...rows];
}
