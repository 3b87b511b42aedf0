import { describe, expect, it } from "vitest";
import { type PropertyMap, Secret } from "../property.ts";
import { derivedFieldManager } from "./naming.ts";
import { Driver } from "./testing/driver.ts";
import { CONFLICT, fakeClusters, kubeconfigOf, MAP, NOT_FOUND, PATH, stored, URN } from "./testing/fake-cluster.ts";
import type { Received } from "./testing/fake-server.ts";

// What a real API server can't be made to do at will: lose answers, refuse what newer ones take, be down. The rest is in
// the integration test.

const start = fakeClusters();

describe("the provider", () => {
  it("sends the token of the kubeconfig, and creates by apply with a version that nothing has", async () => {
    const { driver, writes } = await start((_, reply) => reply.send(201, stored("m")));
    const { id, outputs } = await driver.create(MAP);
    expect(id).toBe("shop/web");
    expect(outputs).toMatchObject({
      __fieldManager: derivedFieldManager(URN),
      __initialApiVersion: "v1",
      __inputs: MAP,
    });
    const [write] = writes();
    expect(write?.headers).toMatchObject({
      authorization: "Bearer t0ken",
      "content-type": "application/apply-patch+yaml",
    });
    expect(write).toMatchObject({ method: "PATCH", path: PATH, body: { metadata: { resourceVersion: "1" } } });
    expect(write?.query.get("fieldManager")).toBe(derivedFieldManager(URN));
    expect(write?.query.get("force")).toBe("false");
  });

  it("takes over what it created when the answer was lost on the way", async () => {
    let committed = false;
    const { driver } = await start(({ method, body }, reply) => {
      const creating = method === "PATCH" && JSON.stringify(body).includes("resourceVersion");
      if (method === "GET") reply.send(200, stored(derivedFieldManager(URN)));
      else if (creating && !committed) {
        committed = true;
        reply.reset();
      } else if (creating) reply.send(409, CONFLICT);
      else reply.send(200, stored(derivedFieldManager(URN)));
    });
    expect((await driver.create(MAP)).id).toBe("shop/web");
    expect(driver.logs.join()).toContain("created for this resource by an earlier attempt or run: taken over");
  });

  it.each([
    "helm",
    "pulumi-kubernetes",
    "pulumi-kubernetes-ffffffff",
  ])("rejects an object that %s made, and writes nothing to it", async (manager) => {
    const { driver, writes } = await start(({ method }, reply) => {
      if (method === "GET") reply.send(200, stored(manager));
      else reply.send(409, CONFLICT);
    });
    await expect(driver.create(MAP)).rejects.toThrow(
      /ConfigMap shop\/web was not created: it already exists[\s\S]*import: "shop\/web"/,
    );
    expect(writes()).toHaveLength(1);
  });

  it("creates by POST where the server takes no version for what is to be created", async () => {
    const { driver, writes } = await start(({ method }, reply) => {
      if (method === "GET") reply.send(404, NOT_FOUND);
      else if (method === "PATCH") reply.send(409, CONFLICT);
      else reply.send(201, stored("pulumi-kubernetes"));
    });
    await driver.create(MAP);
    expect(writes().map(({ method }) => method)).toEqual(["PATCH", "PATCH", "POST"]);
    expect(writes()[2]?.query.get("fieldManager")).toBe("pulumi-kubernetes");
  });

  it("rejects a server that changed an existing object though told to create one", async () => {
    const { driver } = await start(({ method }, reply) =>
      reply.send(200, method === "GET" ? stored("helm") : stored("x")),
    );
    await expect(driver.create(MAP)).rejects.toThrow(/already exists/);
  });

  it("asks the API server nothing when nothing changed", async () => {
    const { driver, server } = await start((_, reply) => reply.send(201, stored("m")));
    const recorded = await driver.create(MAP);
    const asked = server.requests.length;
    expect((await driver.diff(recorded, MAP)).changes).toBe("none");
    expect(server.requests).toHaveLength(asked);
  });

  it("shows no secret in a message of the API server", async () => {
    const { driver } = await start((_, reply) =>
      reply.send(422, { message: 'data: Invalid value: "s3cr3t-canary": bad', reason: "Invalid" }),
    );
    const inputs = { ...MAP, data: { a: new Secret("s3cr3t-canary") } };
    const error = await driver.create(inputs).catch((reason: Error) => reason);
    expect(String(error)).toContain('Invalid value: "[secret]"');
    const { cause } = error as Error;
    // The cause is for debugging the engine, and never shown.
    expect(cause).toBeDefined();
  });

  it("shows no secret of what holds an object that was deleted", async () => {
    const finalizers = ["weft.test/s3cr3t-canary"];
    const held = stored("m", { metadata: { name: "web", namespace: "shop", uid: "u", finalizers } });
    const leaving = { ...held, metadata: { ...((held as typeof MAP).metadata as object), deletionTimestamp: "now" } };
    const { driver } = await start(({ method, path, query }, reply) => {
      if (query.get("watch") === "1") reply.write("\n");
      else if (path !== PATH) reply.send(200, { items: [] });
      else reply.send(method === "PATCH" ? 201 : 200, method === "PATCH" ? held : leaving);
    });
    const recorded = await driver.create({ ...MAP, data: { a: new Secret("s3cr3t-canary") } });
    await expect(driver.delete(recorded, { timeout: 1 })).rejects.toThrow(/held by weft.test\/\[secret\]/);
    expect(driver.statuses.join()).toContain("held by weft.test/[secret]");
  });

  it("tells each warning of the server once", async () => {
    const { driver } = await start((_, reply) =>
      reply.send(201, stored("m"), { warning: '299 - "unknown field \\"x\\""' }),
    );
    await driver.create(MAP);
    await driver.create(MAP);
    expect(driver.logs).toEqual(['warning unknown field "x"']);
  });

  it("creates again what was deleted behind its back, and says so", async () => {
    let deleted = false;
    const { driver, writes } = await start(({ method, body }, reply) => {
      const withUid = JSON.stringify(body ?? {}).includes('"uid"');
      if (method === "GET") reply.send(404, NOT_FOUND);
      else if (deleted && withUid)
        reply.send(409, {
          message: "uid mismatch: the provided object specified uid u, and no existing object was found",
        });
      else reply.send(201, stored(derivedFieldManager(URN)));
    });
    const recorded = await driver.create(MAP);
    deleted = true;
    await driver.update(recorded, { ...MAP, metadata: { name: "web", namespace: "shop", labels: { a: "b" } } });
    expect(driver.logs.join()).toContain("deleted outside of Pulumi): created again");
    expect(writes().at(-1)?.body).toMatchObject({ metadata: { resourceVersion: "1", labels: { a: "b" } } });
  });

  it("replaces a Job that is not done where the program asks for that", async () => {
    const job: PropertyMap = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "work", namespace: "shop", annotations: { "pulumi.com/replaceUnready": "true" } },
    };
    let conditions: object[] = [];
    const { driver } = await start(({ path }, reply) => {
      if (path === "/apis/batch/v1") reply.send(200, { resources: [{ name: "jobs", kind: "Job", namespaced: true }] });
      else reply.send(200, { ...job, status: { conditions } });
    });
    const { target, inputs } = await driver.check(job, undefined);
    const recorded = { ...target, id: "shop/work", inputs, outputs: job };
    const path = 'metadata.annotations["pulumi.com/replaceUnready"]';
    expect(await driver.diff(recorded, job)).toMatchObject({
      changes: "some",
      replaces: [path],
      deleteBeforeReplace: true,
    });
    conditions = [{ type: "Complete", status: "True" }];
    expect((await driver.diff(recorded, job)).changes).toBe("none");
  });

  it("rejects to give up fields that an object can't be without", async () => {
    const { driver } = await start(({ method }, reply) => {
      if (method === "GET") reply.send(200, stored("helm"));
      else reply.send(422, { message: "data: Required value" });
    });
    const { target, inputs } = await driver.check(MAP, undefined, {
      type: "kubernetes:core/v1:ConfigMapPatch",
      name: "patch",
    });
    const patch = { ...target, id: "shop/web", inputs, outputs: { ...MAP, __fieldManager: "m" } };
    await expect(driver.delete(patch)).rejects.toThrow(
      /can't be without the fields that this patch manages.*\nFix: set retainOnDelete/,
    );
  });

  it("deletes only the very object it recorded, and takes one that is gone for deleted", async () => {
    const { driver, writes } = await start(({ method }, reply) => {
      if (method === "DELETE") reply.send(404, NOT_FOUND);
      else reply.send(201, stored("m"));
    });
    await driver.delete(await driver.create(MAP));
    expect(writes().at(-1)?.body).toMatchObject({ preconditions: { uid: "u" }, propagationPolicy: "Background" });
  });

  it.each([
    ["everything", () => true],
    ["the object", ({ path }: Received) => path === PATH],
  ])("takes nothing for deleted when something before the API server answers 404 for %s", async (_, isAstray) => {
    let astray = false;
    const { driver, server } = await start((_, reply) => reply.send(201, stored("m")));
    const recorded = await driver.create(MAP);
    const usual = server.handler;
    server.answer((request, reply) => {
      if (astray && isAstray(request)) reply.send(404, "default backend - 404");
      else return usual(request, reply);
    });
    astray = true;
    await expect(driver.delete(recorded)).rejects.toThrow(/^ConfigMap shop\/web was not deleted: .*404[\s\S]*\nFix: /);
    await expect(driver.read(recorded)).rejects.toThrow(/^ConfigMap shop\/web could not be read: .*404[\s\S]*\nFix: /);
  });

  it("leaves alone what somebody else made under the name of its object", async () => {
    const { driver } = await start(({ method }, reply) => {
      if (method === "DELETE") reply.send(409, { message: "the UID in the precondition does not match" });
      else if (method === "GET")
        reply.send(200, stored("helm", { metadata: { name: "web", namespace: "shop", uid: "other" } }));
      else reply.send(201, stored("m"));
    });
    await driver.delete(await driver.create(MAP));
    expect(driver.logs.join()).toContain("made again by somebody else: left alone");
  });

  it("takes its objects for deleted with deleteUnreachable", async () => {
    const { server, port, driver } = await start((_, reply) => reply.send(201, stored("m")));
    const recorded = await driver.create(MAP);
    await server.stop();
    const forgetting = await Driver.start({ kubeconfig: kubeconfigOf(server, port), deleteUnreachable: "true" });
    await forgetting.delete(recorded);
    expect(await forgetting.read(recorded)).toBeUndefined();
    await forgetting.close();
    expect(forgetting.logs[0]).toMatch(/^warning ConfigMap shop\/web is taken for deleted \(deleteUnreachable\)/);
  });

  it("rejects an operation that is cancelled, by name", async () => {
    const { driver } = await start(() => {});
    const signal = AbortSignal.timeout(100);
    await expect(driver.create(MAP, { signal })).rejects.toThrow(
      "ConfigMap shop/web: the run was cancelled before it was done",
    );
  });
});
