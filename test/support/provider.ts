import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { Driver } from "../../engine/kubernetes/testing/driver.ts";
import { startCluster, type TestCluster } from "./cluster.ts";
import type { Kube } from "./kube.ts";

export interface Provided {
  readonly cluster: TestCluster;
  readonly kube: Kube;
  /** Calls the provider as the engine does. */
  readonly driver: Driver;
  /** An object as the API server has it. */
  live(kind: string, name: string, namespace?: string): Promise<Live>;
  exists(kind: string, name: string, namespace?: string): Promise<boolean>;
}

export interface Live {
  readonly metadata: { readonly managedFields: readonly { readonly manager: string; readonly operation: string }[] };
  readonly data?: unknown;
}

/** An embedded cluster for the tests of a file, and the built-in engine's Kubernetes provider for it. */
export function useProvider(): Provided {
  const provided: Partial<{ -readonly [key in keyof Provided]: Provided[key] }> = {};
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "weft-provider-"));
    provided.cluster = await startCluster({ directory: folder });
    const { kube } = provided.cluster;
    provided.kube = kube;
    provided.live = async (kind, name, namespace = "default") =>
      JSON.parse(await kube.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--show-managed-fields"));
    provided.exists = async (kind, name, namespace = "default") =>
      (await kube.kubectl("get", kind, name, "-n", namespace, "--ignore-not-found", "-o", "name")) !== "";
    provided.driver = await Driver.start({ kubeconfig: provided.cluster.kubeconfig });
  });
  afterAll(async () => {
    await provided.driver?.close();
    await provided.cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  // Complete when a test runs.
  return provided as Provided;
}
