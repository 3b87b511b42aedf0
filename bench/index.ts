import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { loadCatalog } from "../catalog/index.ts";
import { manifests, planWorkloads } from "../infra/workloads/index.ts";
import { startCluster } from "../test/support/cluster.ts";
import { copyProject, freshEnvironment } from "../test/support/project.ts";
import { installToolchain } from "../toolchain/index.ts";
import { writeCatalog } from "./catalog.ts";
import { type Measured, measure } from "./measure.ts";
import { markdownTable } from "./table.ts";

/*
 * Measures the built-in engine on the embedded cluster against `kubectl apply --server-side` of the very same objects,
 * in one run on one machine. Usage: npm run bench [-- <services> …]
 */

const SIZES = [8, 60, 200];
const STACK = "bench";

interface Row {
  readonly services: number;
  readonly objects: number;
  readonly clusterStart: number;
  readonly preview: number;
  readonly firstUp: number;
  readonly secondUp: number;
  readonly destroy: number;
  readonly peak: number | undefined;
  readonly kubectlApply: number;
  readonly kubectlReady: number;
}

const sizes = process.argv.slice(2).map(Number);
if (sizes.some((size) => !Number.isInteger(size) || size < 1 || size > 1000)) {
  console.error("usage: npm run bench [-- <services> …], each a number from 1 to 1000");
  process.exit(2);
}
// Not part of any figure.
await installToolchain({ onProgress: ({ state, message }) => state !== "running" && console.error(message) });
const rows: Row[] = [];
for (const size of sizes.length > 0 ? sizes : SIZES) {
  console.error(`measuring ${size} services …`);
  rows.push(await measureSize(size));
}
console.log(
  `\n${availableParallelism()} × ${cpus()[0]?.model.trim()}, Node.js ${process.versions.node}; seconds of wall time, one run each\n`,
);
console.log(report(rows));

async function measureSize(services: number): Promise<Row> {
  const directory = await mkdtemp(join(tmpdir(), "weft-bench-"));
  try {
    await copyProject(directory, { linkPackages: true });
    await writeCatalog(join(directory, "bench-catalog"), services);
    const config = { "weft:catalog": "bench-catalog", "weft:cluster": { target: "kwok" } };
    await writeFile(join(directory, `stacks/config/Pulumi.${STACK}.yaml`), JSON.stringify({ config }));
    const objects = manifests(planWorkloads(await loadCatalog(join(directory, "bench-catalog"))));
    return {
      services,
      objects: objects.length,
      ...(await measureWeft(directory)),
      ...(await measureKubectl(directory, objects)),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureWeft(directory: string) {
  const weft = (...args: string[]): Promise<Measured> =>
    measure(process.execPath, ["bin/weft.js", ...args, "--engine", "builtin", "--json"], {
      cwd: directory,
      env: freshEnvironment(),
    });
  const preview = await weft("preview", STACK);
  const [firstUp, secondUp] = await ups(weft).catch(async (error: unknown) => {
    // A cluster must not outlive the folder that it is in.
    await weft("destroy", STACK, "--yes", "--remove").catch(() => {});
    throw error;
  });
  const destroy = await weft("destroy", STACK, "--yes", "--remove");
  const all = [preview, firstUp, secondUp, destroy];
  const peaks = all.flatMap(({ peak }) => (peak === undefined ? [] : [peak]));
  return {
    clusterStart: clusterStart(firstUp.lines),
    preview: preview.wall,
    firstUp: firstUp.wall,
    secondUp: secondUp.wall,
    destroy: destroy.wall,
    peak: peaks.length === 0 ? undefined : Math.max(...peaks),
  };
}

async function ups(weft: (...args: string[]) => Promise<Measured>): Promise<readonly [Measured, Measured]> {
  const first = await weft("up", STACK, "--yes");
  const second = await weft("up", STACK, "--yes");
  const { changes } = JSON.parse(second.lines.at(-1) ?? "{}");
  const others = Object.keys(changes).filter((operation) => operation !== "same");
  if (others.length > 0) throw new Error(`the second up was no no-op: ${JSON.stringify(changes)}`);
  return [first, second];
}

/** From the events of an `up`: how long the cluster took, in seconds. */
function clusterStart(lines: readonly string[]): number {
  for (const line of lines) {
    const event = JSON.parse(line);
    const isCluster = event.kind === "resource-end" && event.resource.type === "weft-native:cluster:Kwok";
    if (isCluster && event.phase === "apply") return event.duration / 1000;
  }
  throw new Error("no cluster was created");
}

async function measureKubectl(directory: string, objects: readonly object[]) {
  const cluster = await startCluster({ directory: join(directory, "kubectl") });
  try {
    const file = join(directory, "objects.json");
    await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    const apply = await timed(() => cluster.kube.kubectl("apply", "--server-side", "-f", file));
    const wait = ["wait", "--for=condition=Available", "deployment", "--all", "-A", "--timeout=300s"];
    return { kubectlApply: apply, kubectlReady: await timed(() => cluster.kube.kubectl(...wait)) };
  } finally {
    await cluster.stop();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function report(measured: readonly Row[]): string {
  const seconds = (value: number): string => value.toFixed(1);
  return markdownTable(
    [
      "services",
      "objects",
      "cluster start",
      "preview",
      "first up",
      "no-op up",
      "destroy",
      "peak MB",
      "objects/s",
      "kubectl apply",
      "+ ready",
      "first up ÷ kubectl",
    ],
    measured.map((row) => {
      // What both have to do: the objects, from nothing to ready, on a cluster that is up.
      const weft = row.firstUp - row.clusterStart;
      const kubectl = row.kubectlApply + row.kubectlReady;
      return [
        String(row.services),
        String(row.objects),
        ...[row.clusterStart, row.preview, row.firstUp, row.secondUp, row.destroy].map(seconds),
        row.peak === undefined ? "–" : row.peak.toFixed(0),
        (row.objects / weft).toFixed(0),
        ...[row.kubectlApply, row.kubectlReady].map(seconds),
        (weft / kubectl).toFixed(2),
      ];
    }),
  );
}
