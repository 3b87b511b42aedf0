import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Services in one team's namespace. */
const TEAM_SIZE = 20;

/**
 * Writes a catalog of `count` services of one kind: two ports, probes, an autoscaler with its default range, and calls to
 * the three services before it. Each becomes seven Kubernetes objects, and each team four.
 */
export async function writeCatalog(directory: string, count: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const name = (index: number): string => `service-${String(index).padStart(3, "0")}`;
  for (let index = 0; index < count; index++) {
    const calls = [1, 2, 3].map((back) => index - back).filter((other) => other >= 0);
    const service = {
      name: name(index),
      team: `team-${Math.floor(index / TEAM_SIZE)}`,
      image: "example/service:1.0.0",
      ports: [
        { name: "http", port: 80, targetPort: 8080 },
        { name: "grpc", port: 9090 },
      ],
      health: { http: { path: "/healthz", port: "http" } },
      resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "100m", memory: "64Mi" } },
      environment: Object.fromEntries(
        calls.map((other, i) => [`UPSTREAM_${i}`, { service: name(other), port: "grpc" }]),
      ),
      calls: calls.map((other) => ({ service: name(other), port: "grpc" })),
    };
    // JSON is YAML.
    await writeFile(join(directory, `${name(index)}.yaml`), JSON.stringify(service, null, 2));
  }
}
