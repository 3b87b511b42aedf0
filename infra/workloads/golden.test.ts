import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { everyFeature } from "./fixtures.ts";
import { type Manifest, manifests, planWorkloads } from "./plan.ts";

// What changed, for a reviewer's eyes. Why a field matters is asserted beside the file that decides it. Refresh: vitest -u.
describe("the manifests of a catalog that uses every feature", () => {
  const byTeam = Map.groupBy(manifests(planWorkloads(everyFeature)), teamOf);

  it.each([...byTeam])("of the team %s are those in golden/", async (team, objects) => {
    const text = objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n");
    await expect(text).toMatchFileSnapshot(`golden/${team}.yaml`);
  });

  it("come from three teams", () => {
    expect([...byTeam.keys()]).toEqual(["money", "search", "shop"]);
  });
});

function teamOf(manifest: Manifest): string {
  return manifest.metadata.namespace ?? manifest.metadata.name;
}
