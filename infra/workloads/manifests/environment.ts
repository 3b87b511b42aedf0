import type { Catalog, EnvironmentValue, ServiceSpec } from "../../../catalog/spec.ts";
import { clusterHost } from "../../naming.ts";
import { findPort } from "../flows.ts";

export type EnvironmentVariable =
  | { readonly name: string; readonly value: string }
  | {
      readonly name: string;
      readonly valueFrom: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
    };

/** The container's environment, in the order of the variables' names. */
export function environment(service: ServiceSpec, catalog: Catalog): EnvironmentVariable[] {
  const values = Object.entries(service.environment).map(
    ([name, value]): EnvironmentVariable => ({ name, value: literal(text(value, catalog)) }),
  );
  const secrets = Object.entries(service.secrets).map(
    ([name, reference]): EnvironmentVariable => ({
      name,
      valueFrom: { secretKeyRef: { name: reference.secret, key: reference.key } },
    }),
  );
  return [...values, ...secrets].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function text(value: EnvironmentValue, catalog: Catalog): string {
  if (value.kind === "value") return value.value;
  const { callee, port } = findPort(catalog, value.service, value.port);
  const address = `${clusterHost(callee)}:${port.port}`;
  return value.scheme === undefined ? address : `${value.scheme}://${address}`;
}

/**
 * Text that reaches the process as written. The kubelet expands `$(NAME)` and turns `$$` into `$` in environment values,
 * commands, arguments and the commands of probes; a password with two dollar signs would lose one of them.
 */
export function literal(value: string): string {
  return /\$[($]/.test(value) ? value.replaceAll("$", "$$$$") : value;
}
