import { k8s } from "cdk8s-plus-28";
import { Construct } from "constructs";

export interface NamespaceProps {
  readonly name: string;
  /** Pod Security Standard that the API server enforces on every pod. */
  readonly podSecurity: "baseline" | "restricted";
  readonly annotations?: Record<string, string>;
}

/** A namespace with Pod Security enforced. */
export class Namespace extends Construct {
  constructor(scope: Construct, id: string, props: NamespaceProps) {
    super(scope, id);
    const { name, podSecurity, annotations } = props;
    new k8s.KubeNamespace(this, "namespace", {
      metadata: {
        name,
        labels: {
          // the API server adds this one by itself; written out, live and desired compare equal
          "kubernetes.io/metadata.name": name,
          "pod-security.kubernetes.io/enforce": podSecurity,
        },
        ...(annotations === undefined ? {} : { annotations }),
      },
    });
  }
}
