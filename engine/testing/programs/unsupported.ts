import * as pulumi from "@pulumi/pulumi";

// Uses, one at a time, what the built-in engine does not do; run by server.test.ts.

class Thing extends pulumi.CustomResource {
  constructor(name: string, opts: pulumi.CustomResourceOptions, args = {}) {
    super("fake:index:Thing", name, args, opts);
  }
}

const uses: Record<string, () => unknown> = {
  import: () => new Thing("thing", { import: "id-1" }),
  transforms: () => new Thing("thing", { transforms: [() => undefined] }),
  hooks: () => new Thing("thing", { hooks: { beforeCreate: [async () => {}] } }),
  replaceWith: () => new Thing("thing", { replaceWith: [new Thing("other", {})] }),
  get: () => new Thing("thing", { id: "id-1" }),
  invoke: () => pulumi.runtime.invoke("fake:index:look", {}),
  asset: () => new Thing("thing", {}, { file: new pulumi.asset.StringAsset("x") }),
};
const what = new pulumi.Config("weft").require("use");
await uses[what]?.();
