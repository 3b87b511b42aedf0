import type { Output } from "@pulumi/pulumi";
import type { PortSpec } from "../../catalog/spec.ts";

/** What other rooms may know of a deployed service. */
export interface ServiceContract {
  readonly name: string;
  readonly namespace: string;
  /** As callers see them: the ports of the Service, not of the pods. */
  readonly ports: readonly Pick<PortSpec, "name" | "port" | "protocol" | "appProtocol">[];
  /** DNS name inside the cluster; `undefined` for a service that listens on nothing. */
  readonly clusterHost: string | undefined;
  /**
   * Host name or IP address outside the cluster; `undefined` for a service that has none. The value inside is
   * `undefined` in a preview that makes the address.
   */
  readonly externalAddress: Output<string | undefined> | undefined;
}
