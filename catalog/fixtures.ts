import { parseCatalog } from "./catalog.ts";
import { renderProblems } from "./problem.ts";
import type { ServiceSpec } from "./spec.ts";

// For tests only.

/** A service file that is sound; `fields` are written after the usual ones, or instead of one of the same name. */
export function service(fields: Readonly<Record<string, string>> = {}): string {
  const usual = { name: "orders", team: "shop", image: "example.com/orders:1.0.0", health: "{exec: {command: [ok]}}" };
  return Object.entries({ ...usual, ...fields })
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

/** What the loader fills in for a service that says no more than it must. */
export const defaults = {
  command: [],
  args: [],
  critical: false,
  ports: [],
  expose: "cluster",
  resources: { requests: { cpu: "100m", memory: "500Mi" }, limits: { cpu: "500m", memory: "1Gi" } },
  scale: { kind: "auto", min: 2, max: 100, cpu: 70 },
  environment: {},
  secrets: {},
  calls: [],
  callers: undefined,
  volumes: [],
  scratch: [],
  runAs: { user: 65532, group: 65532 },
  terminationSeconds: 30,
} as const satisfies Partial<ServiceSpec>;

/** Services by their files' names. */
export function files(texts: Readonly<Record<string, string>>) {
  return Object.entries(texts).map(([file, text]) => ({ file, text }));
}

/** The services of texts that must be sound. */
export function load(...texts: readonly string[]): readonly ServiceSpec[] {
  const { catalog, problems } = parseCatalog(texts.map((text, index) => ({ file: `${index}.yaml`, text })));
  if (catalog === undefined) throw new Error(renderProblems(problems));
  return catalog.services;
}

/** The one service of a text that must be sound. */
export function loadOne(text: string): ServiceSpec {
  const [only] = load(text);
  if (only === undefined) throw new Error("no service");
  return only;
}

/** What is wrong with a text, one rendered block for each problem. */
export function faults(...texts: readonly string[]): readonly string[] {
  const { problems } = parseCatalog(texts.map((text, index) => ({ file: `${index}.yaml`, text })));
  return problems.map((problem) => renderProblems([problem]));
}
