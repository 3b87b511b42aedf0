import * as z from "zod";

/**
 * What every stack exports, whatever its target: the contract between the program and those who read a stack's outputs
 * (`weft status`, `weft up`'s summary, other stacks). Names are public: a change is a breaking one.
 */
export const platformOutputs = z.object({
  /** Where it runs: "kwok". */
  target: z.string(),
  cluster: z.object({
    /** Name of the kubeconfig context. */
    context: z.string(),
    server: z.string(),
    kubernetesVersion: z.string(),
    nodes: z.number(),
    zones: z.array(z.string()),
  }),
  /** Team and cluster-internal host of each service, and its address outside the cluster if it has one. */
  services: z.array(
    z.object({
      name: z.string(),
      team: z.string(),
      host: z.string().nullish(),
      /** `host:port`; the scheme is the port's. */
      address: z.string().nullish(),
    }),
  ),
  /** What on this target is real, what is simulated, and what is not there. */
  capabilities: z.array(
    z.object({ feature: z.string(), state: z.enum(["real", "simulated", "absent"]), note: z.string() }),
  ),
});

/** The stack also exports `kubeconfig`, which is secret. */
export type PlatformOutputs = z.infer<typeof platformOutputs>;
