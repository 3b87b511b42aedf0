import * as z from "zod";
import { nearMiss } from "../catalog/index.ts";

/** What a stack says of itself: the `weft:` keys of `stacks/config/Pulumi.<stack>.yaml`. Frozen plain data. */
export type StackConfig = z.infer<typeof schema>;

const must = (what: string) => ({ error: `must be ${what}` });

const whole = (least: number, most: number) => {
  const allowed = must(`a whole number from ${least} to ${most}`);
  return z.int(allowed).min(least, allowed).max(most, allowed);
};

/** In the forms that the cluster's provider takes. YAML reads one without a unit as a number. */
const quantity = (form: RegExp, what: string) =>
  z
    .union([z.string(), z.number()], must(what))
    .transform(String)
    .refine((text) => form.test(text) && Number.parseFloat(text) > 0, must(what));

const kwok = z.strictObject(
  {
    /** An embedded control plane with simulated nodes. */
    target: z.literal("kwok", must('"kwok": this version has no other target yet')),
    /** Simulated nodes, spread evenly over the zones. */
    nodes: whole(1, 1000).default(6),
    zones: whole(1, 9).default(3),
    /** Capacity of each node, as Kubernetes quantities. */
    cpu: quantity(/^\d+(\.\d{1,3})?m?$/, "a number of CPUs above zero, such as 8, 0.5 or 500m").default("8"),
    memory: quantity(
      /^\d+(\.\d+)?([KMGTP]i|[kMGTP])?$/,
      "an amount of memory above zero, such as 32Gi or 512Mi",
    ).default("32Gi"),
  },
  must("a mapping with target: kwok"),
);

const schema = z.strictObject({
  /** Folder of the service catalog, from the project's root. */
  catalog: z.string(must("a folder")).min(1, must("a folder")).default("examples/online-boutique"),
  cluster: kwok.refine(({ nodes, zones }) => nodes < 1 || nodes >= zones, {
    error: "must be at least the number of zones, or a zone stays empty",
    path: ["nodes"],
  }),
});

/** All that is wrong with a stack's configuration, one line a problem. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the configuration of a stack.
 *
 * @param config - every key of the stack's configuration as Pulumi hands it to a program: `weft:nodes` → text, with
 *   objects as JSON. Keys of other namespaces are not looked at.
 * @param file - the file it comes from, for messages.
 */
export function readStackConfig(config: Readonly<Record<string, string>>, file: string): StackConfig {
  const own = Object.entries(config).filter(([key]) => key.startsWith("weft:"));
  const values = Object.fromEntries(own.map(([key, text]) => [key.slice("weft:".length), parse(text)]));
  const result = schema.safeParse(values, { reportInput: true });
  if (result.success) return Object.freeze(result.data);
  const lines = result.error.issues.flatMap(describe);
  throw new ConfigError(
    [`${file} has ${lines.length === 1 ? "a problem" : `${lines.length} problems`}:`, ...lines].join("\n"),
  );
}

/** Pulumi hands on objects as JSON and everything else as bare text. */
function parse(text: string): unknown {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describe(issue: z.core.$ZodIssue): string[] {
  const at = (path: readonly PropertyKey[]): string => `weft:${path.map(String).join(".")}`;
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(issue.path.length === 0 ? schema.shape : kwok.shape);
    return issue.keys.map((key) => {
      const near = nearMiss(key, known);
      const hint = near === undefined ? `known are ${known.join(", ")}` : `did you mean ${at([...issue.path, near])}?`;
      return `  ${at([...issue.path, key])} is not known; ${hint}`;
    });
  }
  const { path, input, message } = issue;
  if (input === undefined) return [`  ${at(path)} is missing; it ${message}`];
  return [`  ${at(path)} ${message}${typeof input === "object" ? "" : `; found ${JSON.stringify(input)}`}`];
}
