import { installToolchain } from "../toolchain/index.ts";

/** Before the integration tests: the programs of a control plane. Tells of every step, because a cold build takes minutes. */
export default async function setup(): Promise<void> {
  let told = 0;
  await installToolchain({
    onProgress({ tool, step, state, message, elapsedMs }) {
      const isSlow = state === "running" && performance.now() - told > 15_000;
      if (step === "cache" || step === "search" || (state === "running" && !isSlow)) return;
      told = performance.now();
      console.log(`toolchain: ${tool}: ${message} (${(elapsedMs / 1000).toFixed(0)} s)`);
    },
  });
}
