/**
 * Fields that belong to rooms which do not exist yet, with what will read them. They are refused by name: a service that
 * says it publishes an event must not be deployed as if it did not.
 */
export const notImplementedYet: ReadonlyMap<string, string> = new Map([
  ["publishes", "infra/messaging, which will make topics and credentials from it"],
  ["consumes", "infra/messaging, which will make consumer groups and credentials from it"],
  ["stores", "the room for data stores, which will provision and connect them"],
  ["routes", "infra/gateway, which will route requests from outside by it"],
  ["slo", "infra/observability, which will make recording rules and alerts from it"],
  ["burst", "infra/burst, which will run the work outside the long-running pods"],
]);

/** Words that other tools use for what a field here says, by the word. */
export const otherWords: ReadonlyMap<string, string> = new Map([
  ["env", "environment, a mapping of variables to values"],
  ["envFrom", "secrets, a mapping of variables to references"],
  ["replicas", "scale: {replicas: 3}, or scale: {min: 2, max: 10}"],
  ["autoscaling", "scale: {min: 2, max: 10, cpu: 70}"],
  ["hpa", "scale: {min: 2, max: 10, cpu: 70}"],
  ["port", "ports, a list"],
  ["readiness", "health: {readiness: {http: {path: /ready}}, liveness: …}"],
  ["liveness", "health: {readiness: …, liveness: {http: {path: /live}}}"],
  ["probes", "health: {http: {path: /healthz}}"],
  ["readinessProbe", "health: {readiness: …, liveness: …}"],
  ["livenessProbe", "health: {readiness: …, liveness: …}"],
  ["healthcheck", "health: {http: {path: /healthz}}"],
  ["namespace", "team: the namespace is named for it"],
  ["owner", "team"],
  ["dependsOn", "calls, a list of services"],
  ["dependencies", "calls, a list of services"],
  ["egress", "calls: [{cidr: 203.0.113.0/24, port: 443}]"],
  ["ingress", "callers, a list of services, or expose: load-balancer"],
  ["requests", "resources: {requests: {cpu: 100m, memory: 500Mi}}"],
  ["limits", "resources: {limits: {cpu: 500m, memory: 1Gi}}"],
  ["cpu", "resources: {requests: {cpu: 100m}, limits: {cpu: 500m}}"],
  ["memory", "resources: {requests: {memory: 500Mi}, limits: {memory: 1Gi}}"],
  ["volumeMounts", "volumes or scratch"],
  ["tmp", "scratch: [{path: /tmp}]"],
  ["user", "runAs: {user: 1000}"],
  ["runAsUser", "runAs: {user: 1000}"],
  ["securityContext", "runAs; the rest is fixed for every service"],
  ["entrypoint", "command"],
  ["terminationGracePeriodSeconds", "terminationSeconds"],
]);
