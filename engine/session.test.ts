import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import type { EngineEvent } from "./events.ts";
import { Session } from "./session.ts";
import { isAlive } from "./state/alive.ts";
import { packOf, rule, writePack } from "./testing/policy-packs.ts";
import { gone } from "./testing/processes.ts";

// Operations as a whole are tested in test/.

it("ends every policy pack when one of them does not start", async () => {
  const good = writePack("good", `console.log("pid " + process.pid);\n${packOf(`[${rule("")}]`)}`);
  const broken = writePack("broken", 'throw new Error("no such luck");');
  const runtime = "{ name: nodejs, options: { typescript: false } }";
  const yaml = `name: fixture\nruntime: ${runtime}\nbackend: { url: "file://." }\n`;
  writeFileSync(join(broken, "Pulumi.yaml"), yaml);
  writeFileSync(join(broken, "Pulumi.test.yaml"), "config: {}\n");
  const events: EngineEvent[] = [];
  await using session = await Session.open({
    directory: broken,
    stack: "test",
    env: { ...process.env, PULUMI_BACKEND_URL: "", PULUMI_CONFIG_PASSPHRASE: "test" },
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
    policyPacks: [good, broken],
    applying: false,
  });
  const judge = session.judge();
  await expect(judge.stack("plan", [])).rejects.toThrow(`policy pack ${broken} did not start`);
  await vi.waitFor(() => expect(events.some(({ kind }) => kind === "policy-loaded")).toBe(true), 20_000);
  const said = events.flatMap((event) => (event.kind === "message" && event.text.startsWith("pid ") ? event.text : []));
  const pid = Number(said[0]?.slice("pid ".length));
  expect(isAlive(pid)).toBe(true);
  await judge[Symbol.asyncDispose]();
  await gone(pid);
});
