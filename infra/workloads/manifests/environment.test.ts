import { describe, expect, it } from "vitest";
import type { EnvironmentValue } from "../../../catalog/spec.ts";
import { catalog, port, service } from "../fixtures.ts";
import { environment, literal } from "./environment.ts";

const ledger = service("ledger", { team: "money", ports: [port("sql", 5432, 15432)] });
const variables = (values: Record<string, EnvironmentValue>, secrets = {}) => {
  const web = service("web", { environment: values, secrets });
  return environment(web, catalog(web, ledger));
};

describe("the environment of a container", () => {
  it("gives the address of another service by its full name and the port of its Service", () => {
    const address = { kind: "address", service: "ledger", port: "sql" } as const;
    expect(variables({ DB: { ...address, scheme: undefined } })).toEqual([
      { name: "DB", value: "ledger.money.svc.cluster.local:5432" },
    ]);
    expect(variables({ DB: { ...address, scheme: "postgres" } })).toEqual([
      { name: "DB", value: "postgres://ledger.money.svc.cluster.local:5432" },
    ]);
  });

  it("takes secrets by reference, so that no manifest and no state holds one", () => {
    expect(variables({}, { PASSWORD: { secret: "login", key: "password" } })).toEqual([
      { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "login", key: "password" } } },
    ]);
  });

  it("is in the order of the names, whatever the order of the file", () => {
    const value = { kind: "value", value: "1" } as const;
    const names = variables({ Z: value, A: value }, { M: { secret: "s", key: "k" } }).map((variable) => variable.name);
    expect(names).toEqual(["A", "M", "Z"]);
  });

  it("rejects the address of a service that the catalog lacks", () => {
    expect(() => variables({ A: { kind: "address", service: "ghost", port: "http", scheme: undefined } })).toThrow(
      'The catalog has no service "ghost".',
    );
  });
});

describe("text for the process", () => {
  it.each([
    ["a reference", "$(HOME)/x", "$$(HOME)/x"],
    ["two dollars", "pa$$word", "pa$$$$word"],
    ["both", "$$(A)", "$$$$(A)"],
  ])("escapes %s, which the kubelet would change", (_, written, sent) => {
    expect(literal(written)).toBe(sent);
    expect(expand(sent)).toBe(written);
  });

  it.each(["plain", "$HOME", "$", "cost: 5$", ""])("leaves %j alone", (written) => {
    expect(literal(written)).toBe(written);
    expect(expand(written)).toBe(written);
  });
});

/** The kubelet's expansion where no variable is known: `$$` becomes `$`, `$(NAME)` and any other `$` stay. */
function expand(text: string): string {
  return text.replace(/\$\$/g, "$");
}
