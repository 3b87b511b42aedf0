import { z } from "zod";
import { checked, fields, portName, text, whole } from "./fields.ts";

const port = portName().optional().describe("Name of the port to ask. May be left out if there is only one.");

const headers = checked(
  z.record(
    text(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/, "an HTTP header name"),
    text(/^[\x20-\x7e]{0,4096}$/, "printable ASCII text"),
    { error: "a mapping of header names to values" },
  ),
  (value) => {
    const names = Object.keys(value);
    const lower = names.map((name) => name.toLowerCase());
    const twice = names.find((name, index) => lower.indexOf(name.toLowerCase()) < index);
    if (twice === undefined) return undefined;
    return { message: `The header ${twice} stands here twice: case does not tell headers apart.`, fix: "keep one" };
  },
);

const kindFields = {
  http: fields({
    path: text(/^\/[\x21-\x7e]{0,1023}$/, "a path that begins with / and has no spaces").describe(
      "Path of the GET request. An answer from 200 to 399 is healthy.",
    ),
    port,
    headers: headers.default({}).describe("Headers of the request, by name. Default: none."),
  })
    .optional()
    .describe("Healthy when an HTTP request succeeds."),
  grpc: fields({
    port,
    service: text(/^[\x21-\x7e]{1,256}$/, "a gRPC service name")
      .optional()
      .describe("Service name in the health request. Default: none, which asks about the server as a whole."),
  })
    .optional()
    .describe("Healthy when grpc.health.v1.Health/Check answers SERVING."),
  tcp: fields({ port }).optional().describe("Healthy when the port accepts a connection."),
  exec: fields({
    command: z
      .array(z.string({ error: "text" }).min(1, { error: "text that is not empty" }), {
        error: "a list: the program, then its arguments",
      })
      .min(1, { error: "a list: the program, then its arguments" })
      .describe("Program and arguments, run in the container without a shell. Exit code 0 is healthy."),
  })
    .optional()
    .describe("Healthy when a command in the container succeeds."),
};

const kinds = ["http", "grpc", "tcp", "exec"] as const;
export type Kind = (typeof kinds)[number];

/** The kinds of check that are given, in a fixed order. */
export function kindsOf(value: { readonly [K in Kind]?: unknown }): readonly Kind[] {
  return kinds.filter((kind) => value[kind] !== undefined);
}

const oneKind = "one of http, grpc, tcp and exec";

const check = checked(fields(kindFields), (value) => {
  const found = kindsOf(value);
  if (found.length === 1) return undefined;
  if (found.length === 0) return { message: "The check does not say what to ask.", allowed: oneKind };
  return { message: `These are ${found.length} checks: ${found.join(", ")}.`, allowed: oneKind, fix: "keep one" };
});

/** How to tell that a service is ready and alive. */
export const health = checked(
  fields({
    ...kindFields,
    readiness: check.optional().describe("Ready to take requests. Given together with liveness."),
    liveness: check.optional().describe("Still able to make progress; a failing one is restarted."),
    startupSeconds: whole(1, 3600).default(60).describe("Seconds it may take to start before it is restarted."),
    timeoutSeconds: whole(1, 60).default(2).describe("Seconds one check may take."),
  }),
  (value) => {
    const found = kindsOf(value);
    const apart = (["readiness", "liveness"] as const).filter((probe) => value[probe] !== undefined);
    if ((found.length === 1 && apart.length === 0) || (found.length === 0 && apart.length === 2)) return undefined;
    const allowed = `${oneKind} for both questions, or readiness and liveness with one each`;
    if (found.length > 0 && apart.length > 0) {
      return { message: `There are both ${found.join(", ")} and ${apart.join(", ")}.`, allowed };
    }
    if (found.length > 1) return { message: `These are ${found.length} checks: ${found.join(", ")}.`, allowed };
    if (apart.length === 0) {
      const fix = "add http: {path: /healthz}, or what fits the service";
      return { message: "It does not say what to ask.", allowed, fix };
    }
    const missing = apart[0] === "readiness" ? "liveness" : "readiness";
    return { message: `There is ${apart[0]} without ${missing}.`, allowed, fix: `add ${missing}` };
  },
);

export type CheckFile = z.output<typeof check>;
