import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Component } from "./component.ts";

class Leaf extends pulumi.CustomResource {
  constructor(name: string, opts: pulumi.CustomResourceOptions) {
    super("test:index:Leaf", name, {}, opts);
  }
}

class Nest extends Component {
  constructor(name: string, child: string, opts?: pulumi.ComponentResourceOptions) {
    super("weft:test:Nest", name, opts);
    new Leaf(child, this.child());
    this.registerOutputs({});
  }
}

beforeEach(() =>
  pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: inputs }),
    call: ({ inputs }) => inputs,
  }),
);

// Registrations of one test must not reach the mocks of the next. `waitForRPCs` is stripped from the SDK's types.
afterEach(() => (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs());

describe("a component", () => {
  it("hands its child options to every child", () => {
    const seen: pulumi.ResourceTransformationArgs[] = [];
    const remember: pulumi.ResourceTransformation = (args) => {
      seen.push(args);
      return undefined;
    };
    const cluster = new Leaf("cluster", {});
    const nest = new Nest("a", "a-leaf", { deletedWith: cluster, transformations: [remember] });
    const child = seen.find(({ name }) => name === "a-leaf");
    expect(child?.opts.parent).toBe(nest);
    expect((child?.opts as pulumi.CustomResourceOptions).deletedWith).toBe(cluster);
  });

  it.each(["leaf", "b-leaf", "aleaf", "a"])("rejects a child named %j under a component named a", (child) => {
    expect(() => new Nest("a", child)).toThrow(`"${child}" (test:index:Leaf) is a child of weft:test:Nest "a"`);
  });

  it("rejects a badly named child with a sentence that shows no stack", () => {
    expect.assertions(2);
    try {
      new Nest("a", "leaf");
    } catch (error) {
      expect(error).toBeInstanceOf(pulumi.ResourceError);
      expect(error).toMatchObject({ hideStack: true });
    }
  });

  it("leaves the names inside another component to that component", () => {
    class Outer extends Component {
      constructor() {
        super("weft:test:Outer", "outer");
        new Nest("outer-inner", "outer-inner-leaf", { parent: this });
      }
    }
    expect(() => new Outer()).not.toThrow();
  });

  it.each(["weft:test:nest", "weft:Test:Nest", "weft::Nest"] as const)("rejects the type %j", (type) => {
    class Odd extends Component {
      constructor() {
        super(type, "odd");
      }
    }
    expect(() => new Odd()).toThrow(`has the type "${type}". Use weft:<room>:<Thing>`);
  });
});
