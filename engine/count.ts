import type { EventSink, Operation } from "./events.ts";

/** Hands events on, and counts the resources by what was done to them without an error. */
export function counting(sink: EventSink): {
  readonly emit: EventSink;
  readonly changes: Readonly<Partial<Record<Operation, number>>>;
} {
  const changes: Partial<Record<Operation, number>> = {};
  const emit: EventSink = (event) => {
    if (event.kind === "resource-end" && event.error === undefined) {
      changes[event.operation] = (changes[event.operation] ?? 0) + 1;
    }
    sink(event);
  };
  return { emit, changes };
}
