import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Access, Api, ApiError, NoAnswer } from "./api.ts";
import { COMPONENTS, type Component } from "./configuration.ts";
import { type FileState, fileState, type Layout } from "./layout.ts";
import { type ExistingNode, NODE_LABEL } from "./nodes.ts";
import { clusterProcesses } from "./processes.ts";

/** "silent": it runs and does not answer, so only ending it helps. "unwell": it answers that it is not healthy. */
export interface Problem {
  readonly kind: "stopped" | "silent" | "unwell";
  /** Continues the component's name: "is not running". */
  readonly message: string;
}

/** A cluster as it is found. */
export interface Observation {
  readonly files: FileState;
  /** Essential files that are not there, or are there and damaged. */
  readonly missing: readonly string[];
  /** What is wrong with a component; absent when it works. */
  readonly problems: Readonly<Partial<Record<Component, Problem>>>;
  readonly running: readonly Component[];
  /** Processes of the cluster that are no component: a kwokctl that some other run left behind. */
  readonly strays: number;
  /** `undefined` when the API server did not say. */
  readonly nodes: readonly ExistingNode[] | undefined;
}

/** How long a component may take to answer before it counts as hanging: generous, for machines under load. */
const ANSWER_MS = 10_000;

const HEALTH_PATHS: Readonly<Record<Component, string>> = {
  etcd: "/health",
  "kube-apiserver": "/readyz",
  "kube-controller-manager": "/healthz",
  "kube-scheduler": "/healthz",
  "kwok-controller": "/healthz",
};

/** Looks at files, processes and health endpoints. Writes nothing. */
export async function observe(at: Layout): Promise<Observation> {
  const { state, missing } = await fileState(at);
  const programs = (await clusterProcesses(at.cluster)).map(({ program }) => program);
  const running = COMPONENTS.filter((component) => programs.includes(component));
  const found = { files: state, missing, running, strays: programs.length - running.length };
  const problems: Partial<Record<Component, Problem>> = {};
  for (const component of COMPONENTS) {
    if (!running.includes(component)) problems[component] = { kind: "stopped", message: "is not running" };
  }
  if (state !== "complete") return { ...found, problems, nodes: undefined };

  const ports = await recordedPorts(at);
  const damaged = [...(ports === undefined ? ["kwok.yaml"] : []), ...(await damagedPems(at))];
  if (ports === undefined || damaged.length > 0) {
    return { ...found, files: "broken", missing: damaged, problems, nodes: undefined };
  }
  const api = new Api(await readAccess(at, ports));
  try {
    await Promise.all(
      running.map(async (component) => {
        // Without etcd it could only be slow to say so.
        if (component === "kube-apiserver" && !running.includes("etcd")) return;
        const problem = await probe(api, component, ports[component], ANSWER_MS);
        if (problem !== undefined) problems[component] = problem;
      }),
    );
    const serves = problems.etcd === undefined && problems["kube-apiserver"] === undefined;
    const nodes = serves ? await listNodes(api) : undefined;
    return { ...found, problems, nodes };
  } finally {
    api.close();
  }
}

/** Why a component's own health check fails; `undefined` when it passes. Its certificate must be of this cluster. */
export async function probe(api: Api, component: Component, port: number, ms: number): Promise<Problem | undefined> {
  try {
    await api.text("GET", `https://127.0.0.1:${port}${HEALTH_PATHS[component]}`, { timeout: ms });
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) {
      return { kind: "unwell", message: `runs and says that it is not healthy (${error.code})` };
    }
    if (error instanceof NoAnswer) return silent(port, `no answer within ${ms / 1000} s`);
    return silent(port, error instanceof Error ? error.message : String(error));
  }
}

function silent(port: number, reason: string): Problem {
  return { kind: "silent", message: `runs but does not answer on port ${port} (${reason})` };
}

/** Ports as kwokctl recorded them. */
export async function readPorts(at: Layout): Promise<Record<Component, number>> {
  const ports = await recordedPorts(at);
  if (ports !== undefined) return ports;
  throw new Error(
    `${join(at.cluster, "kwok.yaml")} is damaged: it does not say where the cluster listens. ` +
      "Run again: the next run replaces the cluster.",
  );
}

async function recordedPorts(at: Layout): Promise<Record<Component, number> | undefined> {
  const documents = (await readKwokDocuments(at)) as KwokDocument[] | undefined;
  const recorded = documents?.find(({ kind }) => kind === "KwokctlConfiguration");
  const ports = COMPONENTS.map((component) => {
    const named = recorded?.components?.find(({ name }) => name === component)?.ports ?? [];
    return [component, named.find(({ name }) => name !== "peer-http")?.port] as const;
  });
  if (ports.some(([, port]) => !port)) return undefined;
  return Object.fromEntries(ports) as Record<Component, number>;
}

interface KwokDocument {
  readonly kind?: string;
  readonly components?: readonly {
    readonly name: string;
    readonly ports?: readonly { name: string; port: number }[];
  }[];
}

/** What kwokctl keeps in kwok.yaml, document by document; `undefined` when it can't be parsed to its end. */
export async function readKwokDocuments(at: Layout): Promise<object[] | undefined> {
  const documents = [...parseAllDocuments(await readFile(join(at.cluster, "kwok.yaml"), "utf8"))];
  if (documents.some(({ errors }) => errors.length > 0)) return undefined;
  const values = documents.map((document) => document.toJS() as unknown);
  return values.filter((value) => typeof value === "object" && value !== null);
}

const PEMS = { ca: "pki/ca.crt", cert: "pki/admin.crt", key: "pki/admin.key" } as const;

/** The administrator's access to the cluster, from its own files. */
export async function readAccess(at: Layout, ports: Readonly<Record<Component, number>>): Promise<Access> {
  const [ca, cert, key] = await Promise.all([readPem(at, PEMS.ca), readPem(at, PEMS.cert), readPem(at, PEMS.key)]);
  return { server: `https://127.0.0.1:${ports["kube-apiserver"]}`, ca, cert, key };
}

/** Those that were cut off or overwritten: with them, every request would fail as if nobody answered. */
async function damagedPems(at: Layout): Promise<string[]> {
  const files = Object.values(PEMS);
  const texts = await Promise.all(files.map((file) => readPem(at, file)));
  return files.filter((_, index) => !/^-----BEGIN [\s\S]+-----END [A-Z ]+-----\s*$/.test(texts[index] ?? ""));
}

function readPem(at: Layout, file: string): Promise<string> {
  return readFile(join(at.cluster, file), "utf8");
}

export const NODES_PATH = `/api/v1/nodes?labelSelector=${encodeURIComponent(NODE_LABEL)}`;

async function listNodes(api: Api): Promise<ExistingNode[] | undefined> {
  try {
    return (await api.json<{ items: ExistingNode[] }>("GET", NODES_PATH)).items;
  } catch {
    // The API server went away since the probe, or refuses; the next look will say which.
    return undefined;
  }
}
