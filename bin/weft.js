#!/usr/bin/env node
// Plain JavaScript, and old JavaScript at that: it has to run far enough to say that Node.js is too old.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const needed = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).engines.node.replace(/^>=/, "");

if (isOlder(process.versions.node, needed)) {
  const own = join(root, "node_modules", "node", "bin", "node");
  if (existsSync(own) && process.env.WEFT_NODE !== own) await runWith(own);
  else {
    console.error(
      `error: Weft needs Node.js ${needed} or newer; ${process.execPath} is ${process.versions.node}.\n` +
        "Run `npm ci` in Weft's folder, which brings one along, or install it from https://nodejs.org/",
    );
    process.exitCode = 2;
  }
} else {
  // Compiled modules, without their types, are kept: the next start takes half the time.
  if (existsSync(join(root, "node_modules"))) {
    module.enableCompileCache(join(root, "node_modules", ".cache", "weft", "compile"));
  }
  const { main, processWorld } = await import("../cli/index.ts");
  process.exit(await main(process.argv.slice(2), processWorld()));
}

function isOlder(version, than) {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  for (let i = 0; i < 2; i++) if (a[i] !== b[i]) return a[i] < (b[i] || 0);
  return false;
}

/** The same command with another Node.js, which gets the terminal and, but for Ctrl-C, our signals. */
async function runWith(node) {
  const child = spawn(node, process.argv.slice(1), {
    stdio: "inherit",
    env: Object.assign({}, process.env, { WEFT_NODE: node }),
  });
  // The terminal sends Ctrl-C to both; whoever sends the others means one process.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`error: ${error.message}`);
      resolve(1);
    });
    // As a shell tells of a child that a signal killed.
    child.on("close", (code, signal) => resolve(signal === null ? code : 128 + constants.signals[signal]));
  });
}
