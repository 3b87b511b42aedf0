import { execFile, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type {
  V1Deployment,
  V1Job,
  V1Namespace,
  V1Node,
  V1ObjectMeta,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1Service,
} from "@kubernetes/client-node";

const run = promisify(execFile);

/** The kinds that tests ask for, by the name kubectl knows them by. */
interface Kinds {
  deployment: V1Deployment;
  job: V1Job;
  namespace: V1Namespace;
  node: V1Node;
  pod: V1Pod;
  pv: V1PersistentVolume;
  pvc: V1PersistentVolumeClaim;
  service: V1Service;
}

/** An object that the API server returned always has a name. (Times are texts here, whatever the type says.) */
export type Stored<K extends keyof Kinds> = Kinds[K] & { readonly metadata: V1ObjectMeta & { readonly name: string } };

/** A cluster through kubectl, as administrator. */
export class Kube {
  readonly #kubectl: string;
  readonly #access: readonly string[];

  /** kubectl's discovery cache goes beside the kubeconfig, not into the user's home. */
  constructor(kubectl: string, kubeconfig: string) {
    this.#kubectl = kubectl;
    this.#access = ["--kubeconfig", kubeconfig, "--cache-dir", `${kubeconfig}.cache`];
  }

  async kubectl(...args: string[]): Promise<string> {
    const { stdout } = await run(this.#kubectl, [...this.#access, ...args], { maxBuffer: 2 ** 26 });
    return stdout;
  }

  /** Server-side apply; objects come and go through standard input alone. */
  async apply(...objects: readonly object[]): Promise<void> {
    const args = [...this.#access, "apply", "--server-side", "-f", "-"];
    const child = spawn(this.#kubectl, args, { stdio: ["pipe", "ignore", "pipe"] });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      errors += chunk;
    });
    child.stdin.end(JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    const code = await new Promise<number | null>((done) => child.on("close", done));
    if (code !== 0) throw new Error(`kubectl apply failed: ${errors}`);
  }

  /** `undefined` when there is no such object. */
  async get<K extends keyof Kinds>(kind: K, name: string, namespace = "default"): Promise<Stored<K> | undefined> {
    const text = await this.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found");
    return text === "" ? undefined : (JSON.parse(text) as Stored<K>);
  }

  /** The pods of a Deployment, once exactly so many of them are ready. */
  async readyPods(deployment: string, count: number): Promise<Stored<"pod">[]> {
    await eventually(`${count} replicas of ${deployment} are ready`, async () => {
      return (await this.get("deployment", deployment))?.status?.readyReplicas === count;
    });
    return this.list("pod", "-n", "default", "-l", `app=${deployment}`);
  }

  /** Of all namespaces, unless the arguments say otherwise. */
  async list<K extends keyof Kinds>(kind: K, ...args: string[]): Promise<Stored<K>[]> {
    const where = args.includes("-n") ? args : ["-A", ...args];
    return (JSON.parse(await this.kubectl("get", kind, "-o", "json", ...where)) as { items: Stored<K>[] }).items;
  }
}

/** Asks four times a second until the answer is neither `undefined` nor false. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  seconds = 30,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const result = await check();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(250);
  }
}
