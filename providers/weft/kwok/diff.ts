import type { Component } from "./configuration.ts";
import type { Observation } from "./health.ts";
import type { KwokInputs } from "./inputs.ts";
import { type NodeObject, nodeChanges } from "./nodes.ts";
import type { KwokOutputs } from "./outputs.ts";

export interface Decision {
  readonly changes: boolean;
  /** Properties that make it another cluster. */
  readonly replaces: readonly string[];
  /** Why the cluster itself, not its inputs, calls for a change. */
  readonly notes: readonly string[];
}

export interface DiffQuestion {
  readonly recorded: KwokOutputs;
  /** Inputs whose value differs from the recorded one; an unknown value differs. */
  readonly changed: readonly (keyof KwokInputs)[];
  /** Folder that the new inputs mean; `undefined` while they are not known. */
  readonly path: string | undefined;
  readonly revision: string;
  readonly found: Observation;
  /** UID noted in the cluster's folder. */
  readonly foundUid: string | undefined;
  /** Nodes by the new inputs; `undefined` while they are not known. */
  readonly planned: readonly NodeObject[] | undefined;
}

/** What a run must do about a cluster. Reads only what it is given. */
export function decide(question: DiffQuestion): Decision {
  const { recorded, found, changed } = question;
  const replaces = [
    ...(changed.includes("name") ? ["name"] : []),
    // Another spelling of the same folder is no other folder.
    ...(changed.includes("directory") && question.path !== recorded.path ? ["directory"] : []),
  ];
  if (replaces.length === 0 && question.path !== undefined && question.path !== recorded.path) replaces.push("path");
  const lost = lossOf(question);
  if (lost !== undefined) return { changes: true, replaces: [...replaces, "uid"], notes: [lost] };

  const notes = healthNotes(recorded.name, found);
  if (recorded.revision !== question.revision) {
    notes.push(`cluster "${recorded.name}": this release of Weft has other versions of its programs or simulations`);
  }
  const sized = changed.some((key) => key === "nodes" || key === "zones" || key === "region");
  if (!sized && question.planned !== undefined && found.nodes !== undefined) {
    const { create, resize, remove } = nodeChanges(question.planned, found.nodes);
    const drift = [
      ...(create.length > 0 ? [`${create.length} missing`] : []),
      ...(remove.length > 0 ? [`${remove.length} too many`] : []),
      ...(resize.length > 0 && !changed.includes("cpu") && !changed.includes("memory")
        ? [`${resize.length} of another size`]
        : []),
    ];
    if (drift.length > 0) notes.push(`cluster "${recorded.name}": of its nodes, ${drift.join(", ")}`);
  }
  const inputs = changed.filter((key) => key !== "directory" || question.path !== recorded.path);
  return { changes: inputs.length + replaces.length + notes.length > 0, replaces, notes };
}

/** Why the recorded cluster can't come back. */
function lossOf({ recorded, found, foundUid }: DiffQuestion): string | undefined {
  if (found.files === "none") return `cluster "${recorded.name}" is gone: there is no ${recorded.path} any more`;
  if (found.files === "foreign") return `${recorded.path} now holds a cluster that Weft did not make`;
  if (found.files === "broken") {
    return `cluster "${recorded.name}" can't be started again: ${recorded.path} has no sound ${found.missing.join(", ")}`;
  }
  if (foundUid !== undefined && foundUid !== recorded.uid) {
    return `${recorded.path} now holds another cluster than the recorded one (${foundUid}, not ${recorded.uid})`;
  }
  return undefined;
}

/** One sentence for each component that does not work. */
export function healthNotes(name: string, found: Observation): string[] {
  const notes = (Object.entries(found.problems) as [Component, { message: string }][]).map(
    ([component, { message }]) => `cluster "${name}": ${component} ${message}`,
  );
  if (found.strays > 0) notes.push(`cluster "${name}": an interrupted run left ${found.strays} processes of kwokctl`);
  return notes;
}
