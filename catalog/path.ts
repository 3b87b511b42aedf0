/** Where something is in a document: `["calls", 2, "port"]`. */
export type Path = readonly (string | number)[];

/** `calls[2].port`, `environment["a b"]`; empty for the document itself. */
export function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (!/^[A-Za-z_][\w-]{0,99}$/.test(step)) return `[${JSON.stringify(step.slice(0, 100))}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}

/** The value at a path; `undefined` when there is none. Inherited properties don't count. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, step)) return undefined;
    return (value as Readonly<Record<string | number, unknown>>)[step];
  }, root);
}
