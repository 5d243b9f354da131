/**
 * How kwok plays a node, in its own language. A pod runs, a Job's pod completes, a deleted pod goes, all at once,
 * except where the pod says otherwise: the annotation `test.woow/pod` makes it one that
 * - `crash`: exits again and again, with `test.woow/message` as its last words,
 * - `image-pull`: waits for an image that cannot be pulled,
 * - `never-ready`: runs and never gets ready,
 * - `fail`: ends with an error (for pods of a Job),
 * - `hang-termination`: stays when it is deleted.
 * Pods of chart jobs are not kwok's but the chart runner's.
 */
export function kwokConfig({ kubeletPort }: { readonly kubeletPort: number }): string {
  return [nodeInitialize(kubeletPort), nodeHeartbeat, ...podStages].join("---\n");
}

/** The annotation of a pod that says how it is to behave. */
export const podAnnotation = "test.woow/pod";

/** The label of the pods that run charts. */
export const chartLabel = "helmcharts.helm.cattle.io/chart";

const annotationKey = `.metadata.annotations["${podAnnotation}"]`;

function nodeInitialize(kubeletPort: number): string {
  return `kind: Stage
apiVersion: kwok.x-k8s.io/v1alpha1
metadata: { name: node-initialize }
spec:
  resourceRef: { apiGroup: v1, kind: Node }
  selector:
    matchExpressions:
      - { key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: NotIn, values: ["True"] }
  next:
    statusTemplate: |
      {{ $now := Now }}
      phase: Running
      conditions:
      {{ range NodeConditions }}
      - type: {{ .type | Quote }}
        status: {{ .status | Quote }}
        reason: {{ .reason | Quote }}
        message: {{ .message | Quote }}
        lastHeartbeatTime: {{ $now | Quote }}
        lastTransitionTime: {{ $now | Quote }}
      {{ end }}
      addresses:
      - { type: InternalIP, address: 127.0.0.1 }
      - { type: Hostname, address: {{ .metadata.name | Quote }} }
      daemonEndpoints: { kubeletEndpoint: { Port: ${kubeletPort} } }
`;
}

const nodeHeartbeat = `kind: Stage
apiVersion: kwok.x-k8s.io/v1alpha1
metadata: { name: node-heartbeat }
spec:
  resourceRef: { apiGroup: v1, kind: Node }
  selector:
    matchExpressions:
      - { key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: In, values: ["True"] }
  delay: { durationMilliseconds: 300000 }
  next:
    statusTemplate: |
      conditions:
      {{ range NodeConditions }}
      - type: {{ .type | Quote }}
        status: {{ .status | Quote }}
        reason: {{ .reason | Quote }}
        message: {{ .message | Quote }}
        lastHeartbeatTime: {{ Now | Quote }}
      {{ end }}
`;

interface PodStage {
  readonly name: string;
  /** Of the pod's phase; undefined means whatever it is, being deleted. */
  readonly phase?: "Pending" | "Running";
  readonly ofJob?: boolean;
  /** One line of the selector: which values of the annotation. */
  readonly annotation: string;
  readonly next: string;
}

const no = (values: string): string => `{ key: '${annotationKey}', operator: NotIn, values: [${values}] }`;
const only = (value: string): string => `{ key: '${annotationKey}', operator: In, values: [${value}] }`;

const podAddress = `{{ $ips := PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
      {{ with $ips }}
      podIP: {{ index . 0 | Quote }}
      podIPs: [{ ip: {{ index . 0 | Quote }} }]
      {{ end }}
      hostIP: 127.0.0.1
      hostIPs: [{ ip: 127.0.0.1 }]
      startTime: {{ Now | Quote }}`;

const initContainers = `initContainerStatuses:
      {{ range .spec.initContainers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: ""
        ready: true
        restartCount: 0
        state: { terminated: { exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }} } }
      {{ end }}`;

/** The status of a pod that is on the node: `container` is what each of its containers says. */
function podStatus(options: {
  readonly ready: boolean;
  readonly phase: string;
  readonly container: string;
  /** True for a pod that has run before: it has its address. */
  readonly ended?: boolean;
}): string {
  const { ready, phase, container, ended = false } = options;
  const reason = ready ? "" : ', reason: ContainersNotReady, message: "containers with unready status"';
  const condition = (type: string, status: boolean, more = "") =>
    `- { type: ${type}, status: "${status ? "True" : "False"}", lastTransitionTime: {{ Now | Quote }}${more} }`;
  return `${ended ? "" : podAddress}
      phase: ${phase}
      conditions:
      ${condition("Initialized", true)}
      ${condition("Ready", ready, reason)}
      ${condition("ContainersReady", ready, reason)}
      ${initContainers}
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: ""
        ready: ${ready}
        ${container.split("\n").join("\n        ")}
      {{ end }}`;
}

const message = `{{ or ( index $.metadata.annotations "test.woow/message" ) "the program gave up" | Quote }}`;
const exited = `exitCode: 1, reason: Error, message: ${message}, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}`;
const running = "restartCount: 0\nstarted: true\nstate: { running: { startedAt: {{ Now | Quote }} } }";

const podStages: readonly string[] = [
  {
    name: "pod-ready",
    phase: "Pending" as const,
    annotation: no("crash, image-pull, never-ready"),
    next: podStatus({ ready: true, phase: "Running", container: running }),
  },
  {
    name: "pod-never-ready",
    phase: "Pending" as const,
    annotation: only("never-ready"),
    next: podStatus({ ready: false, phase: "Running", container: running }),
  },
  {
    name: "pod-crash",
    phase: "Pending" as const,
    annotation: only("crash"),
    next: podStatus({
      ready: false,
      phase: "Running",
      container: `restartCount: 3
started: false
lastState: { terminated: { ${exited} } }
state: { waiting: { reason: CrashLoopBackOff, message: {{ printf "back-off 40s restarting failed container=%s pod=%s_%s" .name $.metadata.name $.metadata.namespace | Quote }} } }`,
    }),
  },
  {
    name: "pod-image-pull",
    phase: "Pending" as const,
    annotation: only("image-pull"),
    next: podStatus({
      ready: false,
      phase: "Pending",
      container: `restartCount: 0
started: false
state: { waiting: { reason: ImagePullBackOff, message: {{ printf "Back-off pulling image \\"%s\\": ErrImagePull: not found" .image | Quote }} } }`,
    }),
  },
  {
    name: "pod-complete",
    phase: "Running" as const,
    ofJob: true,
    annotation: no("fail, crash, never-ready"),
    next: podStatus({
      ready: false,
      phase: "Succeeded",
      ended: true,
      container:
        "restartCount: 0\nstarted: false\nstate: { terminated: { exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }} } }",
    }),
  },
  {
    name: "pod-fail",
    phase: "Running" as const,
    ofJob: true,
    annotation: only("fail"),
    next: podStatus({
      ready: false,
      phase: "Failed",
      ended: true,
      container: `restartCount: 0\nstarted: false\nstate: { terminated: { ${exited} } }`,
    }),
  },
  { name: "pod-delete", annotation: no("hang-termination"), next: "" },
].map(writePodStage);

function writePodStage({ name, phase, ofJob = false, annotation, next }: PodStage): string {
  const conditions = [
    `{ key: '.metadata.deletionTimestamp', operator: ${phase === undefined ? "Exists" : "DoesNotExist"} }`,
    `{ key: '.metadata.labels["${chartLabel}"]', operator: DoesNotExist }`,
    annotation,
    ...(phase === undefined ? [] : [`{ key: '.status.phase', operator: In, values: [${phase}] }`]),
    ...(phase === "Pending" ? ["{ key: '.status.containerStatuses', operator: DoesNotExist }"] : []),
    ...(ofJob ? ["{ key: '.metadata.ownerReferences.[].kind', operator: In, values: [Job] }"] : []),
  ];
  return `kind: Stage
apiVersion: kwok.x-k8s.io/v1alpha1
metadata: { name: ${name} }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
${conditions.map((condition) => `      - ${condition}`).join("\n")}
  next:
${next === "" ? "    delete: true\n" : `    statusTemplate: |\n      ${next}\n`}`;
}
