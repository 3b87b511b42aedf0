/** The annotation of a pod (template) that chooses how it misbehaves. Without it a pod runs and is ready at once. */
export const SIMULATE_ANNOTATION = "weft.dev/simulate";

/** With `slow-ready`: how long until the pod is ready, as a Go duration ("30s"). @default "10s" */
export const READY_AFTER_ANNOTATION = "weft.dev/ready-after";

/**
 * - `crash-loop`: containers start, exit with 1 after a second and are restarted every 10 s, never ready. A pod that is
 *   not restarted (`restartPolicy: Never`) fails instead.
 * - `image-pull-error`: containers wait with ErrImagePull, then ImagePullBackOff.
 * - `never-ready`: containers run, readiness never comes.
 * - `slow-ready`: containers run, readiness comes after {@link READY_AFTER_ANNOTATION}.
 */
export const SIMULATIONS = ["crash-loop", "image-pull-error", "never-ready", "slow-ready"] as const;

export type Simulation = (typeof SIMULATIONS)[number];
