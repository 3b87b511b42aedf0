import { afterEach } from "vitest";
import type { PropertyMap } from "../../property.ts";
import { Driver } from "./driver.ts";
import { FakeServer, type Handler, type Received } from "./fake-server.ts";

/** A kubeconfig for a fake server. */
export function kubeconfigOf(server: FakeServer, port: number): string {
  const authority = Buffer.from(server.certificate.cert).toString("base64");
  return JSON.stringify({
    clusters: [
      { name: "c", cluster: { server: `https://127.0.0.1:${port}`, "certificate-authority-data": authority } },
    ],
    users: [{ name: "u", user: { token: "t0ken" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
}

export interface FakeCluster {
  readonly server: FakeServer;
  readonly port: number;
  readonly driver: Driver;
  /** The requests so far that were meant to change something. */
  writes(): readonly Received[];
}

const CORE = ["ConfigMap", "Secret", "ResourceQuota"].map((kind) => ({
  name: `${kind.toLowerCase()}s`,
  kind,
  namespaced: true,
}));

/** Starts providers, each with a fake server that has the core group, and ends them with the test. */
export function fakeClusters() {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return async (answer: Handler, config: PropertyMap = {}): Promise<FakeCluster> => {
    const server = new FakeServer();
    const port = await server.listen();
    server.answer((request, reply) => {
      if (request.path === "/api/v1") reply.send(200, { resources: CORE });
      else return answer(request, reply);
    });
    const driver = await Driver.start({ kubeconfig: kubeconfigOf(server, port), ...config });
    closing.push(
      () => server.stop(),
      () => driver.close(),
    );
    return { server, port, driver, writes: () => server.requests.filter(({ method }) => method !== "GET") };
  };
}

export const PATH = "/api/v1/namespaces/shop/configmaps/web";
export const MAP: PropertyMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "web", namespace: "shop" },
  data: { a: "1" },
};
/** Under which the driver registers `MAP`. */
export const URN = "urn:pulumi:test::weft::kubernetes:core/v1:ConfigMap::configmap-web";
export const NOT_FOUND = { message: 'configmaps "web" not found', reason: "NotFound" };
export const CONFLICT = { message: "the object has been modified", reason: "Conflict" };

/** `MAP` as the server has it, applied by a manager. */
export function stored(manager: string, rest: object = {}): object {
  const metadata = {
    name: "web",
    namespace: "shop",
    uid: "u",
    resourceVersion: "5",
    managedFields: [{ manager, operation: "Apply", fieldsV1: {} }],
  };
  return { ...MAP, metadata, ...rest };
}
