import { READY_AFTER_ANNOTATION, SIMULATE_ANNOTATION, SIMULATIONS, type Simulation } from "./simulate.ts";
import { exists, isAbsent, isIn, isNotIn, type Selector, type Stage, stage, status, where } from "./stage.ts";

const PHASE = ".status.phase";
const ANNOTATION = `.metadata.annotations[${JSON.stringify(SIMULATE_ANNOTATION)}]`;
const ALIVE = isAbsent(".metadata.deletionTimestamp");
const IS_READY = '.status.conditions.[] | select( .type == "Ready" ) | .status';
const CONTAINERS_READY = '.status.conditions.[] | select( .type == "ContainersReady" ) | .status';
const WAITING_REASON = ".status.containerStatuses.[].state.waiting.reason";

/** How pods live: the usual course, and the ones a test asks for by annotation. */
export function podStages(): Stage[] {
  return [...ordinary(), ...slow(), ...crashLoop(), ...imagePull(), unknownSimulation()];
}

function ordinary(): Stage[] {
  return [
    stage("pod-ready", "Pod", { matchExpressions: where(ALIVE, isAbsent(ANNOTATION), isIn(PHASE, "Pending")) }, [
      status(RUNNING_READY),
    ]),
    // When a node is not heard of for a while (a machine that slept), the node controller marks its pods as not ready, and
    // a kubelet that is back says that they are.
    stage(
      "pod-ready-again",
      "Pod",
      {
        matchExpressions: where(
          ALIVE,
          isAbsent(ANNOTATION),
          isIn(PHASE, "Running"),
          isIn(IS_READY, "False"),
          isIn(CONTAINERS_READY, "True"),
        ),
      },
      [status(`${NOW}conditions:\n${condition("Ready", true)}`)],
      { durationMilliseconds: 1000 },
    ),
    // A Job's pod runs for a second, so that it can be seen running.
    stage(
      "pod-complete",
      "Pod",
      {
        matchExpressions: where(
          ALIVE,
          isAbsent(ANNOTATION),
          isIn(PHASE, "Running"),
          isIn(".metadata.ownerReferences.[].kind", "Job"),
        ),
      },
      [status(SUCCEEDED)],
      { durationMilliseconds: 1000 },
    ),
    stage("pod-delete", "Pod", { matchExpressions: where(exists(".metadata.deletionTimestamp")) }, [{ delete: true }]),
  ];
}

function slow(): Stage[] {
  return [
    stage("pod-never-ready", "Pod", simulated("never-ready", isIn(PHASE, "Pending")), [status(RUNNING_NOT_READY)]),
    stage("pod-slow-start", "Pod", simulated("slow-ready", isIn(PHASE, "Pending")), [status(RUNNING_NOT_READY)]),
    stage(
      "pod-slow-ready",
      "Pod",
      simulated("slow-ready", isIn(PHASE, "Running"), isNotIn(IS_READY, "True")),
      [status(RUNNING_READY)],
      {
        durationMilliseconds: 10_000,
        durationFrom: { jq: { expression: `.metadata.annotations[${JSON.stringify(READY_AFTER_ANNOTATION)}]` } },
      },
    ),
  ];
}

function crashLoop(): Stage[] {
  const running = [isIn(PHASE, "Running"), exists(".status.containerStatuses.[].state.running")];
  const never = isIn(".spec.restartPolicy", "Never");
  return [
    stage("pod-crash-start", "Pod", simulated("crash-loop", isIn(PHASE, "Pending")), [status(RUNNING_NOT_READY)]),
    stage(
      "pod-crash",
      "Pod",
      simulated("crash-loop", ...running, isNotIn(".spec.restartPolicy", "Never")),
      [
        { event: { type: "Warning", reason: "BackOff", message: "Back-off restarting failed container (simulated)" } },
        status(CRASHED),
      ],
      { durationMilliseconds: 1000 },
    ),
    stage(
      "pod-crash-restart",
      "Pod",
      simulated("crash-loop", isIn(PHASE, "Running"), isIn(WAITING_REASON, "CrashLoopBackOff")),
      [status(RESTARTED)],
      { durationMilliseconds: 10_000 },
    ),
    stage("pod-crash-failed", "Pod", simulated("crash-loop", ...running, never), [status(FAILED)], {
      durationMilliseconds: 1000,
    }),
  ];
}

function imagePull(): Stage[] {
  return [
    stage(
      "pod-image-pull-error",
      "Pod",
      simulated("image-pull-error", isIn(PHASE, "Pending"), isAbsent(".status.containerStatuses")),
      [
        { event: { type: "Warning", reason: "Failed", message: "Failed to pull image: not found (simulated)" } },
        status(waiting("ErrImagePull", "failed to pull and unpack image: not found (simulated)")),
      ],
    ),
    stage(
      "pod-image-pull-back-off",
      "Pod",
      simulated("image-pull-error", isIn(PHASE, "Pending"), isIn(WAITING_REASON, "ErrImagePull")),
      [
        { event: { type: "Warning", reason: "BackOff", message: "Back-off pulling image (simulated)" } },
        status(waiting("ImagePullBackOff", "Back-off pulling image (simulated)")),
      ],
      { durationMilliseconds: 2000 },
    ),
  ];
}

/** A misspelt simulation must not pass for a healthy pod. */
function unknownSimulation(): Stage {
  const message = `${SIMULATE_ANNOTATION} is none of ${SIMULATIONS.join(", ")}`;
  return stage(
    "pod-unknown-simulation",
    "Pod",
    {
      matchExpressions: where(
        ALIVE,
        exists(ANNOTATION),
        isNotIn(ANNOTATION, ...SIMULATIONS),
        isIn(PHASE, "Pending"),
        isAbsent(".status.containerStatuses"),
      ),
    },
    [
      { event: { type: "Warning", reason: "UnknownSimulation", message } },
      status(waiting("CreateContainerConfigError", message)),
    ],
  );
}

function simulated(simulation: Simulation, ...requirements: Parameters<typeof where>): Selector {
  return {
    matchAnnotations: { [SIMULATE_ANNOTATION]: simulation },
    matchExpressions: where(ALIVE, ...requirements),
  };
}

// Templates. A list of container statuses is replaced as a whole; conditions are merged by type.

const NOW = "{{ $now := Now }}\n{{ $pod := . }}\n";

/** Once only: the lists are merged by address, so a second one would be added to the first. */
const ADDRESSES = `\
{{ if not .status.podIP }}
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ first . | Quote }}
hostIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
{{ with PodIPsWith .spec.nodeName (or .spec.hostNetwork false) .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ first . | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
startTime: {{ $now | Quote }}
{{ end }}
`;

/** Sidecars (init containers that are always restarted) keep running; the others have done their work. */
const INIT_CONTAINERS = `\
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  restartCount: 0
  ready: true
{{ if eq (or .restartPolicy "") "Always" }}
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ else }}
  started: false
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}
{{ end }}
`;

function condition(type: string, value: boolean, reason?: string): string {
  return `\
- type: ${type}
  status: "${value ? "True" : "False"}"
${value || reason === undefined ? "" : `  reason: ${reason}\n`}  lastTransitionTime: {{ $now | Quote }}
`;
}

function conditions(initialized: boolean, ready: boolean, reason?: string): string {
  const gates = `{{ range .spec.readinessGates }}
- type: {{ .conditionType | Quote }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
`;
  return (
    "conditions:\n" +
    condition("Initialized", initialized, reason) +
    condition("ContainersReady", ready, reason) +
    condition("Ready", ready, reason) +
    (ready ? gates : "")
  );
}

/** One entry per container; `body` continues it, indented by two. `$old` is its status so far, if any. */
function containers(body: string): string {
  return `\
containerStatuses:
{{ range $index, $container := .spec.containers }}
{{ $old := dict }}
{{ if gt (len (or $pod.status.containerStatuses list)) $index }}{{ $old = index $pod.status.containerStatuses $index }}{{ end }}
- name: {{ $container.name | Quote }}
  image: {{ $container.image | Quote }}
  imageID: ""
${body.replace(/^/gm, "  ")}
{{ end }}
`;
}

function running(ready: boolean): string {
  return `restartCount: {{ or $old.restartCount 0 }}
ready: ${ready}
started: true
state: {running: {startedAt: {{ $now | Quote }}}}`;
}

const TERMINATED =
  'terminated: {exitCode: 1, reason: Error, message: "simulated crash", ' +
  "startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}";

const RUNNING_READY = `${NOW}phase: Running\n${conditions(true, true)}${containers(running(true))}${INIT_CONTAINERS}${ADDRESSES}`;

const RUNNING_NOT_READY =
  `${NOW}phase: Running\n${conditions(true, false, "ContainersNotReady")}` +
  `${containers(running(false))}${INIT_CONTAINERS}${ADDRESSES}`;

const RESTARTED = `${NOW}${containers(running(false).concat(`\nlastState: {${TERMINATED}}`))}`;

const CRASHED = `${NOW}${containers(`restartCount: {{ add (or $old.restartCount 0) 1 }}
ready: false
started: false
lastState: {${TERMINATED}}
state: {waiting: {reason: CrashLoopBackOff, message: "back-off 10s restarting failed container (simulated)"}}`)}`;

const FAILED = `${NOW}phase: Failed\n${conditions(true, false, "PodFailed")}${containers(`restartCount: 0
ready: false
started: false
state: {${TERMINATED}}`)}`;

const SUCCEEDED = `${NOW}phase: Succeeded\n${conditions(true, false, "PodCompleted")}${containers(`restartCount: 0
ready: false
started: false
state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}`)}`;

function waiting(reason: string, message: string): string {
  return (
    `${NOW}${conditions(true, false, "ContainersNotReady")}` +
    containers(`restartCount: 0
ready: false
started: false
state: {waiting: {reason: ${reason}, message: ${JSON.stringify(message)}}}`) +
    ADDRESSES
  );
}
