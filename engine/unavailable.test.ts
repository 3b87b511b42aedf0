import { describe, expect, it } from "vitest";
import type { Provider } from "./provider.ts";
import { unavailableProvider } from "./unavailable.ts";

const URN = "urn:pulumi:test::weft::pulumi:providers:aws::default";
const THING = { urn: "urn:pulumi:test::weft::aws:s3:Bucket::logs", type: "aws:s3:Bucket", name: "logs" };

function configure(applying: boolean): Promise<Provider> {
  const context = { urn: URN, signal: new AbortController().signal, status: () => {}, log: () => {} };
  return unavailableProvider("aws", applying).configure({}, context);
}

describe("a package that the engine has no provider for", () => {
  const signal = new AbortController().signal;
  const create = (provider: Provider) =>
    provider.create({ ...THING, inputs: { acl: "private" }, timeout: undefined, preview: true, signal });

  it("previews: a resource gets what it is given", async () => {
    expect(await create(await configure(false))).toEqual({ id: "", outputs: { acl: "private" } });
  });

  it("is refused in a plan that is to be applied, with what does it", async () => {
    await expect(create(await configure(true))).rejects.toThrow(
      /^the built-in engine can't create logs: it has no provider for aws\. The Pulumi CLI has: /,
    );
  });
});
