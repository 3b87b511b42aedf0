import { z } from "zod";
import { cidrFault } from "./cidr.ts";
import { checked, dnsName, fields, portName, portNumber, protocol, quantity, text, whole } from "./fields.ts";
import { health } from "./health-schema.ts";
import { imageFault } from "./image.ts";
import { parseBytes, parseCpu } from "./quantity.ts";

const cpu = () => quantity(parseCpu, "cores or thousandths of one, from 1m to 96: 100m, 0.5, 2");
const memory = () => quantity((value) => parseBytes(value, "4Mi"), "bytes with a unit, from 4Mi: 500Mi, 1Gi");
const disk = () => quantity((value) => parseBytes(value, "1Mi"), "bytes with a unit, from 1Mi: 100Mi, 10Gi");

/** The namespaces of the cluster itself: a stack that owned one would change its objects, and delete it in the end. */
const team = checked(dnsName(), (value) =>
  value === "default" || value.startsWith("kube-")
    ? { message: `The namespace ${value} belongs to the cluster.`, fix: "name the team that owns the service" }
    : undefined,
);

/** Services that Weft makes beside the one of that name (see infra/naming.ts); a catalog's own must not collide. */
const derivedSuffix = /-(?:external|headless)$/;

const name = checked(dnsName(), (value) => {
  const [suffix] = derivedSuffix.exec(value) ?? [];
  return suffix === undefined
    ? undefined
    : { message: `Names that end in ${suffix} are kept for what Weft makes beside a service.`, fix: "rename it" };
});

const image = checked(z.string({ error: "an image with a tag or digest" }), (value) => {
  const fault = imageFault(value);
  if (fault === undefined) return undefined;
  return { message: fault.reason, allowed: "[registry/]name:tag or name@sha256:…, never latest", fix: fault.fix };
});

const port = z
  .union(
    [
      portNumber().describe("Port of the service and of its process, named for the kind of the health check."),
      fields({
        name: portName()
          .optional()
          .describe("Default, if it is the only port: its appProtocol, or the kind of the health check."),
        port: portNumber().describe("Port that callers use."),
        targetPort: portNumber().optional().describe("Port the process listens on. Default: the same as port."),
        protocol: protocol(),
        appProtocol: z
          .enum(["http", "grpc", "tcp"], { error: "http, grpc or tcp" })
          .optional()
          .describe(
            "What is spoken on it; meshes and gateways read it. Default: http, grpc or tcp if that is the port's name " +
              "or what stands before the first hyphen in it.",
          ),
      }),
    ],
    { error: "a port number, or a mapping such as {name: grpc, port: 7000}" },
  )
  .describe("A port that callers may use.");

const address = fields({
  service: dnsName().describe("Service of this catalog whose address it is. It must also stand in calls."),
  port: portName().optional().describe("Name of its port. May be left out if it has only one."),
  scheme: text(/^[a-z][a-z0-9+.-]{0,31}$/, "a URL scheme without ://, such as http")
    .optional()
    .describe("Written before the address, with ://. Default: none, so that the value is host:port."),
});

const variable = () =>
  text(
    /^[A-Za-z_][A-Za-z0-9_]{0,255}$/,
    "a variable name: letters, digits and underscores, no digit first, at most 256 characters",
  );

/** DNS subdomain, as names of Kubernetes objects are. */
const objectName = () =>
  text(
    /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/,
    "a Kubernetes object name: lower-case letters, digits, hyphens and dots, at most 253 characters",
  );

const call = z
  .union(
    [
      dnsName().describe("Name of a service with one port."),
      fields({
        service: dnsName().describe("Service of this catalog that is called."),
        port: portName().optional().describe("Name of its port. May be left out if it has only one."),
      }),
      fields({
        cidr: checked(z.string({ error: "a range such as 203.0.113.0/24" }), (value) => {
          const fault = cidrFault(value);
          if (fault === undefined) return undefined;
          return { message: fault.reason, allowed: "a range such as 203.0.113.0/24", suggestion: fault.suggestion };
        }).describe(
          "Addresses outside the cluster, as a range. A wide one includes the cluster's own: its nodes, pods and services.",
        ),
        port: portNumber().describe("Port of those addresses."),
        protocol: protocol(),
      }),
    ],
    { error: "the name of a service, {service, port} or {cidr, port, protocol}" },
  )
  .describe("Something the service may open connections to.");

/** The runtime mounts /proc, /sys and /dev itself, and Kubernetes refuses a colon. */
const mountPath = () =>
  text(
    /^(?!\/(?:proc|sys|dev)(?:\/|$))(?!.*\/\.{0,2}(?:\/|$))\/[^:\s]{1,512}$/,
    "an absolute path without a slash at its end, .., : or spaces; not /, /proc, /sys or /dev",
  );

const scale = checked(
  fields({
    min: whole(1, 1000).optional().describe("Fewest replicas the autoscaler may choose. Default: 2."),
    max: whole(1, 1000).optional().describe("Most replicas the autoscaler may choose. Default: 100."),
    cpu: whole(1, 100).optional().describe("CPU use the autoscaler aims for, in % of the request. Default: 70."),
    replicas: whole(1, 1000).optional().describe("A fixed number, without autoscaler; 1 is a singleton."),
  }),
  ({ min, max, cpu: target, replicas }) => {
    const allowed = "min, max and cpu for an autoscaler, or replicas for a fixed number";
    if (replicas !== undefined) {
      if (min === undefined && max === undefined && target === undefined) return undefined;
      return { message: "A fixed number of replicas leaves nothing to an autoscaler.", allowed };
    }
    if ((min ?? scaleDefaults.min) <= (max ?? scaleDefaults.max)) return undefined;
    const bounds = [bound("min", min, scaleDefaults.min), bound("max", max, scaleDefaults.max)];
    return { message: `${bounds.join(" is more than ")}.`, allowed: "min no more than max" };
  },
);

/** Of the autoscaler of a service that says nothing. */
export const scaleDefaults = { min: 2, max: 100, cpu: 70 } as const;

function bound(name: string, value: number | undefined, otherwise: number): string {
  return value === undefined ? `the default ${name} ${otherwise}` : `${name} ${value}`;
}

/** 65532 is "nonroot" in distroless images; above 10000, so that it can't be a user of the node. */
const defaultUser = 65532;
const userNumber = () => whole(1, 2_147_483_647);

/** A service file as it is written. `spec.ts` says what becomes of it. */
export const serviceFile = fields({
  name: name.describe("Name of the service, unique in the catalog, and of every Kubernetes object it becomes."),
  team: team.describe("Team that owns it; its namespace is named for it."),
  image: image.describe("Image with a tag or digest, never latest."),
  command: z
    .array(z.string({ error: "text" }), { error: "a list of texts" })
    .default([])
    .describe("Replaces the entry point of the image. Default: the image's."),
  args: z
    .array(z.string({ error: "text" }), { error: "a list of texts" })
    .default([])
    .describe("Arguments of the entry point. Default: the image's."),
  critical: z
    .boolean({ error: "true or false" })
    .default(false)
    .describe("Users notice its loss at once; policies then ask for more than one replica and a disruption budget."),
  ports: z
    .array(port, { error: "a list of ports" })
    .default([])
    .describe("Ports that callers may use. A worker or load generator has none."),
  expose: z
    .enum(["cluster", "load-balancer"], { error: "cluster or load-balancer" })
    .default("cluster")
    .describe("load-balancer gives it an address outside the cluster: all its ports, for everyone."),
  health: health.describe(
    "How to tell that it is ready and alive: http, grpc, tcp or exec for both, or readiness and liveness apart.",
  ),
  resources: fields({
    requests: fields({
      cpu: cpu().default("100m").describe("CPU that is reserved for each replica, such as 100m or 0.5."),
      memory: memory().default("500Mi").describe("Memory that is reserved for each replica, such as 500Mi."),
    })
      .prefault({})
      .describe("What each replica is sure to get."),
    limits: fields({
      cpu: cpu().default("500m").describe("CPU at which a replica is slowed down."),
      memory: memory().default("1Gi").describe("Memory at which a replica is killed."),
    })
      .prefault({})
      .describe("What each replica may use at most; not less than what it requests."),
  })
    .prefault({})
    .describe("CPU and memory of each replica."),
  scale: scale.default({}).describe("How many replicas: an autoscaler from 2 to 100 at 70 % CPU, or a fixed number."),
  environment: z
    .record(
      variable(),
      z
        .union([z.string(), z.number(), z.boolean(), address], {
          error: "text, a number, true or false, or the address of a service: {service: payments}",
        })
        .describe("Value of the variable: text, a number, true or false, or the address of a service."),
      { error: "a mapping of variables to values" },
    )
    .default({})
    .describe("Environment variables by name. Secret values belong in secrets."),
  secrets: z
    .record(
      variable(),
      fields({
        secret: objectName().describe("Name of a Secret in the namespace of the team."),
        key: text(/^[A-Za-z0-9._-]{1,253}$/, "letters, digits, ., _ and -, at most 253 characters").describe(
          "Key in that Secret.",
        ),
      }).describe("Where the value is: a Secret and a key in it."),
      { error: "a mapping of variables to {secret, key}" },
    )
    .default({})
    .describe("Environment variables whose values are in Secrets, by name. The value itself never stands here."),
  calls: z
    .array(call, { error: "a list of calls" })
    .default([])
    .describe("What it may open connections to. The network refuses everything else but DNS."),
  callers: z
    .array(dnsName(), { error: "a list of service names" })
    .optional()
    .describe(
      "The only services that may call it; not for an exposed one. Default: every service that declares the call.",
    ),
  volumes: z
    .array(
      fields({
        name: dnsName().describe("Name of the volume, unique in the service."),
        path: mountPath().describe("Folder in the container."),
        size: disk().describe("Size of the disk of each replica, such as 10Gi."),
        storageClass: objectName().optional().describe("Storage class. Default: the cluster's."),
      }).describe("A disk that outlives the pod."),
      { error: "a list of {name, path, size}" },
    )
    .default([])
    .describe("Disks that outlive a pod, one for each replica. With any, the service becomes a StatefulSet."),
  scratch: z
    .array(
      fields({
        path: mountPath().describe("Folder in the container."),
        size: disk().default("100Mi").describe("A pod that writes more is evicted."),
      }).describe("A writable folder that dies with the pod."),
      { error: "a list of {path, size}" },
    )
    .default([])
    .describe("Writable folders that die with the pod. The rest of the file system is read-only."),
  runAs: fields({
    user: userNumber().default(defaultUser).describe("Number of the user. Never 0."),
    group: userNumber().optional().describe("Number of the group. Default: the same as the user."),
  })
    .prefault({})
    .describe("User and group of the process."),
  terminationSeconds: whole(1, 3600).default(30).describe("Seconds between SIGTERM and SIGKILL."),
});

export type ServiceFile = z.output<typeof serviceFile>;
