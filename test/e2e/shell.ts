import { spawn } from "node:child_process";
import { freshEnvironment } from "../support/project.ts";

export interface Result {
  readonly code: number | null;
  /** Standard output and error, as they came. */
  readonly text: string;
}

/** Runs command lines in a folder the way somebody types them, and remembers which. */
export class Shell {
  readonly ran: string[] = [];
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  run(line: string): Promise<Result> {
    this.ran.push(line);
    const child = spawn("bash", ["-c", line], {
      cwd: this.#directory,
      env: freshEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
    }
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, text }));
    });
  }

  /** Runs a line that is expected to work. Throws with what it printed when it does not. */
  async works(line: string): Promise<string> {
    const { code, text } = await this.run(line);
    if (code !== 0) throw new Error(`${line} ended with ${code}:\n${text}`);
    return text;
  }
}
