import { closest } from "fastest-levenshtein";
import * as z from "zod";

/** What a stack says of itself: the `weft:` keys of `stacks/config/Pulumi.<stack>.yaml`. Frozen plain data. */
export type StackConfig = z.infer<typeof schema>;

const quantity = (what: string, example: string) =>
  z.string().regex(/^[1-9]\d*(m|Ki|Mi|Gi|Ti)?$/, `must be ${what} above zero, such as ${example}`);

const kwok = z.strictObject({
  /** An embedded control plane with simulated nodes. */
  target: z.literal("kwok"),
  /** Simulated nodes, spread evenly over the zones. */
  nodes: z.number().int().min(1).max(1000).default(6),
  zones: z.number().int().min(1).max(9).default(3),
  /** Capacity of each node, as Kubernetes quantities. */
  cpu: quantity("a number of CPUs", '"8" or "500m"').default("8"),
  memory: quantity("an amount of memory", '"32Gi"').default("32Gi"),
});

const schema = z.strictObject({
  /** Folder of the service catalog, from the project's root. */
  catalog: z.string().min(1, "must name a folder").default("examples/online-boutique"),
  cluster: kwok.refine(({ nodes, zones }) => nodes < 1 || nodes >= zones, {
    message: "must be at least the number of zones, or a zone stays empty",
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
  const result = schema.safeParse(
    Object.fromEntries(own.map(([key, text]) => [key.slice("weft:".length), parse(text)])),
  );
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
    return issue.keys.map(
      (key) => `  ${at([...issue.path, key])} is not known; did you mean ${at([...issue.path, closest(key, known)])}?`,
    );
  }
  if (issue.path.join(".") === "cluster.target" && issue.code === "invalid_value") {
    return [`  ${at(issue.path)} must be "kwok": this version has no other target yet`];
  }
  return [`  ${at(issue.path)}: ${issue.message}`];
}
