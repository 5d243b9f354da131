import type { LiveObject } from "../../cluster/live-object.ts";
import { resourceTypeOf } from "../../cluster/resource-types.ts";

/** What holds an object, without the object's name. */
export interface Cause {
  readonly cause: string;
  readonly hint: string;
}

/** Who takes which finalizer away; what is not named here belongs to whom its domain says. */
const finalizerOwners: Readonly<Record<string, string>> = {
  foregroundDeletion: "Kubernetes' garbage collector (kube-controller-manager), once what it owns is gone",
  orphan: "Kubernetes' garbage collector (kube-controller-manager)",
  "kubernetes.io/pvc-protection": "Kubernetes (kube-controller-manager), once no pod uses it",
  "kubernetes.io/pv-protection": "Kubernetes (kube-controller-manager), once its claim is gone",
  "wrangler.cattle.io/on-helm-chart-remove": "K3s' helm-controller, once the chart is uninstalled",
};

/** What the finalizers say, and nothing more. */
export function explainFinalizers(object: LiveObject): Cause {
  const { finalizers = [], namespace, name } = object.metadata;
  const where = namespace === undefined ? "" : ` -n ${namespace}`;
  const look = `kubectl get ${resourceTypeOf(object).plural} ${name}${where} -o yaml`;
  if (finalizers.length === 0) {
    return {
      cause: "no finalizer holds it, the API server has just not finished",
      hint: "run the command again",
    };
  }
  const owners = finalizers.map(
    (one) => `${one} (${finalizerOwners[one] ?? `the controller of ${one.split("/")[0] ?? one}`})`,
  );
  return {
    cause: `finalizer ${owners.join(", ")}`,
    hint: `see that this controller runs, then run the command again; \`${look}\` shows what it waits for`,
  };
}
