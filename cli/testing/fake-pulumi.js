#!/usr/bin/env node
// Stands in for the Pulumi CLI: answers the Automation API the way that the CLI does, as far as the tests need it, and
// writes down how it was called. FAKE_PULUMI names a JSON file that says what to answer.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

const args = process.argv.slice(2);
const script = JSON.parse(readFileSync(process.env.FAKE_PULUMI, "utf8"));
const after = (flag) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
const call = { args, env: process.env, cwd: process.cwd(), group: groupOf(), signals: 0 };
process.on("exit", () => appendFileSync(script.log, `${JSON.stringify(call)}\n`));

function groupOf() {
  const stat = existsSync("/proc/self/stat") ? readFileSync("/proc/self/stat", "utf8") : undefined;
  return stat === undefined ? "unknown" : Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) === process.pid ? "own" : "shared";
}

function fail(text, code = 255) {
  process.stderr.write(`error: ${text}\n`);
  process.exit(code);
}

const [command, sub] = args;
if (command === "stack" && sub === "select" && script.unknown) fail(`no stack named '${after("--stack")}' found`);
else if (command === "stack" && sub === "output") {
  const { outputs = {} } = script;
  const masked = Object.fromEntries(Object.entries(outputs).map(([k, v]) => [k, v.secret ? "[secret]" : v.value]));
  const whole = Object.fromEntries(Object.entries(outputs).map(([k, v]) => [k, v.value]));
  console.log(JSON.stringify(args.includes("--show-secrets") ? whole : masked));
} else if (command === "stack" && sub === "history") {
  if (args.includes("--show-secrets")) salt();
  console.log("[]");
} else if (command === "stack" && sub === "export") console.log(JSON.stringify({ version: 3, deployment: script.deployment ?? {} }));
else if (["preview", "up", "refresh", "destroy"].includes(command)) run();

function run() {
  const { events = [], error, hang = false } = script[command] ?? {};
  salt();
  // The CLI ends with its totals, whatever came before.
  const totals = events.some((event) => event.summaryEvent) ? [] : [{ summaryEvent: { resourceChanges: {} } }];
  writeFileSync(after("--event-log"), [...events, ...totals].map((event) => `${JSON.stringify(event)}\n`).join(""));
  process.on("SIGINT", () => {
    call.signals++;
    // Long enough for a second one to arrive.
    setTimeout(() => fail(`${command} canceled`), 300);
  });
  if (hang) {
    writeFileSync(script.hanging, String(process.pid));
    setInterval(() => {}, 1000);
  } else if (error !== undefined) fail(error);
}

/** A stack's file without a salt gets one, whatever is done: the trap that the engine has to keep clear of. */
function salt() {
  const file = after("--config-file") ?? script.stackFile;
  const text = readFileSync(file, "utf8");
  if (!text.includes("encryptionsalt")) appendFileSync(file, "encryptionsalt: v1:made-by-the-cli\n");
}
