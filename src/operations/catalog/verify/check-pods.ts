import type { CheckContext } from "./check-context.ts";
import { listContainers, listPods } from "./pods.ts";
import { describeObject, listAt, mapAt, textAt } from "./rendered-objects.ts";
import type { RenderedObject } from "./rendered-objects.ts";

/** Capabilities that Pod Security "baseline" lets a container add (kubernetes.io, Pod Security Standards). */
const baselineCapabilities: ReadonlySet<string> = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

/** Workspaces enforce Pod Security "baseline": a pod that fails it is never created, and says so nowhere near helm. */
export function checkPods({ rendering, findings }: CheckContext): void {
  const report = (what: string, fault: string) =>
    findings.add({
      code: "unsafe-pod",
      path: ["helm_chart"],
      message: `${what} ${fault}, which Pod Security baseline forbids`,
      hint: "switch it off in default_values",
    });
  for (const { owner, spec } of listPods(rendering.objects)) {
    const what = describeObject(owner);
    for (const key of ["hostNetwork", "hostPID", "hostIPC"]) {
      if (spec[key] === true) report(what, `sets ${key}`);
    }
    for (const volume of listAt(spec, "volumes")) {
      if (volume["hostPath"] !== undefined)
        report(what, `mounts the node's ${textAt(mapAt(volume, "hostPath"), "path") ?? "files"} (hostPath)`);
    }
    if (isUnconfined(mapAt(spec, "securityContext"))) report(what, "switches seccomp off");
  }
  for (const { pod, name, body } of listContainers(rendering.objects)) {
    const what = `container ${name} of ${describeObject(pod.owner)}`;
    const security = mapAt(body, "securityContext");
    if (security["privileged"] === true) report(what, "is privileged");
    if (isUnconfined(security)) report(what, "switches seccomp off");
    if (listAt(body, "ports").some((port) => Number(port["hostPort"] ?? 0) > 0))
      report(what, "takes a port of the node (hostPort)");
    const added = mapAt(security, "capabilities")["add"];
    for (const capability of Array.isArray(added) ? added : []) {
      if (typeof capability === "string" && !baselineCapabilities.has(capability))
        report(what, `adds the capability ${capability}`);
    }
  }
}

function isUnconfined(security: RenderedObject["body"]): boolean {
  return textAt(mapAt(security, "seccompProfile"), "type") === "Unconfined";
}
