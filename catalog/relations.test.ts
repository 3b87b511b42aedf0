import { describe, expect, it } from "vitest";
import { parseCatalog } from "./catalog.ts";
import { faults, files, load, service } from "./fixtures.ts";

describe("relations", () => {
  const named = (name: string, fields: Readonly<Record<string, string>> = {}) => service({ name, ...fields });
  const api = named("api", { ports: "[8080]" });
  const wide = named("wide", { ports: "[{name: http, port: 80}, {name: admin, port: 81}]" });

  it("resolves the port of a call and of an address", () => {
    const [, web] = load(
      api,
      named("web", {
        calls: "[api, {service: wide, port: admin}, {cidr: 203.0.113.0/24, port: 443}]",
        environment: "{API: {service: api, scheme: http}, WIDE: {service: wide, port: admin}}",
      }),
      wide,
    );
    expect(web?.calls).toEqual([
      { kind: "service", service: "api", port: "tcp" },
      { kind: "service", service: "wide", port: "admin" },
      { kind: "cidr", cidr: "203.0.113.0/24", port: 443, protocol: "TCP" },
    ]);
    expect(web?.environment).toEqual({
      API: { kind: "address", service: "api", port: "tcp", scheme: "http" },
      WIDE: { kind: "address", service: "wide", port: "admin", scheme: undefined },
    });
  });

  it.each([
    [
      "a call to a service that does not exist",
      { calls: "[apy]" },
      "calls[0]",
      /no service.*allowed: api, wide or worker.*mean: api\?/s,
    ],
    [
      "a call to a port that does not exist",
      { calls: "[{service: wide, port: admn}]" },
      "calls[0].port",
      /no port named admn.*mean: admin\?.*see 1.yaml:5:8/s,
    ],
    ["a call that does not say which port", { calls: "[wide]" }, "calls[0]", /several ports.*allowed: http or admin/s],
    ["a call to itself", { calls: "[web]" }, "calls[0]", /does not call itself/],
    ["a call to a service without ports", { calls: "[worker]" }, "calls[0]", /worker has no port.*see 3.yaml:1:7/s],
    ["a call that stands twice", { calls: "[api, {service: api, port: tcp}]" }, "calls[1]", /already taken/],
    [
      "an address that is not called",
      { environment: "{A: {service: api}}" },
      "environment.A.service",
      /not in calls.*add to calls: - api/s,
    ],
    [
      "an address whose other port is called",
      { calls: "[{service: wide, port: http}]", environment: "{A: {service: wide, port: admin}}" },
      "environment.A.service",
      /add to calls: - {service: wide, port: admin}/,
    ],
    [
      "an address of a service that does not exist",
      { environment: "{A: {service: ap}}" },
      "environment.A.service",
      /no service.*mean: api\?/s,
    ],
    ["its own address", { environment: "{A: {service: web}}" }, "environment.A.service", /does not call itself/],
    ["callers of a service without ports", { callers: "[api]" }, "callers", /the service has no ports/],
    [
      "callers of a service that everyone may call",
      { ports: "[80]", expose: "load-balancer", callers: "[api]" },
      "callers",
      /open to everyone.*fix: remove callers, or remove expose.*see 2.yaml:6:9/s,
    ],
    ["a caller that does not exist", { ports: "[80]", callers: "[apii]" }, "callers[0]", /no service.*mean: api\?/s],
    ["a caller that stands twice", { ports: "[80]", callers: "[api, api]" }, "callers[1]", /already taken/],
    ["itself as a caller", { ports: "[80]", callers: "[web]" }, "callers[0]", /not its own caller/],
    [
      "a variable that is also a secret",
      { environment: "{A: x}", secrets: "{A: {secret: s, key: k}}" },
      "secrets.A",
      /also stands in environment/,
    ],
  ])("rejects %s", (_, fields, path, message) => {
    const found = faults(api, wide, named("web", fields), named("worker"));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^2\\.yaml:\\d+:\\d+ {2}${path.replace(/[[\].]/g, "\\$&")}\n`));
    expect(found[0]).toMatch(message);
  });

  it("rejects a call that the callee's callers leave out, and names both places", () => {
    const guarded = named("guarded", { ports: "[80]", callers: "[api]" });
    const { problems } = parseCatalog(
      files({ "a.yaml": api, "g.yaml": guarded, "w.yaml": named("web", { calls: "[guarded]" }) }),
    );
    expect(problems).toMatchObject([
      {
        file: "w.yaml",
        path: "calls[0]",
        message: "guarded does not name web among its callers.",
        allowed: "only api may call it",
        fix: "add web to the callers of guarded, or remove the call",
        related: [{ file: "g.yaml", line: 6 }],
      },
    ]);
  });

  it("tells only the exposed service that its callers mean nothing", () => {
    const guarded = named("guarded", { ports: "[80]", expose: "load-balancer", callers: "[api]" });
    expect(faults(api, guarded, named("web", { calls: "[guarded]" }))).toEqual([
      expect.stringMatching(/^1\.yaml.*open to everyone/s),
    ]);
  });

  it("lets a service name callers that do not call it yet, or none at all", () => {
    const open = named("open", { ports: "[80]", callers: "[api]" });
    const closed = named("closed", { ports: "[80]", callers: "[]" });
    expect(load(api, open, closed).map(({ callers }) => callers)).toEqual([undefined, [], ["api"]]);
    expect(faults(closed, named("web", { calls: "[closed]" }))[0]).toContain("nothing may call closed");
  });

  it("tells a slip in a call once, and not again at the address that needs the call", () => {
    const web = named("web", { calls: "[apy]", environment: "{A: {service: api}}" });
    expect(faults(api, web)).toEqual([expect.stringContaining("did you mean: api?")]);
  });

  it("checks the sound fields of a service that has problems elsewhere", () => {
    const found = faults(api, named("web", { image: "web", calls: "[apy]" }));
    expect(found).toHaveLength(2);
  });
});
