import { z } from "zod";
import type { Quantity } from "./quantity.ts";

// Building blocks of the schema. Every `error` is what is allowed there, in words; `issues.ts` puts the sentence around
// it. Every `describe` ends up in the JSON Schema, where an editor shows it.

/** A mapping with these fields and no others. */
export function fields<S extends z.core.$ZodShape>(shape: S) {
  const known = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? known : `a mapping with the fields ${known}`),
  });
}

export function text(form: RegExp, allowed: string) {
  return z.string({ error: allowed }).regex(form, { error: allowed });
}

export function whole(least: number, most: number) {
  const allowed = `a whole number from ${least} to ${most}`;
  return z.int({ error: allowed }).min(least, { error: allowed }).max(most, { error: allowed });
}

/** What a check found; `issues.ts` reads it back from the issue. */
export interface Fault {
  readonly message: string;
  readonly allowed?: string | undefined;
  readonly suggestion?: string | undefined;
  readonly fix?: string | undefined;
}

/** Adds a check that says more than a form can. */
export function checked<S extends z.ZodType>(schema: S, check: (value: z.output<S>) => Fault | undefined): S {
  return schema.check((context) => {
    const fault = check(context.value);
    if (fault === undefined) return;
    const { message, ...params } = fault;
    context.issues.push({ code: "custom", message, params, input: context.value });
  });
}

export function quantity(parse: (text: string) => Quantity, allowed: string) {
  return checked(z.union([z.string(), z.number()], { error: allowed }), (value) => {
    const result = parse(String(value));
    return result.valid ? undefined : { message: result.reason, suggestion: result.suggestion, allowed };
  });
}

/**
 * 52 characters, because Kubernetes labels the pods of a StatefulSet with its name and an 11-character hash, and a label
 * value holds 63. The same room takes the suffixes of everything else that is named for a service.
 */
const dnsLabel = /^[a-z](?:[a-z0-9-]{0,50}[a-z0-9])?$/;

export function dnsName() {
  return text(dnsLabel, "a DNS label: lower-case letters, digits and hyphens, a letter first, at most 52 characters");
}

export function portName() {
  return text(
    /^(?=.*[a-z])(?!.*--)[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?$/,
    "lower-case letters, digits and single hyphens, with a letter among them, at most 15 characters",
  );
}

export function portNumber() {
  return whole(1, 65535);
}

export function protocol() {
  return z.enum(["TCP", "UDP"], { error: "TCP or UDP" }).default("TCP").describe("Transport protocol.");
}
