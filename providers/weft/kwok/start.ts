import { Api } from "./api.ts";
import { COMPONENTS, type Component } from "./configuration.ts";
import { releaseNodes } from "./converge.ts";
import { probe, readAccess, readPorts } from "./health.ts";
import { correctPidFiles, kwokctl, logEnd, logSince, logSizes, PortTaken } from "./kwokctl.ts";
import type { Layout } from "./layout.ts";
import { type Operation, RUN_AGAIN, until } from "./operation.ts";
import { isFree } from "./ports.ts";
import { clusterProcesses, endProcesses } from "./processes.ts";

/** A cold start on two busy cores has taken 20 s. */
const READY_SECONDS = 120;
/** A component that keeps ending is not going to stay. */
const MAX_STARTS = 4;

/** Makes a new control plane from a configuration and waits until all of it is healthy. */
export async function createControlPlane(at: Layout, operation: Operation, configuration: string): Promise<void> {
  operation.status("starting etcd and the control plane");
  // An empty --kubeconfig keeps kwokctl away from the user's own.
  const create = () => kwokctl(at, operation, ["create", "cluster", "--config", "-", "--kubeconfig="], configuration);
  await bringUp(at, operation, create);
}

/** Starts what does not run and waits until everything is healthy. Data, ports and certificates stay. */
export async function startControlPlane(at: Layout, operation: Operation): Promise<void> {
  const ports = await readPorts(at);
  const running = (await clusterProcesses(at.cluster)).map(({ program }) => program);
  for (const component of COMPONENTS) {
    if (!running.includes(component) && !(await isFree(ports[component]))) {
      throw new PortTaken(
        `${component} of cluster "${at.name}" can't be started: its port 127.0.0.1:${ports[component]} is taken by ` +
          "another program. End that program and run again, or replace the cluster to get other ports.",
      );
    }
  }
  await bringUp(at, operation, () => startMissing(at, operation));
  if (!running.includes("kwok-controller")) await restartKwok(at, operation, ports);
}

/** So that it starts among nodes that nobody claims; that takes an API server. */
async function restartKwok(
  at: Layout,
  operation: Operation,
  ports: Readonly<Record<Component, number>>,
): Promise<void> {
  await endProcesses(at.cluster, (program) => program === "kwok-controller");
  const api = new Api(await readAccess(at, ports));
  try {
    await releaseNodes(api);
  } finally {
    api.close();
  }
  await bringUp(at, operation, () => startMissing(at, operation));
}

async function startMissing(at: Layout, operation: Operation): Promise<void> {
  const running = (await clusterProcesses(at.cluster)).map(({ program }) => program);
  const missing = COMPONENTS.filter((component) => !running.includes(component));
  if (missing.length === 0) return;
  operation.status(`starting ${missing.join(", ")}`);
  await correctPidFiles(at);
  await kwokctl(at, operation, ["start", "cluster"]);
}

async function bringUp(at: Layout, operation: Operation, begin: () => Promise<void>): Promise<void> {
  const logs = await logSizes(at);
  await begin();
  let starts = 1;
  let problems: [Component, string][] = [];
  const ports = await readPorts(at);
  const api = new Api(await readAccess(at, ports));
  try {
    await until(
      operation,
      () => problems.map(([component]) => component).join(", ") || "the control plane",
      READY_SECONDS,
      async () => {
        const running = (await clusterProcesses(at.cluster)).map(({ program }) => program);
        const ended = COMPONENTS.filter((component) => !running.includes(component));
        if (ended.length > 0) {
          await rejectTakenPorts(at, ended, ports, logs);
          // A controller gives up when the API server takes longer than ten seconds; it is simply started again.
          if (starts++ >= MAX_STARTS) throw await failure(at, ended, logs, "keeps ending");
          await startMissing(at, operation);
          return undefined;
        }
        const found = await Promise.all(
          COMPONENTS.map(
            async (component) => [component, await probe(api, component, ports[component], 2000)] as const,
          ),
        );
        problems = found.flatMap(([component, problem]) => (problem ? [[component, problem.message]] : []));
        return problems.length === 0 ? true : undefined;
      },
      () =>
        failure(
          at,
          problems.map(([component]) => component),
          logs,
          `is not healthy after ${READY_SECONDS} s`,
        ),
    );
  } finally {
    api.close();
  }
}

async function rejectTakenPorts(
  at: Layout,
  ended: readonly Component[],
  ports: Readonly<Record<Component, number>>,
  logs: Readonly<Record<Component, number>>,
): Promise<void> {
  for (const component of ended) {
    if ((await logSince(at, component, logs[component])).includes("address already in use")) {
      throw new PortTaken(
        `${component} of cluster "${at.name}" lost its port 127.0.0.1:${ports[component]} to another`,
      );
    }
  }
}

async function failure(
  at: Layout,
  components: readonly Component[],
  logs: Readonly<Record<Component, number>>,
  what: string,
): Promise<Error> {
  const parts = await Promise.all(
    components.map(async (component) => {
      return `${component} of cluster "${at.name}" ${what}. ${await logEnd(at, component, logs[component])}`;
    }),
  );
  return new Error([...parts, RUN_AGAIN].join("\n"));
}
