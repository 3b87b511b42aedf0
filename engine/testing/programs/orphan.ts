import { spawn } from "node:child_process";

// A program that leaves a child with its standard output behind and does not end by itself.
const child = spawn(process.execPath, ["--eval", "setTimeout(() => {}, 60_000)"], { stdio: "inherit", detached: true });
console.log(`child ${child.pid}`);
setInterval(() => {}, 1000);
