import type * as engine from "../engine/index.ts";

/** What the command asks of an engine. The built-in engine is one; `pulumi-engine.ts` makes the Pulumi CLI another. */
export type Driver = Pick<typeof engine, "preview" | "up" | "destroy" | "refresh" | "inspect">;
