import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import type { Ports } from "./configuration.ts";

/**
 * Below the range that systems take ports for outgoing connections from (32768 on Linux, 49152 on macOS): a stopped
 * cluster then finds its ports free when it is started again.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** Free ports on 127.0.0.1. Another process may still take one before it is used. */
export async function choosePorts(): Promise<Ports> {
  const chosen = new Set<number>();
  for (let tries = 0; chosen.size < 6; tries++) {
    if (tries > 5000) throw new Error(`no free TCP ports on 127.0.0.1 between ${FIRST} and ${LAST}`);
    const port = randomInt(FIRST, LAST);
    if (!chosen.has(port) && (await isFree(port))) chosen.add(port);
  }
  const [etcd = 0, peer = 0, apiserver = 0, controllerManager = 0, scheduler = 0, kwok = 0] = chosen;
  return {
    etcd,
    "etcd-peer": peer,
    "kube-apiserver": apiserver,
    "kube-controller-manager": controllerManager,
    "kube-scheduler": scheduler,
    "kwok-controller": kwok,
  };
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
