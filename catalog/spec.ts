/**
 * A service as the rooms see it: validated, with every default filled in. `load.ts` makes it from a service file;
 * nothing else does. Plain data: no Pulumi, no Kubernetes types.
 */
export interface ServiceSpec {
  /** DNS label, unique in the catalog; the name of every Kubernetes object the service becomes. */
  readonly name: string;
  /** DNS label; its namespace is named for it. */
  readonly team: string;
  /** Image reference with a tag or digest. */
  readonly image: string;
  /** Replaces the image's entry point; empty keeps it. */
  readonly command: readonly string[];
  /** Arguments of the entry point; empty keeps the image's. */
  readonly args: readonly string[];
  /** Marked by its owner as one whose loss users notice at once; policies ask more of it. */
  readonly critical: boolean;
  readonly ports: readonly PortSpec[];
  /** "load-balancer" gives all its ports an address outside the cluster; "cluster" (the default) does not. */
  readonly expose: "cluster" | "load-balancer";
  readonly health: HealthSpec;
  readonly resources: ResourcesSpec;
  readonly scale: ScaleSpec;
  readonly environment: Readonly<Record<string, EnvironmentValue>>;
  /** Environment variables that come from Secrets in the team's namespace, by variable name. */
  readonly secrets: Readonly<Record<string, SecretReference>>;
  /** What it may open connections to; nothing else but DNS is allowed out. */
  readonly calls: readonly CallSpec[];
  /** The only services that may call it; `undefined` means every service that declares the call. Never set when it is exposed. */
  readonly callers: readonly string[] | undefined;
  /** Disks that outlive a pod; a service that has any becomes a StatefulSet. */
  readonly volumes: readonly VolumeSpec[];
  /** Writable folders that die with the pod; the root file system is read-only. */
  readonly scratch: readonly ScratchSpec[];
  /** Numeric user and group the process runs as. Never 0. */
  readonly runAs: { readonly user: number; readonly group: number };
  /** Seconds between SIGTERM and SIGKILL. */
  readonly terminationSeconds: number;
  /** The file it was read from, relative to the catalog's folder; for messages. */
  readonly file: string;
}

export interface PortSpec {
  /** DNS label of at most 15 characters (IANA service name), unique in the service. */
  readonly name: string;
  /** Port of the Service. */
  readonly port: number;
  /** Port the process listens on. */
  readonly targetPort: number;
  readonly protocol: "TCP" | "UDP";
  /** What is spoken on it; becomes `appProtocol`, which meshes and gateways read. */
  readonly appProtocol: "http" | "grpc" | "tcp" | undefined;
}

export type ProbeCheck =
  | {
      readonly kind: "http";
      readonly path: string;
      readonly port: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: "grpc"; readonly port: string; readonly service: string | undefined }
  | { readonly kind: "tcp"; readonly port: string }
  | { readonly kind: "exec"; readonly command: readonly string[] };

export interface HealthSpec {
  /** Ready to take requests. */
  readonly readiness: ProbeCheck;
  /** Still able to make progress; a failing one is restarted. */
  readonly liveness: ProbeCheck;
  /** Seconds it may take to start before it is restarted. */
  readonly startupSeconds: number;
  /** Seconds one check may take. */
  readonly timeoutSeconds: number;
}

/** Kubernetes quantities as written ("100m", "500Mi"). */
export interface ResourcesSpec {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu: string; readonly memory: string };
}

export type ScaleSpec =
  /** A HorizontalPodAutoscaler between `min` and `max` replicas, at `cpu` % of the requested CPU. */
  | { readonly kind: "auto"; readonly min: number; readonly max: number; readonly cpu: number }
  /** A fixed number; 1 is a singleton. */
  | { readonly kind: "fixed"; readonly replicas: number };

export type EnvironmentValue =
  | { readonly kind: "value"; readonly value: string }
  /** "host:port" of another service in the catalog, with `scheme://` before it when one is given. */
  | { readonly kind: "address"; readonly service: string; readonly port: string; readonly scheme: string | undefined };

export interface SecretReference {
  /** Name of a Secret in the team's namespace. */
  readonly secret: string;
  readonly key: string;
}

export type CallSpec =
  /** Another service of the catalog, on the named port. */
  | { readonly kind: "service"; readonly service: string; readonly port: string }
  /** Addresses outside the cluster. */
  | { readonly kind: "cidr"; readonly cidr: string; readonly port: number; readonly protocol: "TCP" | "UDP" };

export interface VolumeSpec {
  readonly name: string;
  readonly path: string;
  /** Kubernetes quantity ("10Gi"). */
  readonly size: string;
  /** `undefined`: the cluster's default class. */
  readonly storageClass: string | undefined;
}

export interface ScratchSpec {
  readonly path: string;
  /** Kubernetes quantity; a pod that writes more is evicted. */
  readonly size: string;
}

/** A whole catalog, in the order of service names. */
export interface Catalog {
  readonly services: readonly ServiceSpec[];
}
