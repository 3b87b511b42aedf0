import type { EngineEvent, Operation, Phase, ResourceRef } from "../engine/index.ts";

type Ended = Extract<EngineEvent, { kind: "resource-end" }>;

/** One resource, as far as the events have told of it. */
export interface Item {
  readonly ref: ResourceRef;
  /** What is planned, happens or happened. */
  readonly operation: Operation;
  /** "waiting": the plan says that it will change, and its turn has not come. */
  readonly state: "waiting" | "running" | "done" | "unchanged" | "failed";
  /** When its work began. */
  readonly since: number;
  /** Whether it is work at all. Components and providers exist in the state only: theirs never begins. */
  readonly work: boolean;
  /** What it waits for; while it runs. */
  readonly status: string | undefined;
  readonly changes: Ended["changes"];
}

export interface Failure {
  /** `undefined` for what is not about one resource: the program, a provider, the engine. */
  readonly resource: ResourceRef | undefined;
  readonly operation: Operation | undefined;
  /** The cause first, then whatever helps. */
  readonly text: string;
}

export type Violation = Omit<Extract<EngineEvent, { kind: "policy-violation" }>, "kind">;
export type Pack = Omit<Extract<EngineEvent, { kind: "policy-loaded" }>, "kind">;

export interface Note {
  readonly text: string;
  readonly urn: string | undefined;
}

/** Everything that an operation has told so far. Times are milliseconds of the clock that `reduce` is given. */
export interface View {
  readonly startedAt: number;
  readonly phase: "start" | Phase;
  readonly phaseStartedAt: number;
  /** True once something may have been written. */
  readonly applying: boolean;
  /** By the URN of the parent ("" for none), then by `keyOf`. Two levels, so that one change copies little. */
  readonly families: ReadonlyMap<string, ReadonlyMap<string, Item>>;
  /** Where the running ones are found: URN → parent and key. */
  readonly running: ReadonlyMap<string, { readonly parent: string; readonly key: string }>;
  /** What is going on outside of any resource that runs. */
  readonly note: string | undefined;
  readonly failures: readonly Failure[];
  readonly violations: readonly Violation[];
  readonly warnings: readonly Note[];
  readonly packs: readonly Pack[];
}

export function emptyView(now: number): View {
  return {
    startedAt: now,
    phase: "start",
    phaseStartedAt: now,
    applying: false,
    families: new Map(),
    running: new Map(),
    note: undefined,
    failures: [],
    violations: [],
    warnings: [],
    packs: [],
  };
}

/** The view after one event more. Changes nothing of the one before. */
export function reduce(view: View, event: EngineEvent, now: number): View {
  switch (event.kind) {
    case "phase":
      return enterPhase(view, event.phase, now);
    case "resource-begin":
      return begin(view, event.resource, event.operation, now);
    case "resource-status":
      return tell(view, event.urn, event.message);
    case "resource-end":
      return end(view, event, now);
    case "message":
      return addMessage(view, event);
    case "policy-loaded":
      return addPack(view, withoutKind(event));
    case "policy-violation":
      return addViolation(view, withoutKind(event));
  }
}

/** Says beforehand what is going to happen, where no plan does: what a destruction will delete. */
export function foresee(view: View, resources: readonly Expected[], operation: Operation): View {
  const families = new Map<string, Map<string, Item>>();
  for (const { ref, work } of resources) {
    const family = families.get(ref.parent ?? "") ?? new Map<string, Item>();
    family.set(keyOf(ref, operation), { ...blank(ref, operation), work, state: "waiting" });
    families.set(ref.parent ?? "", family);
  }
  return { ...view, families };
}

export interface Expected {
  readonly ref: ResourceRef;
  readonly work: boolean;
}

export function itemsOf(view: View): Item[] {
  return [...view.families.values()].flatMap((family) => [...family.values()]);
}

export interface Progress {
  /** Resources that change, as far as is known. */
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly unchanged: number;
  /** Longest first. */
  readonly running: readonly Item[];
  /** Planned or done, by operation. Without what is unchanged. */
  readonly operations: ReadonlyMap<Operation, number>;
}

export function progressOf(view: View): Progress {
  const items = itemsOf(view);
  const changing = items.filter(({ state }) => state !== "unchanged");
  const operations = new Map<Operation, number>();
  for (const { operation } of changing) operations.set(operation, (operations.get(operation) ?? 0) + 1);
  const number = (wanted: Item["state"]): number => changing.filter(({ state }) => state === wanted).length;
  return {
    total: changing.length,
    done: number("done"),
    failed: number("failed"),
    unchanged: items.length - changing.length,
    running: changing.filter(({ state }) => state === "running").sort((a, b) => a.since - b.since),
    operations,
  };
}

/** A replacement is two pieces of work on one URN: making the new one, and later deleting the old one. */
export function keyOf(ref: ResourceRef, operation: Operation): string {
  return operation === "delete-original" ? `${ref.urn} (original)` : ref.urn;
}

function enterPhase(view: View, phase: Phase, now: number): View {
  const entered = { ...view, phase, phaseStartedAt: now, running: new Map(), note: undefined };
  // What came before a plan was a refresh: it has told all it had to tell.
  if (phase === "plan") return { ...entered, families: new Map() };
  const families = new Map(
    [...view.families].map(([parent, family]) => [
      parent,
      new Map([...family].map(([key, item]) => [key, item.state === "done" ? { ...item, state: "waiting" } : item])),
    ]),
  ) as View["families"];
  // What was open in the plan is judged again, and told of again if it is wrong.
  return { ...entered, applying: true, families, violations: view.violations.filter(({ undecided }) => !undecided) };
}

function begin(view: View, ref: ResourceRef, operation: Operation, now: number): View {
  const key = keyOf(ref, operation);
  const running = new Map(view.running).set(ref.urn, { parent: ref.parent ?? "", key });
  return put({ ...view, running }, key, { ...blank(ref, operation), state: "running", work: true, since: now });
}

function tell(view: View, urn: string, message: string): View {
  const place = view.running.get(urn);
  const item = place && view.families.get(place.parent)?.get(place.key);
  if (place === undefined || item === undefined) return { ...view, note: message };
  return put(view, place.key, { ...item, status: message });
}

function end(view: View, event: Ended, now: number): View {
  const { resource: ref, operation, changes, error } = event;
  const key = keyOf(ref, operation);
  const begun = view.families.get(ref.parent ?? "")?.get(key);
  const state = error !== undefined ? "failed" : operation === "same" ? "unchanged" : "done";
  const running = new Map(view.running);
  running.delete(ref.urn);
  const failures = error === undefined ? view.failures : [...view.failures, { resource: ref, operation, text: error }];
  const since = begun?.state === "running" ? begun.since : now;
  const work = begun?.work ?? false;
  return put({ ...view, running, failures }, key, { ref, operation, state, since, work, status: undefined, changes });
}

function addMessage(view: View, event: Extract<EngineEvent, { kind: "message" }>): View {
  const { severity, text, urn } = event;
  if (severity === "warning") {
    const known = view.warnings.some((other) => other.text === text && other.urn === urn);
    return known ? view : { ...view, warnings: [...view.warnings, { text, urn }] };
  }
  if (severity !== "error") return view;
  const about = urn === undefined ? undefined : itemsOf(view).find(({ ref }) => ref.urn === urn);
  const failure = { resource: about?.ref, operation: about?.operation, text };
  return { ...view, failures: [...view.failures, failure] };
}

/** An engine that runs once to plan and once to apply loads its packs twice. */
function addPack(view: View, pack: Pack): View {
  const known = view.packs.some((other) => other.pack === pack.pack && other.version === pack.version);
  return known ? view : { ...view, packs: [...view.packs, pack] };
}

function addViolation(view: View, violation: Violation): View {
  const known = view.violations.some(
    (other) =>
      other.policy === violation.policy &&
      other.resource?.urn === violation.resource?.urn &&
      other.message === violation.message &&
      other.undecided === violation.undecided,
  );
  return known ? view : { ...view, violations: [...view.violations, violation] };
}

function put(view: View, key: string, item: Item): View {
  const parent = item.ref.parent ?? "";
  const family = new Map(view.families.get(parent)).set(key, item);
  return { ...view, families: new Map(view.families).set(parent, family) };
}

function blank(ref: ResourceRef, operation: Operation): Omit<Item, "state"> {
  return { ref, operation, since: 0, work: false, status: undefined, changes: {} };
}

function withoutKind<T extends { readonly kind: string }>({ kind: _, ...rest }: T): Omit<T, "kind"> {
  return rest;
}
