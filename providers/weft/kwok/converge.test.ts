import { describe, expect, it } from "vitest";
import { type Api, ApiError } from "./api.ts";
import { convergeNodes } from "./converge.ts";
import { KWOK_DEFAULTS } from "./inputs.ts";
import { layout } from "./layout.ts";
import { planNodes } from "./nodes.ts";
import type { Operation } from "./operation.ts";

const operation: Operation = {
  urn: "u",
  signal: new AbortController().signal,
  status: () => undefined,
  warn: () => undefined,
};

describe("nodes", () => {
  it("that somebody else made under a name of ours are named, with what to do", async () => {
    const api = {
      json: async () => ({ items: [] }),
      text: async (method: string, path: string) => {
        throw new ApiError(409, `${method} ${path}: 409 nodes "local-a-1" already exists`);
      },
    };
    const planned = planNodes({ name: "local", ...KWOK_DEFAULTS });
    const converging = convergeNodes(api as unknown as Api, operation, layout("/", "kwok", "local"), planned);
    await expect(converging).rejects.toThrow(/a node local-a-1 that Weft did not make.*kubectl delete node local-a-1/);
  });
});
