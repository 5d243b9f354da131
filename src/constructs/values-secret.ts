import { k8s } from "cdk8s-plus-28";
import { Construct } from "constructs";
import { writeYaml } from "./write-yaml.ts";

export interface ValuesSecretProps {
  readonly name: string;
  readonly namespace: string;
  /** Everything the service file says, secrets decrypted. */
  readonly values: object;
}

/** The Secret a HelmChart reads its values from: K3s encrypts Secrets at rest, and nothing else. */
export class ValuesSecret extends Construct {
  constructor(scope: Construct, id: string, { name, namespace, values }: ValuesSecretProps) {
    super(scope, id);
    new k8s.KubeSecret(this, "secret", {
      metadata: { name, namespace },
      type: "Opaque",
      data: { "values.yaml": Buffer.from(writeYaml(values), "utf8").toString("base64") },
    });
  }
}
