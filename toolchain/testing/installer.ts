// Installs one fake tool in a process of its own, for the tests that need several, or need to kill one.
// Arguments: the tool as JSON, then the cache's environment as JSON, then the folder of go.mod.
// Writes every event, and last the path, as one JSON line each.
import { installTools } from "../install.ts";
import type { Tool } from "../tool.ts";

const [description = "", environment = "", modules] = process.argv.slice(2);
const plain = JSON.parse(description) as Tool;
const tool = { ...plain, ask: { ...plain.ask, answer: new RegExp(`^${plain.name} v(\\S+)$`, "m") } };
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

const env = JSON.parse(environment) as NodeJS.ProcessEnv;
const paths = await installTools([tool], { platform: "linux-amd64", env, modules, onProgress: say });
say({ done: paths.get(tool.name) });
