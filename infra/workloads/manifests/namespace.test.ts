import { describe, expect, it } from "vitest";
import { namespace } from "./namespace.ts";

describe("a team's namespace", () => {
  const { metadata } = namespace("shop");

  it("is named for the team, and owned by it", () => {
    expect(metadata.name).toBe("shop");
    expect(metadata.labels["weft.dev/team"]).toBe("shop");
  });

  it("refuses, records and warns of every pod that is not restricted", () => {
    for (const mode of ["enforce", "audit", "warn"]) {
      expect(metadata.labels[`pod-security.kubernetes.io/${mode}`]).toBe("restricted");
    }
  });

  it("enforces one edition of the standard, so that a cluster upgrade refuses nothing that ran before it", () => {
    expect(metadata.labels["pod-security.kubernetes.io/enforce-version"]).toMatch(/^v1\.\d+$/);
    expect(metadata.labels["pod-security.kubernetes.io/warn-version"]).toBe("latest");
    expect(metadata.labels["pod-security.kubernetes.io/audit-version"]).toBe("latest");
  });
});
