import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { LABEL } from "./infra/labels.ts";
import { CRITICAL_LABEL } from "./policies/kubernetes/stack.ts";

// The arrows of the house: which room may use which, and that every room has one door.

const ROOT = import.meta.dirname;

/** Rooms, and what each may use besides itself. `infra` alone stands for the shared files right in it. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  catalog: [],
  policies: [],
  toolchain: [],
  engine: [],
  infra: [],
  "infra/cluster": ["infra", "providers"],
  "infra/workloads": ["infra", "catalog"],
  providers: ["toolchain"],
  stacks: ["catalog", "infra", "infra/cluster", "infra/workloads"],
  cli: ["engine", "toolchain", "catalog", "stacks"],
  examples: ["catalog"],
};

/** What may be imported from another room: its door, its contracts, and what a stack says of itself. */
const DOORS = [
  /\/(index|contract)\.ts$/,
  /^infra\/[^/]+\.ts$/,
  /^stacks\/(config|outputs)\.ts$/,
  /^catalog\/spec\.ts$/,
  /^engine\/(events|resource)\.ts$/,
];

interface Import {
  readonly from: string;
  readonly to: string;
  /** Gone when the program runs. */
  readonly typesOnly: boolean;
}

async function imports(): Promise<Import[]> {
  const found: Import[] = [];
  for await (const file of glob("**/*.ts", { cwd: ROOT, exclude: (name) => /node_modules|\.weft/.test(name) })) {
    const text = readFileSync(join(ROOT, file), "utf8");
    for (const [statement, path] of text.matchAll(/(?:^(?:import|export)\b[^;"]*|\bimport\()\s*"(\.[^"]+)"/gm)) {
      const to = relative(ROOT, join(ROOT, dirname(file), path ?? ""));
      found.push({ from: file, to, typesOnly: /^(import|export) type\b/.test(statement) });
    }
  }
  return found;
}

function roomOf(file: string): string {
  const [first = "", second = ""] = file.split("/");
  return first === "infra" && !second.endsWith(".ts") ? `infra/${second}` : first;
}

const isTest = (file: string): boolean => /\.test\.ts$|fixtures\.ts$|^(test|bench)\/|\/(testing|fixtures)\//.test(file);

describe("the arrows of the house", async () => {
  const all = await imports();
  const between = all.filter(({ from, to }) => to.endsWith(".ts") && roomOf(from) !== roomOf(to) && !isTest(from));

  it("are looked at in earnest", () => {
    expect(all.length).toBeGreaterThan(200);
    expect(between.length).toBeGreaterThan(10);
  });

  it("lead only where they may", () => {
    const forbidden = between.filter(({ from, to }) => !(MAY_USE[roomOf(from)] ?? []).includes(roomOf(to)));
    expect(forbidden.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it("go through doors", () => {
    const inside = between.filter(({ to }) => !DOORS.some((door) => door.test(to)));
    expect(inside.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it("make no circle between files", () => {
    const next = new Map<string, string[]>();
    for (const { from, to, typesOnly } of all) if (!typesOnly) next.set(from, [...(next.get(from) ?? []), to]);
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      if (path.includes(file) || done.has(file)) return;
      for (const to of next.get(file) ?? []) walk(to, [...path, file]);
      done.add(file);
    };
    for (const file of next.keys()) walk(file, []);
    expect(circles).toEqual([]);
  });

  it("tie neither the program nor the provider nor the policies to the built-in engine", () => {
    const tied = all.filter(
      ({ from, to }) => /^(stacks|infra|providers|policies)\//.test(from) && /^(engine|cli)\//.test(to),
    );
    expect(tied.filter(({ from }) => !isTest(from))).toEqual([]);
  });
});

describe("what two rooms say without importing each other", () => {
  it("is the same label for what is critical", () => {
    expect(CRITICAL_LABEL).toBe(LABEL.critical);
  });
});
