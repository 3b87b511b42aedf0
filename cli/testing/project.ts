import { access, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const PULUMI_YAML = `name: weft
runtime:
  name: nodejs
  options:
    typescript: false
main: program.ts
stackConfigDir: stacks/config
backend:
  url: file://./.weft/state
`;

const STACK_YAML = `config:
  weft:catalog: catalog
  weft:cluster:
    target: kwok
`;

const SERVICE_YAML = `name: web
team: shop
image: example/web:1.0.0
health: {exec: {command: ["true"]}}
`;

export interface TestProject extends AsyncDisposable {
  readonly directory: string;
  write(path: string, content: string, mode?: number): Promise<string>;
  exists(path: string): Promise<boolean>;
  /** Makes the backend know a stack; what is in it, the fake engine says. */
  deploy(stack: string): Promise<void>;
}

/** A project in a temporary folder, with the stacks local and shop; gone when the test is. */
export async function testProject(): Promise<TestProject> {
  const directory = await mkdtemp(join(tmpdir(), "weft-cli-"));
  const write = async (path: string, content: string, mode = 0o644): Promise<string> => {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { mode });
    return file;
  };
  await write("Pulumi.yaml", PULUMI_YAML);
  await write("program.ts", "");
  for (const stack of ["local", "shop"]) await write(`stacks/config/Pulumi.${stack}.yaml`, STACK_YAML);
  await write("catalog/web.yaml", SERVICE_YAML);
  await mkdir(join(directory, ".weft", "state"), { recursive: true });
  const deploy = async (stack: string): Promise<void> => {
    await write(".weft/state/.pulumi/meta.yaml", "version: 1\n");
    await write(`.weft/state/.pulumi/stacks/weft/${stack}.json`, "{}");
  };
  const exists = (path: string): Promise<boolean> =>
    access(join(directory, path)).then(
      () => true,
      () => false,
    );
  return {
    directory,
    write,
    exists,
    deploy,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
