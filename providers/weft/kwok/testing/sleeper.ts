import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A real process that plays a cluster's: sleeping, started through a link in the cluster's `bin`. Ends with the test. */
export async function sleeper(cluster: string, program: string): Promise<ChildProcess> {
  const bin = join(cluster, "bin");
  await mkdir(bin, { recursive: true });
  await symlink("/bin/sleep", join(bin, program));
  return started(join(bin, program), "600");
}

export function started(...[command = "", ...args]: string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return new Promise((done, failed) => child.once("spawn", () => done(child)).once("error", failed));
}

/** Whether it has not been ended. A process that was killed is known to be dead a moment later. */
export async function stillRuns(child: ChildProcess): Promise<boolean> {
  await new Promise((done) => setTimeout(done, 50));
  return child.exitCode === null && child.signalCode === null;
}
