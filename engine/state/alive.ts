import { readFileSync } from "node:fs";
import { errorCode } from "./error.ts";

/** Whether there is a process of this number; one that belongs to somebody else counts, one that has ended does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
  return !isZombie(pid);
}

/** Ended, but its parent has not asked for its exit code yet. Seen on Linux only. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in brackets and may hold anything.
    return stat.charAt(stat.lastIndexOf(")") + 2) === "Z";
  } catch {
    return false;
  }
}
