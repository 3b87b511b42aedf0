import * as pulumi from "@pulumi/pulumi";

const TOKEN = /^weft:[a-z][a-z0-9-]*:[A-Z][A-Za-z0-9]*$/;

/**
 * Base of every component. It makes three house rules mechanical: type tokens are `weft:<room>:<Thing>`, a child's name
 * starts with its component's, and a person who broke a rule gets a sentence without a stack.
 *
 * A URN holds the types of a resource's parents but not their names, so without the second rule two components of one
 * type would have children with the same URN.
 */
export abstract class Component extends pulumi.ComponentResource {
  readonly #deletedWith: pulumi.Resource | undefined;

  constructor(type: `weft:${string}:${string}`, name: string, opts: pulumi.ComponentResourceOptions = {}) {
    if (!TOKEN.test(type)) {
      throw userError(`The component "${name}" has the type "${type}". Use weft:<room>:<Thing>, as in weft:mesh:Mesh.`);
    }
    // The check also runs for the component itself, before there is a `this` to compare a parent with.
    const made: { component?: Component } = {};
    const checkChild: pulumi.ResourceTransformation = (child) => {
      const { component } = made;
      if (component !== undefined && child.opts.parent === component && !child.name.startsWith(`${name}-`)) {
        throw userError(
          `"${child.name}" (${child.type}) is a child of ${type} "${name}". Name it "${name}-<role>", so that no other ` +
            `component of that type can have a child with the same URN.`,
          component,
        );
      }
      return undefined;
    };
    // Inputs stay out of `super`: an output among them would make the component's own registration wait for it.
    super(type, name, {}, pulumi.mergeOptions(opts, { transformations: [checkChild] }));
    made.component = this;
    this.#deletedWith = opts.deletedWith;
  }

  /**
   * Options of a child. `parent` hands on the provider; `deletedWith` is repeated for every child, because an engine
   * need not apply a component's own to them.
   */
  protected child(options: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    return { deletedWith: this.#deletedWith, ...options, parent: this };
  }
}

/** An error shown to a person as its message alone. */
function userError(message: string, resource?: pulumi.Resource): pulumi.ResourceError {
  return new pulumi.ResourceError(message, resource, true);
}
