import { exists, isAbsent, isIn, isNotIn, type Stage, stage, status, where } from "./stage.ts";

/** Addresses of load balancers: half of the benchmarking range (RFC 2544), where no real host answers. */
const LOAD_BALANCER_PREFIX = "198.18";

/** Cluster addresses of Services; the last two numbers are also those of the Service's load balancer. */
export const SERVICE_RANGE = "10.96.0.0/16";

/** The provisioner that the default StorageClass names. */
const PROVISIONER = "simulated.weft.dev";

const NODE_READY = '.status.conditions.[] | select( .type == "Ready" ) | .status';

/** What a kubelet, a cloud's load balancers and a storage driver would do for everything that is not a pod. */
export function clusterStages(): Stage[] {
  return [...nodeStages(), loadBalancer(), ...volumeStages()];
}

/** Addresses and capacity come from the plan; KWOK renews the nodes' leases by itself. */
function nodeStages(): Stage[] {
  return [
    stage("node-initialize", "Node", { matchExpressions: where(isNotIn(NODE_READY, "True")) }, [
      status(`${NODE_CONDITIONS}phase: Running
daemonEndpoints: {kubeletEndpoint: {Port: {{ NodePort }}}}
nodeInfo:
  architecture: amd64
  bootID: ""
  containerRuntimeVersion: {{ printf "kwok://%s" (Version | trimPrefix "v") | Quote }}
  kernelVersion: simulated
  kubeProxyVersion: ""
  kubeletVersion: {{ printf "kwok-%s" Version | Quote }}
  machineID: ""
  operatingSystem: linux
  osImage: Simulated by KWOK
  systemUUID: ""
`),
    ]),
    // Between changes a kubelet reports its status every five minutes.
    stage("node-heartbeat", "Node", { matchExpressions: where(isIn(NODE_READY, "True")) }, [status(NODE_HEARTBEAT)], {
      durationMilliseconds: 300_000,
      jitterDurationMilliseconds: 330_000,
    }),
  ];
}

/** Unique because it is made of the Service's cluster address. Any load balancer class gets one: none has a controller. */
function loadBalancer(): Stage {
  return stage(
    "service-load-balancer",
    "Service",
    {
      matchExpressions: where(
        isAbsent(".metadata.deletionTimestamp"),
        isIn(".spec.type", "LoadBalancer"),
        isAbsent(".status.loadBalancer.ingress"),
      ),
    },
    [
      status(`{{ $part := splitList "." .spec.clusterIP }}
loadBalancer:
  ingress:
  - ip: {{ printf "${LOAD_BALANCER_PREFIX}.%s.%s" (index $part 2) (index $part 3) | Quote }}
`),
    ],
  );
}

/**
 * Plays an external provisioner, by its protocol: the volume controller names the provisioner on the claim, a volume
 * reserved for the claim appears, and the volume controller binds the two. Nothing is written to the host: the volume
 * is of a CSI driver that has no node part, because no real kubelet will mount it.
 */
function volumeStages(): Stage[] {
  return [
    stage(
      "claim-provision",
      "PersistentVolumeClaim",
      {
        matchAnnotations: { "volume.kubernetes.io/storage-provisioner": PROVISIONER },
        matchExpressions: where(isAbsent(".metadata.deletionTimestamp"), isAbsent(".spec.volumeName")),
      },
      [
        {
          apply: {
            template: `apiVersion: v1
kind: PersistentVolume
metadata:
  name: {{ printf "pvc-%s" .metadata.uid | Quote }}
  annotations:
    pv.kubernetes.io/provisioned-by: ${PROVISIONER}
spec:
  accessModes: {{ .spec.accessModes | toJson }}
  capacity:
    storage: {{ .spec.resources.requests.storage | Quote }}
  claimRef:
    apiVersion: v1
    kind: PersistentVolumeClaim
    name: {{ .metadata.name | Quote }}
    namespace: {{ .metadata.namespace | Quote }}
    uid: {{ .metadata.uid | Quote }}
  csi:
    driver: ${PROVISIONER}
    volumeHandle: {{ printf "pvc-%s" .metadata.uid | Quote }}
  persistentVolumeReclaimPolicy: Delete
  storageClassName: {{ .spec.storageClassName | Quote }}
  volumeMode: {{ or .spec.volumeMode "Filesystem" | Quote }}
`,
          },
        },
      ],
    ),
    stage(
      "volume-delete",
      "PersistentVolume",
      {
        matchAnnotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER },
        matchExpressions: where(
          isAbsent(".metadata.deletionTimestamp"),
          isIn(".status.phase", "Released"),
          isIn(".spec.persistentVolumeReclaimPolicy", "Delete"),
          exists(".spec.claimRef"),
        ),
      },
      [{ delete: true }],
    ),
  ];
}

/** The default class. Claims bind at once and volumes belong to no zone. */
export function storageObjects(): { readonly path: string; readonly object: object }[] {
  return [
    {
      path: "/apis/storage.k8s.io/v1/csidrivers",
      object: {
        apiVersion: "storage.k8s.io/v1",
        kind: "CSIDriver",
        metadata: { name: PROVISIONER },
        // Without it the attach controller would wait for a driver that never answers.
        spec: { attachRequired: false, podInfoOnMount: false },
      },
    },
    {
      path: "/apis/storage.k8s.io/v1/storageclasses",
      object: {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: "simulated", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
        provisioner: PROVISIONER,
        reclaimPolicy: "Delete",
        volumeBindingMode: "Immediate",
        allowVolumeExpansion: false,
      },
    },
  ];
}

const NODE_CONDITIONS = `{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
`;

const NODE_HEARTBEAT = `{{ $now := Now }}
conditions:
{{ range .status.conditions }}
- type: {{ .type | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
{{ end }}
`;
