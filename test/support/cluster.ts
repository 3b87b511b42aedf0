import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Kube } from "./kube.ts";
import { Plugin, type Properties } from "./plugin.ts";

export interface ClusterOptions {
  /** Folder for the cluster and its kubeconfig; a temporary one of the test. */
  readonly directory: string;
  /** @default "test" */
  readonly name?: string;
  /** @default 6 */
  readonly nodes?: number;
  /** @default 3 */
  readonly zones?: number;
}

export interface TestCluster {
  /** Path of a kubeconfig with the certificates in it. */
  readonly kubeconfig: string;
  readonly outputs: Properties;
  readonly kube: Kube;
  /** Ends every process of the cluster and removes its files. */
  stop(): Promise<void>;
}

/** An embedded cluster for a test that needs a control plane, made by Weft's own provider. Takes about 4 s. */
export async function startCluster(options: ClusterOptions): Promise<TestCluster> {
  const { directory, name = "test", nodes = 6, zones = 3 } = options;
  const urn = `urn:pulumi:test::weft::weft-native:cluster:Kwok::${name}`;
  const { id, properties } = await withPlugin((plugin) =>
    plugin.create(urn, {
      name,
      directory: join(directory, "kwok"),
      nodes,
      zones,
      region: "test",
      cpu: "8",
      memory: "32Gi",
    }),
  );
  const kubeconfig = join(directory, `${name}.kubeconfig`);
  await writeFile(kubeconfig, secretText(properties.kubeconfig), { mode: 0o600 });
  return {
    kubeconfig,
    outputs: properties,
    kube: new Kube(join(String(properties.path), "bin", "kubectl"), kubeconfig),
    stop: () => withPlugin((plugin) => plugin.delete(urn, id, properties)),
  };
}

async function withPlugin<T>(action: (plugin: Plugin) => Promise<T>): Promise<T> {
  const plugin = await Plugin.start();
  try {
    return await action(plugin);
  } finally {
    await plugin.stop();
  }
}

/** The text of a secret as it comes over the wire. */
export function secretText(property: unknown): string {
  if (typeof property === "object" && property !== null && "value" in property) return String(property.value);
  throw new Error("the property is not a secret on the wire");
}
