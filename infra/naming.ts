/**
 * Names that are derived from a service's, in the one place where a name is made. The catalog keeps a service's own name
 * to 52 characters, so that these fit the 63 of a DNS label.
 */
interface Named {
  readonly name: string;
  readonly team: string;
}

/** The Service that only carries the address outside the cluster. */
export function externalServiceName(service: Named): string {
  return `${service.name}-external`;
}

/** The Service that gives each pod of a StatefulSet a DNS name. */
export function headlessServiceName(service: Named): string {
  return `${service.name}-headless`;
}

/** The service's DNS name inside the cluster; whole, so that it means the same in every namespace. */
export function clusterHost(service: Named): string {
  return `${service.name}.${service.team}.svc.cluster.local`;
}
