import type { ClusterClient, ListQuery } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { refOf } from "../cluster/object-ref.ts";
import { resourceTypes } from "../cluster/resource-types.ts";
import { OperationError } from "../errors.ts";
import { conditionOf, listAt, textAt, timeAt } from "./read-fields.ts";
import type { CertificateFacts, IssueFacts } from "./service-observation.ts";

/**
 * Certificates by `NAMESPACE/INGRESS`; undefined when there is no cert-manager, or not for us to see. Where one is not
 * ready or its renewal fails, three more LISTs say why, however many there are.
 */
export async function observeCertificates(
  client: ClusterClient,
): Promise<ReadonlyMap<string, readonly CertificateFacts[]> | undefined> {
  const items = await listReadable(client, { type: resourceTypes.Certificate });
  if (items === undefined) return undefined;
  const ours = items.flatMap((object) => {
    const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === "Ingress");
    return owner === undefined ? [] : [{ object, ingress: owner.name }];
  });
  const isTroubled = ours.some(({ object }) => !isReady(object) || failureOf(object) !== undefined);
  const issues = isTroubled ? await observeIssues(client) : new Map<string, IssueFacts>();
  const groups = new Map<string, CertificateFacts[]>();
  for (const { object, ingress } of ours) {
    const namespace = object.metadata.namespace ?? "";
    const facts = reduceCertificate(object, issues.get(`${namespace}/${object.metadata.name}`));
    const key = `${namespace}/${ingress}`;
    const found = groups.get(key);
    if (found === undefined) groups.set(key, [facts]);
    else found.push(facts);
  }
  return groups;
}

function reduceCertificate(object: LiveObject, issue: IssueFacts | undefined): CertificateFacts {
  return {
    ref: refOf(object),
    hosts: listAt(object, "spec.dnsNames").filter((one) => typeof one === "string"),
    isReady: isReady(object),
    notAfter: textAt(object, "status.notAfter"),
    message: conditionOf(object, "Ready")?.message,
    failure: failureOf(object),
    issue,
  };
}

function isReady(object: LiveObject): boolean {
  return conditionOf(object, "Ready")?.isTrue === true;
}

/** cert-manager leaves condition Issuing false until it tries again. */
function failureOf(object: LiveObject): string | undefined {
  const issuing = conditionOf(object, "Issuing");
  return issuing?.isFalse === true && textAt(object, "status.lastFailureTime") !== undefined
    ? (issuing.message ?? "")
    : undefined;
}

/** The newest try of each Certificate, by `NAMESPACE/CERTIFICATE`: its request, that one's order, that one's challenge. */
async function observeIssues(client: ClusterClient): Promise<ReadonlyMap<string, IssueFacts>> {
  const list = async (type: ListQuery["type"]) => (await listReadable(client, { type })) ?? [];
  const [requests, orders, challenges] = await Promise.all([
    list(resourceTypes.CertificateRequest),
    list(resourceTypes.Order),
    list(resourceTypes.Challenge),
  ]);
  const orderOf = newestByOwner(orders, "CertificateRequest");
  const challengeOf = newestByOwner(challenges, "Order");
  return new Map(
    [...newestByOwner(requests, "Certificate")].map(([certificate, request]) => {
      const order = orderOf.get(keyOf(request));
      const challenge = order === undefined ? undefined : challengeOf.get(keyOf(order));
      return [certificate, reduceIssue({ request, order, challenge })] as const;
    }),
  );
}

function reduceIssue({
  request,
  order,
  challenge,
}: {
  readonly request: LiveObject;
  readonly order: LiveObject | undefined;
  readonly challenge: LiveObject | undefined;
}): IssueFacts {
  const ready = conditionOf(request, "Ready");
  return {
    request: { ref: refOf(request), reason: ready?.reason, message: ready?.message },
    order:
      order === undefined
        ? undefined
        : { ref: refOf(order), state: textAt(order, "status.state"), reason: textAt(order, "status.reason") },
    challenge:
      challenge === undefined
        ? undefined
        : {
            ref: refOf(challenge),
            host: textAt(challenge, "spec.dnsName"),
            state: textAt(challenge, "status.state"),
            reason: textAt(challenge, "status.reason"),
          },
  };
}

function newestByOwner(objects: readonly LiveObject[], ownerKind: string): ReadonlyMap<string, LiveObject> {
  const newest = new Map<string, LiveObject>();
  const createdMs = (object: LiveObject) => timeAt(object, "metadata.creationTimestamp") ?? 0;
  for (const object of objects) {
    const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === ownerKind);
    if (owner === undefined) continue;
    const key = `${object.metadata.namespace ?? ""}/${owner.name}`;
    const known = newest.get(key);
    if (known === undefined || createdMs(object) > createdMs(known)) newest.set(key, object);
  }
  return newest;
}

function keyOf({ metadata }: LiveObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

async function listReadable(
  client: ClusterClient,
  query: ListQuery,
): Promise<readonly LiveObject[] | undefined> {
  try {
    return (await client.list(query)).items;
  } catch (error) {
    if (error instanceof OperationError && (error.code === "not-found" || error.code === "forbidden")) {
      return undefined;
    }
    throw error;
  }
}
