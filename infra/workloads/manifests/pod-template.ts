import type { Catalog, ServiceSpec } from "../../../catalog/spec.ts";
import { type Labels, selectorLabels, standardLabels, versionLabels } from "../../labels.ts";
import { canonicalQuantity } from "../quantity.ts";
import { gracePeriodSeconds, preStopSeconds } from "../rollout.ts";
import { isStateful } from "../scale.ts";
import { type EnvironmentVariable, environment, literal } from "./environment.ts";
import type { Amounts } from "./meta.ts";
import { type Probes, probes } from "./probes.ts";

export interface PodTemplate {
  readonly metadata: { readonly labels: Labels };
  readonly spec: PodSpec;
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly securityContext: PodSecurityContext;
  readonly terminationGracePeriodSeconds: number;
  readonly topologySpreadConstraints: TopologySpreadConstraint[];
  readonly containers: Container[];
  readonly volumes?: ScratchVolume[];
}

interface PodSecurityContext {
  readonly runAsNonRoot: boolean;
  readonly runAsUser: number;
  readonly runAsGroup: number;
  readonly fsGroup?: number;
  readonly fsGroupChangePolicy?: "OnRootMismatch";
  readonly seccompProfile: { readonly type: "RuntimeDefault" };
}

interface TopologySpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: "ScheduleAnyway";
  readonly labelSelector: { readonly matchLabels: Labels };
  readonly matchLabelKeys?: string[];
}

interface Container extends Probes {
  readonly name: string;
  readonly image: string;
  readonly command?: string[];
  readonly args?: string[];
  readonly env?: EnvironmentVariable[];
  readonly ports?: ContainerPort[];
  readonly resources: { readonly requests: Amounts; readonly limits: Amounts };
  readonly securityContext: ContainerSecurityContext;
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly terminationMessagePolicy: "FallbackToLogsOnError";
  readonly volumeMounts?: VolumeMount[];
}

interface ContainerPort {
  readonly name: string;
  readonly containerPort: number;
  readonly protocol: "TCP" | "UDP";
}

interface ContainerSecurityContext {
  readonly allowPrivilegeEscalation: boolean;
  readonly capabilities: { readonly drop: string[] };
  readonly readOnlyRootFilesystem: boolean;
}

interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
}

interface ScratchVolume {
  readonly name: string;
  readonly emptyDir: { readonly sizeLimit: string };
}

/** The pods of a service, the same for a Deployment and a StatefulSet. Passes the `restricted` Pod Security Standard. */
export function podTemplate(service: ServiceSpec, catalog: Catalog): PodTemplate {
  const scratch = scratchVolumes(service);
  return {
    metadata: { labels: podLabels(service) },
    spec: {
      serviceAccountName: service.name,
      automountServiceAccountToken: false,
      // Variables for every Service of the namespace would make a pod's environment depend on what was there first.
      enableServiceLinks: false,
      securityContext: podSecurity(service),
      terminationGracePeriodSeconds: gracePeriodSeconds(service),
      topologySpreadConstraints: [
        spread(service, "topology.kubernetes.io/zone"),
        spread(service, "kubernetes.io/hostname"),
      ],
      containers: [container(service, catalog, scratch)],
      ...(scratch.length > 0 ? { volumes: scratch.map(({ name, emptyDir }) => ({ name, emptyDir })) } : {}),
    },
  };
}

/** Whether a service is critical stays out: changing a mark must not restart what it marks. */
function podLabels(service: ServiceSpec): Labels {
  return {
    ...standardLabels({ name: service.name, component: "service", partOf: service.team }),
    ...selectorLabels(service),
    ...versionLabels(service.image),
  };
}

function podSecurity(service: ServiceSpec): PodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: service.runAs.user,
    runAsGroup: service.runAs.group,
    // A fresh disk belongs to root. Changing the owner of a large one at every start would take minutes.
    ...(isStateful(service) ? { fsGroup: service.runAs.group, fsGroupChangePolicy: "OnRootMismatch" } : {}),
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/**
 * Even over zones and over nodes, but a pod in the wrong place is better than none: with `DoNotSchedule` a lost zone, or
 * one without capacity, would keep its pods from starting elsewhere just when they are needed, and nodes without a zone
 * label (kind has none) could hold no pod at all.
 */
function spread(service: ServiceSpec, topologyKey: string): TopologySpreadConstraint {
  return {
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorLabels(service) },
    // Without it the old pods of a rolling update count, and the new ones are uneven once those are gone. A StatefulSet
    // replaces its pods one at a time in their old places, so there they do count.
    ...(isStateful(service) ? {} : { matchLabelKeys: ["pod-template-hash"] }),
  };
}

function container(service: ServiceSpec, catalog: Catalog, scratch: readonly Scratch[]): Container {
  const variables = environment(service, catalog);
  const ports = containerPorts(service);
  const mounts: VolumeMount[] = [
    ...service.volumes.map((volume) => ({ name: volume.name, mountPath: volume.path })),
    ...scratch.map(({ name, mountPath }) => ({ name, mountPath })),
  ];
  const preStop = preStopSeconds(service);
  return {
    name: service.name,
    image: service.image,
    ...(service.command.length > 0 ? { command: service.command.map(literal) } : {}),
    ...(service.args.length > 0 ? { args: service.args.map(literal) } : {}),
    ...(variables.length > 0 ? { env: variables } : {}),
    ...(ports.length > 0 ? { ports } : {}),
    resources: { requests: amounts(service.resources.requests), limits: amounts(service.resources.limits) },
    ...probes(service),
    // The action of the kubelet itself: it needs no shell in the image.
    ...(preStop > 0 ? { lifecycle: { preStop: { sleep: { seconds: preStop } } } } : {}),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    },
    // A crash then leaves its last lines in the pod's status, where `up` can show them.
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
  };
}

/** One entry for each port the process listens on: two ports of a Service may lead to the same one. */
function containerPorts(service: ServiceSpec): ContainerPort[] {
  const byTarget = new Map<string, ContainerPort>();
  for (const port of service.ports) {
    const key = `${port.targetPort}/${port.protocol}`;
    if (!byTarget.has(key)) {
      byTarget.set(key, { name: port.name, containerPort: port.targetPort, protocol: port.protocol });
    }
  }
  return [...byTarget.values()];
}

function amounts(written: Amounts): Amounts {
  return { cpu: canonicalQuantity(written.cpu), memory: canonicalQuantity(written.memory) };
}

interface Scratch extends ScratchVolume, VolumeMount {}

function scratchVolumes(service: ServiceSpec): readonly Scratch[] {
  const taken = new Set(service.volumes.map((volume) => volume.name));
  return service.scratch.map((folder, index) => {
    let name = `scratch-${index}`;
    while (taken.has(name)) name = `${name}-x`;
    taken.add(name);
    return { name, mountPath: folder.path, emptyDir: { sizeLimit: canonicalQuantity(folder.size) } };
  });
}
