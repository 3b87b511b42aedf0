import type { PropertyMap } from "../../engine/property.ts";

/** A Deployment of two replicas in the default namespace. */
export function deployment(
  name: string,
  spec: PropertyMap = {},
  container: PropertyMap = {},
  annotations: PropertyMap = {},
): PropertyMap {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: "app", image: "example/app:1", ...container }] },
      },
      ...spec,
    },
  };
}

export function configMap(name: string, data: PropertyMap, metadata: PropertyMap = {}): PropertyMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default", ...metadata }, data };
}

/** What a promise rejects with. */
export async function failure(work: Promise<unknown>): Promise<Error & { readonly reasons?: readonly string[] }> {
  return work.then(
    () => new Error("it did not fail"),
    (error: Error) => error,
  );
}
