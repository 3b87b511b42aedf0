import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi/provider/index.js";
import manifest from "../../package.json" with { type: "json" };
import { ETCD_VERSION, installToolchain, KUBERNETES_VERSION, KWOK_VERSION } from "../../toolchain/index.ts";
import { EngineLog } from "./engine-log.ts";
import type { Toolchain } from "./kwok/cluster.ts";
import { progressLine } from "./progress-line.ts";
import { WeftProvider } from "./provider.ts";

/** Of the process that started this one. */
const PARENT = process.ppid;

const toolchain: Toolchain = {
  versions: [KUBERNETES_VERSION, ETCD_VERSION, KWOK_VERSION],
  install: (operation) =>
    installToolchain({
      signal: operation.signal,
      onProgress: progressLine((line) => operation.status(line)),
    }),
};

const args = process.argv.slice(2);
// The engine's address is the only argument that is no option; "--tracing" has a value.
const address = args.find((arg, index) => !arg.startsWith("-") && args[index - 1] !== "--tracing");
const provider = new WeftProvider(
  manifest.version,
  resolve(import.meta.dirname, "../.."),
  new EngineLog(address),
  toolchain,
);

/** Undoes a half-made cluster before it ends. A second signal does not hurry it. */
async function end(code: number): Promise<void> {
  await provider.cancel();
  await provider.idle();
  // Time for the last answers to leave.
  setTimeout(() => process.exit(code), 100);
}

process.on("SIGINT", () => void end(130));
process.on("SIGTERM", () => void end(143));
process.on("SIGHUP", () => void end(129));
// An engine that was killed can't say so; the system gives its children another parent.
setInterval(() => process.ppid !== PARENT && void end(1), 1000).unref();

await pulumi.main(provider, args);
