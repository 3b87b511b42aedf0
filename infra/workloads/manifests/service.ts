import type { PortSpec, ServiceSpec } from "../../../catalog/spec.ts";
import { type Labels, selectorLabels } from "../../labels.ts";
import { externalServiceName, headlessServiceName } from "../../naming.ts";
import { isStateful } from "../scale.ts";
import { type ObjectMeta, serviceMeta } from "./meta.ts";

export interface ServiceManifest {
  readonly apiVersion: "v1";
  readonly kind: "Service";
  readonly metadata: ObjectMeta & { readonly namespace: string };
  readonly spec: {
    readonly type: "ClusterIP" | "LoadBalancer";
    readonly clusterIP?: "None";
    readonly selector: Labels;
    readonly ports?: ServicePort[];
  };
}

interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number;
  readonly protocol: "TCP" | "UDP";
  readonly appProtocol?: string;
}

/** The service's address inside the cluster; none when it listens on nothing. */
export function clusterService(service: ServiceSpec): ServiceManifest | undefined {
  if (service.ports.length === 0) return undefined;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: serviceMeta(service),
    spec: { type: "ClusterIP", selector: selectorLabels(service), ports: service.ports.map(servicePort) },
  };
}

/**
 * The address outside the cluster, as a second Service. Exposing a service, hiding it again, or changing the settings of
 * a cloud's load balancer (some can't be changed in place) then never touches the address that other services use.
 */
export function externalService(service: ServiceSpec): ServiceManifest | undefined {
  if (service.expose !== "load-balancer" || service.ports.length === 0) return undefined;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: serviceMeta(service, externalServiceName(service)),
    spec: { type: "LoadBalancer", selector: selectorLabels(service), ports: service.ports.map(servicePort) },
  };
}

/** The governing Service of a StatefulSet. It may have no ports: it gives names, and nobody connects to it. */
export function headlessService(service: ServiceSpec): ServiceManifest | undefined {
  if (!isStateful(service)) return undefined;
  const ports = service.ports.map(servicePort);
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: serviceMeta(service, headlessServiceName(service)),
    spec: {
      type: "ClusterIP",
      clusterIP: "None",
      selector: selectorLabels(service),
      ...(ports.length > 0 ? { ports } : {}),
    },
  };
}

function servicePort(port: PortSpec): ServicePort {
  return {
    name: port.name,
    port: port.port,
    targetPort: port.targetPort,
    protocol: port.protocol,
    ...(port.appProtocol !== undefined ? { appProtocol: port.appProtocol } : {}),
  };
}
