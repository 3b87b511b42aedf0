import { describe, expect, it } from "vitest";
import { derivedFieldManager } from "./naming.ts";
import { fakeClusters, MAP, NOT_FOUND, stored, URN } from "./testing/fake-cluster.ts";

// Races that a real API server can't be brought into at will.

const start = fakeClusters();
const OWN = derivedFieldManager(URN);
const CHANGED = { ...MAP, data: { a: "2" } };
const QUOTA_RACE = {
  message: 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified',
  reason: "Conflict",
  details: { kind: "resourcequotas", name: "q" },
};

describe("a write", () => {
  it("that creates is done again when others were counted against a quota at the same moment", async () => {
    let races = 3;
    const { driver, server, writes } = await start((_, reply) => {
      if (races-- > 0) reply.send(409, QUOTA_RACE);
      else reply.send(201, stored(OWN));
    });
    expect((await driver.create(MAP)).id).toBe("shop/web");
    expect(writes().map(({ method }) => method)).toEqual(["PATCH", "PATCH", "PATCH", "PATCH"]);
    expect(server.requests.filter(({ path }) => path !== "/api/v1")).toHaveLength(4);
    expect(driver.logs).toEqual([]);
    expect(driver.statuses.at(-1)).toMatch(/^waiting: Operation cannot be fulfilled on resourcequotas/);
  });

  it("that creates a quota takes one of its own name for what it is", async () => {
    const quota = { ...MAP, kind: "ResourceQuota", metadata: { name: "q", namespace: "shop" }, data: {} };
    const { driver, writes } = await start(({ method }, reply) => {
      if (method === "GET") reply.send(200, { ...stored("helm"), ...quota });
      else reply.send(409, QUOTA_RACE);
    });
    await expect(driver.create(quota)).rejects.toThrow(/already exists/);
    expect(writes()).toHaveLength(1);
  });

  it("that changes an object is done again after a pause when something else changed at the same moment", async () => {
    const times: number[] = [];
    const { driver } = await start(({ body }, reply) => {
      if (JSON.stringify(body).includes('"resourceVersion"')) return reply.send(201, stored(OWN));
      times.push(performance.now());
      if (times.length < 3) reply.send(409, QUOTA_RACE);
      else reply.send(200, stored(OWN));
    });
    await driver.update(await driver.create(MAP), CHANGED);
    expect(times).toHaveLength(3);
    expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(500);
    expect(driver.logs).toEqual([]);
  });

  it("under another field manager takes the fields of the one before, and no others", async () => {
    let holder = OWN;
    const { driver, writes } = await start(({ query }, reply) => {
      const cause = { reason: "FieldManagerConflict", field: ".data.a", message: `conflict with "${holder}"` };
      if (query.get("fieldManager") === OWN) reply.send(201, stored(OWN));
      else if (query.get("force") === "true") reply.send(200, stored("mine"));
      else reply.send(409, { message: "conflict", reason: "Conflict", details: { causes: [cause] } });
    });
    const annotations = { "pulumi.com/patchFieldManager": "mine" };
    const changed = { ...CHANGED, metadata: { name: "web", namespace: "shop", annotations } };
    const recorded = await driver.create(MAP);
    expect((await driver.update(recorded, changed)).outputs.__fieldManager).toBe("mine");
    expect(writes().map(({ query }) => `${query.get("fieldManager")} ${query.get("force")}`)).toEqual([
      `${OWN} false`,
      "mine false",
      "mine true",
      `${OWN} false`,
    ]);
    // What is let go of is this object, and never one that the letting go would make.
    expect(writes().at(-1)?.body).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "web", namespace: "shop", uid: "u" },
    });
    holder = "kubectl";
    await expect(driver.update(recorded, changed)).rejects.toThrow(/data.a: last set by "kubectl"/);
  });
});

describe("a patch", () => {
  it("is let go of only on the object that it was applied to", async () => {
    const mismatch = "uid mismatch: the provided object specified uid u, and no existing object was found";
    const { driver, writes } = await start(({ method, body }, reply) => {
      if (method === "GET") reply.send(200, stored("helm"));
      else if (JSON.stringify(body).includes('"data"')) reply.send(200, stored("m"));
      else reply.send(409, { message: mismatch, reason: "Conflict" });
    });
    const options = { type: "kubernetes:core/v1:ConfigMapPatch", name: "patch" };
    await driver.delete(await driver.create(MAP, options));
    expect(writes().map(({ body }) => (body as { metadata: object }).metadata)).toEqual([
      expect.objectContaining({ uid: "u" }),
      { name: "web", namespace: "shop", uid: "u" },
    ]);
  });

  it("waits for its object, and applies to that very one", async () => {
    let asked = 0;
    const { driver, writes } = await start(({ method }, reply) => {
      if (method === "GET" && ++asked < 3) reply.send(404, NOT_FOUND);
      else reply.send(200, stored("helm"));
    });
    await driver.create(MAP, { type: "kubernetes:core/v1:ConfigMapPatch", name: "patch" });
    expect(driver.statuses).toContain("waiting: ConfigMap shop/web was not patched: there is no such object");
    expect(writes().map(({ body }) => body)).toEqual([
      { ...MAP, metadata: { name: "web", namespace: "shop", uid: "u" } },
    ]);
  });
});
