import type { ServiceSpec } from "../../../catalog/spec.ts";
import { LABEL, type Labels, standardLabels } from "../../labels.ts";

/** What every object has: plain data with nothing undefined in it, so that one plan always prints the same. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Labels;
  readonly annotations?: Labels;
}

/** CPU and memory of a container. A type and not an interface, which would not fit where a record is asked for. */
export type Amounts = { readonly cpu: string; readonly memory: string };

/** Metadata of an object that belongs to one service; named for it unless said otherwise. */
export function serviceMeta(service: ServiceSpec, name: string = service.name): ObjectMeta & { namespace: string } {
  return {
    name,
    namespace: service.team,
    labels: {
      ...standardLabels({ name: service.name, component: "service", partOf: service.team }),
      [LABEL.team]: service.team,
      [LABEL.critical]: String(service.critical),
    },
  };
}

/** Metadata of an object that belongs to a team's namespace as a whole. */
export function teamMeta(team: string, name: string): ObjectMeta & { namespace: string } {
  return { name, namespace: team, labels: teamLabels(team) };
}

export function teamLabels(team: string): Labels {
  return { ...standardLabels({ name: team, component: "team", partOf: team }), [LABEL.team]: team };
}
