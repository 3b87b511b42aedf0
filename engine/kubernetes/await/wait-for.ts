import { isJsonMap, type Json, type JsonMap, mapsAt, numberAt, textAt } from "../json.ts";
import { READY, type Status, waiting } from "./status.ts";

/*
 * Expressions of the annotation `pulumi.com/waitFor`, in the forms of `kubectl wait`:
 *   condition=Ready              a condition with status True
 *   condition=Ready=False        … with another status
 *   jsonpath={.status.phase}     the path leads somewhere
 *   jsonpath={.status.phase}=Up  … to this value
 * Paths know `.name`, `['name']`, `[0]`, `[*]`, `.*` and `[?(@.type=="Ready")]`.
 */
type Expression =
  | { readonly kind: "condition"; readonly type: string; readonly status: string }
  | {
      readonly kind: "path";
      readonly text: string;
      readonly steps: readonly Step[];
      readonly value: string | undefined;
    };

type Step =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "all" }
  | { readonly kind: "filter"; readonly steps: readonly Step[]; readonly equal: boolean; readonly value: string };

/** Throws an Error that says what is wrong with the expression. */
export function parseExpression(text: string): Expression {
  if (text.startsWith("condition=")) {
    const [type = "", status = "True"] = text.slice("condition=".length).split("=");
    if (type === "") throw new Error(`${JSON.stringify(text)} names no condition`);
    return { kind: "condition", type, status };
  }
  const match = /^jsonpath=\{\s*\$?(.*?)\s*\}(?:=(.+))?$/s.exec(text);
  if (match === null) {
    throw new Error(`${JSON.stringify(text)} is neither condition=<type>[=<status>] nor jsonpath={<path>}[=<value>]`);
  }
  const [, path = "", value] = match;
  return { kind: "path", text: path, steps: parseSteps(path, text), value };
}

function parseSteps(path: string, whole: string): readonly Step[] {
  const steps: Step[] = [];
  let rest = path;
  while (rest !== "") {
    const filter = /^\[\?\(@((?:\.[\w-]+)+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|(\w+))\)\]/.exec(rest);
    const index = /^\[(\d+)\]/.exec(rest);
    const all = /^(\[\*\]|\.\*)/.exec(rest);
    const key = /^\.([\w-]+)/.exec(rest) ?? /^\.?\[(?:'([^']+)'|"([^"]+)")\]/.exec(rest);
    if (filter !== null) {
      const [, inner = "", operator, double, single, bare] = filter;
      const value = double ?? single ?? bare ?? "";
      steps.push({ kind: "filter", steps: parseSteps(inner, whole), equal: operator === "==", value });
    } else if (index !== null) steps.push({ kind: "index", index: Number(index[1]) });
    else if (all !== null) steps.push({ kind: "all" });
    else if (key !== null) steps.push({ kind: "key", key: key[1] ?? key[2] ?? "" });
    else throw new Error(`${JSON.stringify(whole)}: can't read the path from ${JSON.stringify(rest)} on`);
    rest = rest.slice((filter ?? index ?? all ?? key)?.[0].length);
  }
  return steps;
}

/** Ready when every expression holds, and its controller, where it says so, has seen the latest change. */
export function waitForStatus(object: JsonMap, expressions: readonly string[]): Status {
  for (const expression of expressions.map(parseExpression)) {
    const status = expression.kind === "condition" ? judgeCondition(object, expression) : judgePath(object, expression);
    if (status.kind !== "ready") return status;
  }
  return READY;
}

function judgeCondition(object: JsonMap, wanted: Extract<Expression, { kind: "condition" }>): Status {
  const name = `condition ${wanted.type}=${wanted.status}`;
  const found = mapsAt(object, "status", "conditions").find(
    (condition) => textAt(condition, "type")?.toLowerCase() === wanted.type.toLowerCase(),
  );
  if (found === undefined) return waiting(`waiting for ${name}`);
  const observed = numberAt(found, "observedGeneration") ?? numberAt(object, "status", "observedGeneration");
  const generation = numberAt(object, "metadata", "generation") ?? 0;
  if (observed !== undefined && observed < generation) return waiting(`waiting for ${name}: not judged again yet`);
  if (textAt(found, "status")?.toLowerCase() === wanted.status.toLowerCase()) return READY;
  const message = textAt(found, "message") ?? textAt(found, "reason") ?? `it is ${textAt(found, "status")}`;
  return waiting(`waiting for ${name}: ${message}`);
}

function judgePath(object: JsonMap, wanted: Extract<Expression, { kind: "path" }>): Status {
  const observed = numberAt(object, "status", "observedGeneration");
  const generation = numberAt(object, "metadata", "generation") ?? 0;
  if (observed !== undefined && observed < generation) return waiting("waiting for its controller to act");
  const [found] = select(object, wanted.steps);
  const name = wanted.value === undefined ? wanted.text : `${wanted.text}=${wanted.value}`;
  if (found === undefined) return waiting(`waiting for ${name}`);
  if (wanted.value === undefined || String(found) === wanted.value) return READY;
  return waiting(`waiting for ${name}${typeof found === "object" ? "" : `: it is ${JSON.stringify(found)}`}`);
}

function select(value: Json, steps: readonly Step[]): readonly Json[] {
  let found: readonly Json[] = [value];
  for (const step of steps) found = found.flatMap((item) => follow(item, step));
  return found;
}

function follow(value: Json, step: Step): readonly Json[] {
  const children: readonly Json[] = Array.isArray(value) ? value : isJsonMap(value) ? Object.values(value) : [];
  switch (step.kind) {
    case "all":
      return children;
    case "index":
      return Array.isArray(value) && value[step.index] !== undefined ? [value[step.index]] : [];
    case "key": {
      const inner = isJsonMap(value) && Object.hasOwn(value, step.key) ? value[step.key] : undefined;
      return inner === undefined ? [] : [inner];
    }
    case "filter":
      return children.filter((child) => {
        const [inner] = select(child, step.steps);
        return inner !== undefined && (String(inner) === step.value) === step.equal;
      });
  }
}
