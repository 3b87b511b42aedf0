/** Kubernetes objects for tests that only need something to run. All in the namespace `default`. */

export function container(name = "app"): object {
  return { name, image: "example/app:1", resources: { requests: { cpu: "100m", memory: "64Mi" } } };
}

/** Spread over the zones, with the label `app: <name>` on its pods. */
export function deployment(name: string, replicas: number): object {
  const labels = { app: name };
  const spread = {
    maxSkew: 1,
    topologyKey: "topology.kubernetes.io/zone",
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: { matchLabels: labels },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container()], topologySpreadConstraints: [spread] } },
    },
  };
}
