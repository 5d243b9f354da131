import { Construct } from "constructs";
import { NetworkPolicy, tcpPort, traefikPods } from "./network-policy.ts";

export interface PublishedPortProps {
  readonly name: string;
  readonly namespace: string;
  /** The pods' port behind the service: a number, or the name of a container's port. */
  readonly port: number | string;
}

/**
 * Lets Traefik in at the port of a service that has a host. Which of the namespace's pods are the service's only its
 * chart knows, so the port is open in all of them: they are one tenant's.
 */
export class PublishedPort extends Construct {
  constructor(scope: Construct, id: string, { name, namespace, port }: PublishedPortProps) {
    super(scope, id);
    new NetworkPolicy(this, "policy", {
      name,
      namespace,
      ingress: [{ from: [traefikPods], ports: [tcpPort(port)] }],
    });
  }
}
