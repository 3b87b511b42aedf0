import * as pulumi from "@pulumi/pulumi";

// A program that uses every resource option the built-in engine honours; run by server.test.ts.

class Thing extends pulumi.CustomResource {
  declare readonly arn: pulumi.Output<string>;
  constructor(name: string, args: Record<string, unknown>, opts?: pulumi.CustomResourceOptions) {
    super("fake:index:Thing", name, { ...args, arn: undefined }, opts);
  }
}

class Group extends pulumi.ComponentResource {
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("weft:test:Group", name, {}, opts);
    this.registerOutputs({ url: "http://group" });
  }
}

const config = new pulumi.Config("weft");
const group = new Group("group");
const first = new Thing("first", { size: 1, password: config.requireSecret("password") }, { parent: group });
new Thing(
  "second",
  { from: first.arn, plain: config.require("plain") },
  {
    dependsOn: group,
    protect: true,
    retainOnDelete: true,
    deletedWith: first,
    deleteBeforeReplace: false,
    ignoreChanges: ["spec.replicas"],
    replaceOnChanges: ["spec.image"],
    additionalSecretOutputs: ["arn"],
    customTimeouts: { create: "1m30s", delete: "2h" },
    aliases: [{ name: "old" }, { type: "fake:index:Old", parent: pulumi.rootStackResource }],
    version: "1.2.3",
  },
);
pulumi.log.info("hello from the program");
console.log("printed by the program");

export const arn = first.arn;
export const stack = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
