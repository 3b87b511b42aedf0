import { conditionOf, type JsonMap, mapAt, mapsAt, numberAt, textAt } from "../json.ts";
import { type Finding, RANK } from "./finding.ts";

/** Waiting states that only say that it goes on. */
const UNDER_WAY = new Set(["ContainerCreating", "PodInitializing"]);

/** Why a pod is not ready: the first cause in the order in which a pod comes up. Empty for one that is. */
export function podFindings(pod: JsonMap, events: readonly JsonMap[]): readonly Finding[] {
  const subject = `pod ${textAt(pod, "metadata", "name")}`;
  const find = (rank: number, text: string): Finding[] => [{ rank, text, subject }];
  if (conditionOf(pod, "Ready")?.status === "True" || textAt(pod, "status", "phase") === "Succeeded") return [];

  const unscheduled = conditionOf(pod, "PodScheduled");
  if (unscheduled?.status === "False") {
    return find(RANK.scheduling, `${reasonOf(unscheduled) || "Unschedulable"}: ${messageOf(unscheduled)}`);
  }
  if (textAt(pod, "status", "phase") === "Failed" && textAt(pod, "status", "reason") !== undefined) {
    return find(RANK.container, `${textAt(pod, "status", "reason")}: ${textAt(pod, "status", "message") ?? "failed"}`);
  }
  const statuses = [...mapsAt(pod, "status", "initContainerStatuses"), ...mapsAt(pod, "status", "containerStatuses")];
  const broken = statuses.flatMap((status) => containerProblem(status) ?? []);
  if (broken.length > 0) return broken.flatMap((text) => find(RANK.container, text));

  const latest = (reason: RegExp) => newest(events.filter((event) => reason.test(textAt(event, "reason") ?? "")));
  const mount = latest(/^(FailedMount|FailedAttachVolume)$/);
  if (mount !== undefined) return find(RANK.volume, eventText(mount));
  const sandbox = latest(/^(FailedCreatePodSandBox|FailedCreatePodContainer)$/);
  if (sandbox !== undefined) return find(RANK.container, eventText(sandbox));

  const running = statuses.filter(
    (status) => Object.hasOwn(mapAt(status, "state"), "running") && status.ready !== true,
  );
  const probe = latest(/^(Unhealthy|ProbeWarning)$/);
  if (probe !== undefined) return find(RANK.probe, eventText(probe));
  if (running.length > 0) {
    const names = running.map((status) => textAt(status, "name")).join(", ");
    return find(RANK.probe, `container ${names}: runs, but its readiness probe has not succeeded`);
  }
  const unready = conditionOf(pod, "Ready");
  const condition = unready?.status === "False" ? messageOf(unready) : "";
  return find(RANK.unready, condition || `not ready yet (phase ${textAt(pod, "status", "phase") ?? "unknown"})`);
}

/** What keeps a container from running, in the terms of its state. */
function containerProblem(status: JsonMap): string | undefined {
  const name = `container ${textAt(status, "name")}`;
  const state = mapAt(status, "state");
  const last = mapAt(status, "lastState", "terminated");
  const reason = textAt(state, "waiting", "reason");
  if (reason === "CrashLoopBackOff") {
    const restarts = numberAt(status, "restartCount") ?? 0;
    const exit = Object.keys(last).length === 0 ? "it exits" : exitText(last);
    return `${name}: CrashLoopBackOff: ${exit}, restarted ${restarts === 1 ? "once" : `${restarts} times`}`;
  }
  if (reason !== undefined && !UNDER_WAY.has(reason)) {
    const message = textAt(state, "waiting", "message");
    return message === undefined ? `${name}: ${reason}` : `${name}: ${reason}: ${imageText(message)}`;
  }
  const ended = mapAt(state, "terminated");
  const failed = Object.keys(ended).length > 0 && ended.exitCode !== 0;
  return failed ? `${name}: ${exitText(ended)}` : undefined;
}

function exitText(terminated: JsonMap): string {
  const reason = textAt(terminated, "reason") ?? "";
  const signal = numberAt(terminated, "signal");
  const code = numberAt(terminated, "exitCode");
  const how = signal === undefined ? `exits with code ${code}` : `ends by signal ${signal}`;
  const message = textAt(terminated, "message")?.trim() ?? "";
  return `${how}${reason === "" || reason === "Error" ? "" : ` (${reason})`}${message === "" ? "" : `: ${message.slice(-300)}`}`;
}

/** Container runtimes wrap the registry's answer in their own. */
function imageText(message: string): string {
  return message.replace(/^rpc error: code = \w+ desc = /, "");
}

export function eventText(event: JsonMap): string {
  const count = numberAt(event, "count") ?? numberAt(event, "series", "count") ?? 1;
  const times = count > 1 ? ` (${count} times)` : "";
  return `${textAt(event, "reason")}: ${(textAt(event, "message") ?? textAt(event, "note") ?? "").trim()}${times}`;
}

export function newest(events: readonly JsonMap[]): JsonMap | undefined {
  return [...events].sort((a, b) => timeOf(b).localeCompare(timeOf(a)))[0];
}

/** Times of one server in one format: they sort as text. */
function timeOf(event: JsonMap): string {
  return (
    textAt(event, "series", "lastObservedTime") ??
    textAt(event, "lastTimestamp") ??
    textAt(event, "eventTime") ??
    textAt(event, "metadata", "creationTimestamp") ??
    ""
  );
}

function reasonOf(condition: JsonMap): string {
  return textAt(condition, "reason") ?? "";
}

function messageOf(condition: JsonMap): string {
  return textAt(condition, "message") ?? reasonOf(condition);
}
