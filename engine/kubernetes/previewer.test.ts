import { describe, expect, it } from "vitest";
import { Secret, UNKNOWN } from "../property.ts";
import { derivedFieldManager } from "./naming.ts";
import { Driver } from "./testing/driver.ts";
import { fakeClusters, MAP, NOT_FOUND, stored, URN } from "./testing/fake-cluster.ts";

// What previews say and send. What a dry run really finds out is proven by the integration test.

const start = fakeClusters();
const OTHER = { ...MAP, metadata: { name: "other", namespace: "shop" } };

describe("a preview", () => {
  it("without a cluster is made from the inputs alone, and says so once, which is nobody's fault", async () => {
    const driver = await Driver.start({ kubeconfig: UNKNOWN });
    const outputs = await driver.previewCreate(MAP);
    await driver.previewCreate(OTHER);
    expect(outputs).toMatchObject({ data: { a: "1" }, metadata: { name: "web", uid: UNKNOWN } });
    expect(driver.logs).toEqual([
      "info Kubernetes objects were not checked against the API server: the cluster does not exist yet",
    ]);
    await expect(driver.create(MAP)).rejects.toThrow("kubeconfig is not known");
  });

  it("is made from the inputs alone where the API server is down, and asks it only once", async () => {
    const { server, driver } = await start(() => {});
    await server.stop();
    await Promise.all([driver.previewCreate(MAP), driver.previewCreate(OTHER)]);
    await driver.previewCreate({ ...MAP, metadata: { name: "c" } });
    expect(driver.logs).toEqual([
      expect.stringMatching(
        /^warning Kubernetes objects were not checked.*can't be reached: nothing listens there \(ECONNREFUSED\)$/,
      ),
    ]);
  });

  it("says once for each kind what the credentials may not do, and judges the others", async () => {
    const { driver, writes } = await start(({ path }, reply) => {
      if (path.includes("/configmaps/")) {
        reply.send(403, { message: 'User "ci" cannot patch resource "configmaps"', reason: "Forbidden" });
      } else reply.send(422, { message: "data: Invalid value", reason: "Invalid" });
    });
    await driver.previewCreate(MAP);
    await driver.previewCreate(OTHER);
    await expect(driver.previewCreate({ ...MAP, kind: "Secret", data: {} })).rejects.toThrow(/data: Invalid value/);
    expect(writes()).toHaveLength(3);
    expect(driver.logs).toEqual([
      'warning ConfigMap objects were not checked against the API server: the credentials may not do this, not even as a dry run: User "ci" cannot patch resource "configmaps"',
    ]);
  });

  it("tells each warning once, and none of deprecation where those are not wanted", async () => {
    const warnings = { warning: '299 - "v1 X is deprecated", 299 - "unknown field \\"x\\""' };
    const { driver } = await start((_, reply) => reply.send(201, stored("m"), warnings), {
      suppressDeprecationWarnings: true,
    });
    await driver.previewCreate(MAP);
    await driver.previewCreate(MAP);
    await driver.create(MAP);
    expect(driver.logs).toEqual(['warning unknown field "x"']);
  });

  it("hides the secrets of before and after", async () => {
    let message = "";
    const { driver } = await start((_, reply) => {
      if (message === "") reply.send(201, stored("m"));
      else reply.send(422, { message, reason: "Invalid" });
    });
    const recorded = await driver.create({ ...MAP, data: { a: new Secret("s3cr3t-before") } });
    message = 'Invalid value: "s3cr3t-after": differs from "s3cr3t-before"';
    await expect(driver.previewUpdate(recorded, { ...MAP, data: { a: new Secret("s3cr3t-after") } })).rejects.toThrow(
      'Invalid value: "[secret]": differs from "[secret]"',
    );
  });

  it("of a patch applies to nothing that is not there", async () => {
    let there = true;
    const { driver, writes } = await start(({ method }, reply) => {
      if (!there) reply.send(404, NOT_FOUND);
      else reply.send(200, method === "GET" ? stored("helm") : stored("m"));
    });
    const options = { type: "kubernetes:core/v1:ConfigMapPatch", name: "patch" };
    const recorded = await driver.create(MAP, options);
    await driver.previewUpdate(recorded, MAP, options);
    expect(writes().at(-1)?.body).toMatchObject({ metadata: { uid: "u" } });
    const before = writes().length;
    there = false;
    await driver.previewCreate(MAP, options);
    await driver.previewUpdate(recorded, MAP, options);
    expect(writes()).toHaveLength(before);
  });

  it("of another field manager conflicts with no field of the one before", async () => {
    const former = derivedFieldManager(URN);
    let manager = former;
    const { driver } = await start(({ query }, reply) => {
      const cause = { reason: "FieldManagerConflict", field: ".data.a", message: `conflict with "${manager}"` };
      if (query.get("fieldManager") === former) reply.send(201, stored(former));
      else if (query.get("force") === "true") reply.send(200, stored("mine"));
      else reply.send(409, { message: "conflict", reason: "Conflict", details: { causes: [cause] } });
    });
    const recorded = await driver.create(MAP);
    const annotations = { "pulumi.com/patchFieldManager": "mine" };
    const changed = { ...MAP, metadata: { name: "web", namespace: "shop", annotations }, data: { a: "2" } };
    await driver.previewUpdate(recorded, changed);
    manager = "kubectl";
    await expect(driver.previewUpdate(recorded, changed)).rejects.toThrow(/data.a: last set by "kubectl"/);
  });
});
