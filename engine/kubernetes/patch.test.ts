import { expect, it, vi } from "vitest";
import { fakeClusters, MAP, NOT_FOUND } from "./testing/fake-cluster.ts";

vi.mock("./patience.ts", async (original) => ({
  ...(await original<typeof import("./patience.ts")>()),
  MISORDER_PATIENCE: { total: 100, firstPause: 20, longestPause: 20 },
}));

const start = fakeClusters();

it("a patch makes no object of a misspelt name", async () => {
  const { driver, writes } = await start((_, reply) => reply.send(404, NOT_FOUND));
  await expect(driver.create(MAP, { type: "kubernetes:core/v1:ConfigMapPatch", name: "patch" })).rejects.toThrow(
    "ConfigMap shop/web was not patched: there is no such object\nFix: correct metadata.name and metadata.namespace,",
  );
  expect(writes()).toEqual([]);
});
